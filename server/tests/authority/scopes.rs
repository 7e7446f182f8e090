//! Scopes only ever shrink on the way from a request to a call.

use lookout_schema::{Scope, ScopeSet};
use lookout_server::authority::authorize::AuthorizeRefusal;
use lookout_server::authority::parameters::Parameters;
use lookout_server::authority::records::{Grant, GrantKind, Standing, Token, TokenKind};
use lookout_server::authority::refresh::RefreshRequest;
use lookout_server::authority::token::FreshTokens;
use lookout_server::authority::{OAuthErrorCode, Policy, Resource, Timestamp};
use lookout_server::secret::keys::{Digest, Kid};
use proptest::prelude::*;

use crate::cases;
use crate::memory::{ISSUER, REDIRECT, authority, client};

fn set(bits: u8) -> ScopeSet {
    Scope::ALL
        .iter()
        .enumerate()
        .filter(|(index, _)| bits & (1 << index) != 0)
        .map(|(_, scope)| *scope)
        .collect()
}

/// What an authorization request for `scope` leads to: the offered scopes, or the error code.
fn offered(
    scope: Option<&str>,
    resource: Resource,
    registered: ScopeSet,
) -> Result<ScopeSet, String> {
    let mut client = client("a");
    client.scopes = registered;
    let uri = format!("{ISSUER}{}", resource.path());
    let mut pairs = vec![
        ("response_type", "code"),
        ("client_id", "a"),
        ("redirect_uri", REDIRECT),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
        ("resource", &uri),
    ];
    pairs.extend(scope.map(|scope| ("scope", scope)));
    let parameters: Parameters = pairs.into_iter().collect();
    match authority(Policy::STRICT).propose(Some(&client), &parameters) {
        Ok(proposal) => Ok(proposal.scopes),
        Err(AuthorizeRefusal::Page(why)) => Err(why.to_owned()),
        Err(AuthorizeRefusal::Redirect(address)) => {
            let url = url::Url::parse(&address).expect("an address");
            Err(url
                .query_pairs()
                .find(|(name, _)| name == "error")
                .expect("an error code")
                .1
                .into_owned())
        }
    }
}

#[test]
fn a_request_without_scope_asks_for_all_that_the_resource_has() {
    assert_eq!(offered(None, Resource::Mcp, ScopeSet::all()), Ok(ScopeSet::all()));
    assert_eq!(
        offered(None, Resource::McpReadonly, ScopeSet::all()),
        Ok(ScopeSet::of(&[Scope::McpRead]))
    );
}

#[test]
fn a_scope_that_is_nearly_one_is_refused() {
    let near = [
        "MCP:READ",
        "mcp:readX",
        "mcp:rea",
        "mcp:read,mcp:write",
        "mcp:read\tmcp:write",
        "mcp:read\u{a0}",
        "mcp:read\u{200b}",
        "openid",
        " ",
        "mcp:read openid",
    ];
    for scope in near {
        assert_eq!(
            offered(Some(scope), Resource::Mcp, ScopeSet::all()),
            Err("invalid_scope".to_owned()),
            "{scope:?}"
        );
    }
    assert_eq!(
        offered(Some("mcp:write"), Resource::McpReadonly, ScopeSet::all()),
        Err("invalid_scope".to_owned())
    );
}

fn refreshed(granted: ScopeSet, scope: Option<&str>) -> Result<ScopeSet, OAuthErrorCode> {
    let now = Timestamp(1_000_000);
    let grant = Grant {
        id: "g".to_owned(),
        user_id: "u".to_owned(),
        workspace_id: "w".to_owned(),
        client_id: Some("a".to_owned()),
        kind: GrantKind::OAuth,
        name: "a".to_owned(),
        scopes: granted,
        resource: Some(Resource::Mcp),
        created_at: now,
        expires_at: Some(now.plus_seconds(1000)),
        revoked_at: None,
    };
    let token = Token {
        digest: Digest([1; 32], Kid(1)),
        kind: TokenKind::Refresh,
        grant_id: grant.id.clone(),
        generation: 3,
        scopes: granted,
        hint: String::new(),
        created_at: now,
        expires_at: grant.expires_at,
        superseded_at: None,
        revoked_at: None,
    };
    let standing = Standing { grant, user_disabled: false, client_deleted: false, is_member: true };
    let fresh = FreshTokens { access: Digest([2; 32], Kid(1)), refresh: Digest([3; 32], Kid(1)) };
    let request = RefreshRequest { scope, resource: None };
    let decision = authority(Policy::STRICT).refresh(
        now,
        &client("a"),
        Some((&token, &standing)),
        request,
        fresh,
    );
    decision.reply.map(|issued| issued.scopes).map_err(|error| error.code)
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn the_person_is_offered_what_was_requested_registered_and_is_there(requested in 1_u8..4, registered in 1_u8..4, readonly: bool) {
        let resource = if readonly { Resource::McpReadonly } else { Resource::Mcp };
        let expected = set(requested & registered & if readonly { 1 } else { 3 });
        let result = offered(Some(&set(requested).to_string()), resource, set(registered));
        if expected.is_empty() {
            prop_assert_eq!(result, Err("invalid_scope".to_owned()));
        } else {
            prop_assert_eq!(result, Ok(expected));
        }
    }

    #[test]
    fn a_refresh_narrows_or_is_refused(granted in 1_u8..4, asked in prop::option::of(1_u8..4)) {
        let names = asked.map(|asked| set(asked).to_string());
        let result = refreshed(set(granted), names.as_deref());
        match asked {
            None => prop_assert_eq!(result, Ok(set(granted))),
            Some(asked) if asked & !granted == 0 => prop_assert_eq!(result, Ok(set(asked))),
            Some(_) => prop_assert_eq!(result, Err(OAuthErrorCode::InvalidScope)),
        }
    }
}

#[test]
fn a_call_is_permitted_when_everything_that_it_needs_was_granted() {
    for granted in 0..4 {
        for needed in 0..4 {
            let is_permitted = needed & !granted == 0;
            let case = format!("granted {granted:02b}, needed {needed:02b}");
            let (granted, needed) = (set(granted), set(needed));
            assert_eq!((Policy::STRICT.scopes_suffice)(granted, needed), is_permitted, "{case}");
            assert_eq!((Policy::STRICT.tool_is_listed)(granted, needed), is_permitted, "{case}");
        }
    }
}

#[test]
fn a_call_is_made_with_what_token_grant_and_resource_have_in_common() {
    for (token, grant, resource) in
        (0..64_u8).map(|bits| (bits & 3, (bits >> 2) & 3, (bits >> 4) & 3))
    {
        let admitted = (Policy::STRICT.admitted_scopes)(set(token), set(grant), set(resource));
        assert_eq!(
            admitted,
            set(token & grant & resource),
            "{token:02b} {grant:02b} {resource:02b}"
        );
    }
}
