//! The rules of the authority, one function a rule.
//!
//! [`Policy::STRICT`] is the server. Any other value exists to show that the tests and the conformance harness notice: one field replaced is one planted
//! fault, and only the feature `danger-planted-faults` can run a server with it.

use lookout_schema::{ScopeSet, UnknownScope};

use super::people::SetupLink;
use super::pkce::{self, ChallengeMethod};
use super::records::{
    Client, ClientAuthMethod, Code, Grant, GrantType, Membership, Standing, Token, TokenKind,
};
use super::resource::{self, Issuer, Resource};
use super::throttle::{Counter, Failures};
use super::{Timestamp, bearer, client, consent, document, parameters::Parameters, programmatic};
use super::{redirect, refresh, revoke, scope, session, token};
use crate::secret::SecretKind;
use crate::secret::keys::Digest;

macro_rules! policy {
    ($($section:literal { $($(#[$doc:meta])* $name:ident: $type:ty = $strict:expr;)+ })+) => {
        /// Every choice that security hangs on.
        #[derive(Clone, Copy, Debug)]
        pub struct Policy {
            $($($(#[$doc])* #[doc = concat!("\n\n(", $section, ")")] pub $name: $type,)+)+
        }

        impl Policy {
            /// The rules that the server applies.
            pub const STRICT: Self = Self { $($($name: $strict,)+)+ };
        }
    };
}

policy! {
    "Requests" {
        /// The parameter that is refused because it is repeated (RFC 6749 section 3.1).
        repeated_parameter: for<'a> fn(&'a Parameters) -> Option<&'a str> = Parameters::repeated;
        /// The resource that a request is for (RFC 8707 section 2).
        resource_accepted: fn(&Issuer, Option<&str>) -> Option<Resource> = resource::accepted;
    }
    "Registration" {
        /// Whether a redirect URI may be registered.
        redirect_is_registrable: fn(&str) -> bool = redirect::is_registrable;
        /// What a client's name looks like to people.
        client_name_shown: fn(&str) -> String = client::clean_name;
        /// Whether a metadata document is the one of the client whose identifier is its address: address, then its `client_id`.
        document_names_itself: fn(&str, &str) -> bool = document::names_itself;
        /// Whether a metadata document may say this of how its client authenticates.
        document_method_accepted: fn(Option<&str>) -> bool = document::method_is_accepted;
    }
    "Authorization endpoint" {
        /// Whether a requested redirect URI is this registered one.
        redirect_matches: fn(&str, &str) -> bool = redirect::matches;
        /// Whether an error may be sent to the requested URI, given whether that is a registered one.
        error_redirect_allowed: fn(bool) -> bool = |is_registered| is_registered;
        /// Whether this `response_type` is served.
        response_type_accepted: fn(&str) -> bool = |name| name == "code";
        /// Whether the client must send a challenge.
        challenge_required: fn(&Client) -> bool = |_| true;
        /// Whether a challenge looks like one.
        challenge_is_well_formed: fn(&str) -> bool = pkce::challenge_is_well_formed;
        /// The method that a `code_challenge_method` stands for.
        challenge_method_accepted: fn(Option<&str>) -> Option<ChallengeMethod> = pkce::accepted_method;
        /// The scopes that a `scope` parameter names.
        scopes_named: fn(&str) -> Result<ScopeSet, UnknownScope> = scope::parse;
        /// The scopes of a request that names none.
        default_scopes: fn(Resource) -> ScopeSet = scope::default;
        /// What the person is asked for, of what was requested, what the resource has and what the client registered.
        offered_scopes: fn(ScopeSet, ScopeSet, ScopeSet) -> ScopeSet = scope::offered;
        /// The `iss` of an authorization response (RFC 9207 section 2).
        response_issuer: fn(&Issuer) -> Option<String> = |issuer| Some(issuer.as_str().to_owned());
        /// The `state` of an authorization response, given that of the request.
        response_state: fn(Option<&str>) -> Option<String> = |state| state.map(str::to_owned);
    }
    "Consent" {
        /// Whether this session is the one that the page was shown to.
        request_belongs_to_session: fn(&Digest, &Digest) -> bool = Digest::matches;
        /// Whether the page still waits, given when it was answered.
        request_undecided: fn(Option<Timestamp>) -> bool = |decided_at| decided_at.is_none();
        /// Whether the page is young enough: now, and its expiry.
        request_unexpired: fn(Timestamp, Timestamp) -> bool = consent::is_before;
        /// What is granted, of what was offered and what the person left ticked.
        approved_scopes: fn(ScopeSet, ScopeSet) -> ScopeSet = scope::approved;
    }
    "Client authentication" {
        /// Whether the client is allowed to authenticate the way it did: registered, then used.
        client_method_accepted: fn(ClientAuthMethod, ClientAuthMethod) -> bool = |registered, used| registered == used;
        /// Whether the presented secret is the registered one.
        client_secret_matches: fn(Option<&Digest>, Option<&Digest>) -> bool = client::secret_matches;
        /// Whether the client may use this grant type.
        grant_type_allowed: fn(&Client, GrantType) -> bool = |client, kind| client.grant_types.contains(&kind);
    }
    "Code exchange" {
        /// Whether the code was never redeemed.
        code_unused: fn(&Code) -> bool = |code| code.used_at.is_none();
        /// Whether the code is young enough.
        code_unexpired: fn(&Code, Timestamp) -> bool = |code, now| now < code.expires_at;
        /// Whether the code was issued to this client.
        code_client_matches: fn(&Code, &Client) -> bool = |code, client| code.client_id == client.id;
        /// Whether the `redirect_uri` of the token request is that of the authorization request.
        code_redirect_matches: fn(&Code, Option<&str>) -> bool = token::redirect_matches;
        /// Whether the token request is for the resource that was granted: granted, then named.
        code_resource_matches: fn(Option<Resource>, Option<Resource>) -> bool = token::resource_matches;
        /// Whether the token request must bring a verifier.
        verifier_required: fn(&Code) -> bool = |code| code.challenge.is_some();
        /// Whether the verifier looks like one.
        verifier_is_well_formed: fn(&str) -> bool = pkce::verifier_is_well_formed;
        /// Whether the verifier is what the challenge was made from.
        verifier_matches: fn(&str, ChallengeMethod, &str) -> bool = pkce::verifier_matches;
        /// Whether presenting a redeemed code again ends the grant.
        replay_revokes_grant: fn(&Code, &Client) -> bool = |code, client| code.client_id == client.id;
        /// The scopes of the first tokens, of what was granted.
        issued_scopes: fn(ScopeSet) -> ScopeSet = |granted| granted;
    }
    "Refresh" {
        /// Whether the refresh token was issued to this client.
        refresh_client_matches: fn(&Grant, &Client) -> bool = |grant, client| grant.client_id.as_deref() == Some(client.id.as_str());
        /// Whether no successor replaced the refresh token.
        refresh_unrotated: fn(&Token) -> bool = |token| token.superseded_at.is_none();
        /// Whether using a refresh token replaces it.
        refresh_rotates: fn(&Client) -> bool = |_| true;
        /// Whether presenting a replaced refresh token ends the grant.
        reuse_revokes_grant: fn(&Token) -> bool = |_| true;
        /// The scopes of the new access token, of what was granted and what was requested; `None` refuses.
        refresh_scopes: fn(ScopeSet, Option<ScopeSet>) -> Option<ScopeSet> = scope::refreshed;
        /// When the new refresh token expires, given now, its idle time in seconds and the end of the grant.
        refresh_expiry: fn(Timestamp, i64, Option<Timestamp>) -> Option<Timestamp> = refresh::expiry;
    }
    "Revocation" {
        /// How far revoking a token of this kind reaches, whatever `token_type_hint` says.
        revocation_reach: fn(TokenKind, Option<&str>) -> revoke::Reach = revoke::reach;
        /// Whether the token is this client's to revoke.
        revocation_client_matches: fn(&Grant, &Client) -> bool = |grant, client| grant.client_id.as_deref() == Some(client.id.as_str());
        /// Whether a token that is unknown, or another client's, is answered like a revoked one (RFC 7009 section 2.2).
        revocation_hides_unknown: fn() -> bool = || true;
        /// Whether a member may see and end this grant on the pages.
        grant_is_visible: fn(&Grant, &str, &Membership) -> bool = session::grant_is_visible;
    }
    "Programmatic tokens" {
        /// What a new token carries, of what the person named.
        programmatic_scopes: fn(Option<ScopeSet>) -> ScopeSet = scope::programmatic;
        /// When a new token expires, given now and the days that the person asked for.
        programmatic_expiry: fn(Timestamp, Option<i64>) -> Option<Timestamp> = programmatic::expiry;
    }
    "Resource access" {
        /// Whether a secret of this kind may be presented as a bearer token.
        bearer_kind_accepted: fn(SecretKind) -> bool = bearer::kind_is_accepted;
        /// Whether the token is young enough; also asked of refresh tokens.
        token_unexpired: fn(&Token, Timestamp) -> bool = bearer::token_unexpired;
        /// Whether the token was not revoked by itself; also asked of refresh tokens.
        token_unrevoked: fn(&Token) -> bool = |token| token.revoked_at.is_none();
        /// Whether the grant was not revoked.
        grant_unrevoked: fn(&Grant) -> bool = |grant| grant.revoked_at.is_none();
        /// Whether the grant is young enough.
        grant_unexpired: fn(&Grant, Timestamp) -> bool = bearer::grant_unexpired;
        /// Whether the person's account is enabled.
        user_enabled: fn(&Standing) -> bool = |standing| !standing.user_disabled;
        /// Whether the client still exists.
        client_undeleted: fn(&Standing) -> bool = |standing| !standing.client_deleted;
        /// Whether the person is still a member of the workspace.
        membership_current: fn(&Standing) -> bool = |standing| standing.is_member;
        /// Whether the grant's tokens are for this resource: granted, then asked.
        audience_matches: fn(Option<Resource>, Resource) -> bool = bearer::audience_matches;
        /// What a token may do at a resource, of its own scopes, its grant's and the resource's.
        admitted_scopes: fn(ScopeSet, ScopeSet, ScopeSet) -> ScopeSet = scope::admitted;
        /// Whether a call is permitted: granted, then needed.
        scopes_suffice: fn(ScopeSet, ScopeSet) -> bool = scope::suffice;
        /// Whether a tool is listed: granted, then needed. Equal to [`Policy::scopes_suffice`] in the server.
        tool_is_listed: fn(ScopeSet, ScopeSet) -> bool = scope::suffice;
    }
    "People" {
        /// Whether a setup link was neither used nor replaced.
        setup_link_unused: fn(&SetupLink) -> bool = |link| link.used_at.is_none();
        /// Whether a setup link is young enough.
        setup_link_unexpired: fn(&SetupLink, Timestamp) -> bool = |link, now| now < link.expires_at;
        /// Whether the password that was shown is still the person's: when that was chosen, and when the one of now was.
        password_is_the_verified: fn(Timestamp, Timestamp) -> bool = |verified, now| verified == now;
        /// The session that outlives a change of password, of the one that it was made in.
        session_kept: fn(Digest) -> Option<Digest> = Some;
        /// The failed sign-ins with one more, or the milliseconds until another attempt is looked at.
        sign_in_counted: fn(Counter, Timestamp, Failures) -> Result<Failures, i64> = Counter::count;
    }
    "Browsers" {
        /// Whether a request with this `Origin` may reach the endpoint, given the allowed ones.
        origin_accepted: fn(&[String], Option<&str>) -> bool = session::origin_accepted;
        /// Whether a form was sent from this server's own page: own origins, `Origin`, `Sec-Fetch-Site`.
        form_origin_accepted: fn(&[String], Option<&str>, Option<&str>) -> bool = session::form_origin_accepted;
        /// Whether the token in a form is the expected one.
        form_token_matches: fn(&str, Option<&str>) -> bool = session::form_token_matches;
        /// Whether a session is in use still: now, its last use, and its idle time in seconds.
        session_unidle: fn(Timestamp, Timestamp, i64) -> bool = session::within;
        /// Whether a session is young enough: now, sign-in, and its absolute time in seconds.
        session_unexpired: fn(Timestamp, Timestamp, i64) -> bool = session::within;
    }
}
