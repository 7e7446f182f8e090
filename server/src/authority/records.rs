//! What the store keeps for the authority.
//!
//! A [`Grant`] is the unit of revocation: nothing derived from it is valid unless it is live, and [`Standing`] is all that liveness depends on.
//! Secrets appear as digests only.

use lookout_schema::ScopeSet;

use super::Timestamp;
use super::pkce::ChallengeMethod;
use super::resource::Resource;
use crate::secret::keys::Digest;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }
        impl $name {
            /// The word for it on the wire and in the store.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
            /// Reads the word, byte for byte.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

words! {
    /// How a client authenticates at the token and revocation endpoints (RFC 7591 section 2).
    ClientAuthMethod {
        /// A public client: it has no secret.
        None = "none",
        /// The secret in an `Authorization: Basic` header.
        Basic = "client_secret_basic",
        /// The secret in the form body.
        Post = "client_secret_post",
    }
}

words! {
    /// A grant type that the token endpoint knows.
    GrantType {
        /// RFC 6749 section 4.1.3.
        AuthorizationCode = "authorization_code",
        /// RFC 6749 section 6.
        RefreshToken = "refresh_token",
    }
}

words! {
    /// Which kind of thing a person granted.
    GrantKind {
        /// A connected application.
        OAuth = "oauth",
        /// A token made on the tokens page or on the command line.
        Programmatic = "programmatic",
    }
}

words! {
    /// Which kind a stored token is of.
    TokenKind {
        /// An OAuth access token.
        Access = "access",
        /// An OAuth refresh token.
        Refresh = "refresh",
        /// A programmatic token.
        Programmatic = "programmatic",
    }
}

words! {
    /// Why a grant was revoked.
    RevocationReason {
        /// A redeemed code was presented again.
        CodeReplay = "code_replay",
        /// A superseded refresh token was presented again.
        RefreshReuse = "refresh_reuse",
        /// The client gave its refresh token back (RFC 7009).
        ClientRevoked = "client_revoked",
        /// A person disconnected the application or revoked the token.
        PersonRevoked = "person_revoked",
        /// A newer grant of the same client took its place.
        Replaced = "replaced",
        /// A secret of it was found where it should not be.
        Leaked = "leaked",
        /// The root key that its tokens were made with was retired.
        KeyRetired = "key_retired",
    }
}

words! {
    /// What a member may do in a workspace.
    Role {
        /// Everything.
        Owner = "owner",
        /// Everything but removing owners.
        Admin = "admin",
        /// Their own connections and tokens.
        Member = "member",
    }
}

impl Role {
    /// Whether it is one of those that look after the workspace.
    #[must_use]
    pub const fn is_admin(self) -> bool {
        matches!(self, Self::Owner | Self::Admin)
    }
}

/// A registered client (RFC 7591).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// `client_name`, cleaned; what the client calls itself, which nobody verified.
    pub name: String,
    /// `redirect_uris`, byte for byte.
    pub redirect_uris: Vec<String>,
    /// `token_endpoint_auth_method`.
    pub auth_method: ClientAuthMethod,
    /// The digest of `client_secret`, when it has one.
    pub secret: Option<Digest>,
    /// `grant_types`.
    pub grant_types: Vec<GrantType>,
    /// `scope`: the most that the client may ask for.
    pub scopes: ScopeSet,
    /// `client_id_issued_at`.
    pub created_at: Timestamp,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// The person who registered it, or `None` when it registered itself.
    pub registered_by: Option<String>,
    /// For a client whose identifier is the address of its metadata document: until when what was read of it holds.
    pub document_fresh_until: Option<Timestamp>,
}

/// A valid authorization request that waits for the person's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationRequest {
    /// Names it in the consent form.
    pub id: String,
    /// The session that it was shown to.
    pub session: Digest,
    /// The client.
    pub client_id: String,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// What the person is asked for.
    pub scopes: ScopeSet,
    /// The resource that the tokens will be for.
    pub resource: Resource,
    /// `code_challenge`; `None` only under a policy that does not require one.
    pub challenge: Option<String>,
    /// `code_challenge_method`.
    pub challenge_method: ChallengeMethod,
    /// `state`.
    pub state: Option<String>,
    /// When the page stops working.
    pub expires_at: Timestamp,
    /// When it was answered.
    pub decided_at: Option<Timestamp>,
}

/// What a person granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Names it.
    pub id: String,
    /// Who granted.
    pub user_id: String,
    /// The workspace that it is bound to.
    pub workspace_id: String,
    /// The client, for [`GrantKind::OAuth`].
    pub client_id: Option<String>,
    /// The kind.
    pub kind: GrantKind,
    /// What a person calls it: the client's name at the time, or the token's name.
    pub name: String,
    /// The most that any token of it carries.
    pub scopes: ScopeSet,
    /// The only resource that accepts its tokens. `None` for programmatic tokens, which every resource of this server accepts.
    pub resource: Option<Resource>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When everything of it expires; `None` for a programmatic token without an end.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// An authorization code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The digest of the code.
    pub digest: Digest,
    /// The grant that it redeems.
    pub grant_id: String,
    /// The client that it was issued to.
    pub client_id: String,
    /// Where it was sent.
    pub redirect_uri: String,
    /// `code_challenge`.
    pub challenge: Option<String>,
    /// `code_challenge_method`.
    pub challenge_method: ChallengeMethod,
    /// When it expires.
    pub expires_at: Timestamp,
    /// When it was redeemed.
    pub used_at: Option<Timestamp>,
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The digest of the token.
    pub digest: Digest,
    /// The kind.
    pub kind: TokenKind,
    /// Its grant.
    pub grant_id: String,
    /// How many refreshes precede it. Orders the tokens of a grant, which times would not.
    pub generation: i64,
    /// What it carries.
    pub scopes: ScopeSet,
    /// The first characters, to recognise it in a list; empty unless it is programmatic.
    pub hint: String,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it expires; `None` for a programmatic token without an end.
    pub expires_at: Option<Timestamp>,
    /// When a successor replaced it.
    pub superseded_at: Option<Timestamp>,
    /// When it was revoked by itself.
    pub revoked_at: Option<Timestamp>,
}

/// A grant and everything that its being live depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The grant.
    pub grant: Grant,
    /// Whether the person's account was disabled.
    pub user_disabled: bool,
    /// Whether the client was deleted; `false` when there is none.
    pub client_deleted: bool,
    /// Whether the person is a member of the workspace now.
    pub is_member: bool,
}

/// A web session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The digest of the cookie's value.
    pub digest: Digest,
    /// Who signed in.
    pub user_id: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Timestamp,
    /// Its name in the list of its person; never a credential.
    pub id: String,
    /// The browser, as it called itself at sign-in.
    pub label: String,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Names the person.
    pub id: String,
    /// Lower-case.
    pub email: String,
    /// What they are called.
    pub display_name: String,
    /// When the account was disabled.
    pub disabled_at: Option<Timestamp>,
}

/// A workspace that a person belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Names the workspace.
    pub workspace_id: String,
    /// The workspace in addresses.
    pub slug: String,
    /// What the workspace is called.
    pub workspace_name: String,
    /// What the person may do.
    pub role: Role,
}
