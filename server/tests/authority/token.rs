//! The token and revocation endpoints: what a code or a refresh token is bound to, and what a refusal leaves behind.

use lookout_schema::ScopeSet;
use lookout_server::authority::pkce::ChallengeMethod;
use lookout_server::authority::records::{
    Client, Code, Grant, GrantKind, GrantType, RevocationReason, Standing, Token, TokenKind,
};
use lookout_server::authority::refresh::RefreshRequest;
use lookout_server::authority::token::{ExchangeRequest, FreshTokens, Issued};
use lookout_server::authority::{Change, Decision, OAuthErrorCode, Policy, Resource, Timestamp};
use lookout_server::secret::keys::{Digest, Kid};

use crate::memory::{REDIRECT, authority, client};

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const FRESH: FreshTokens =
    FreshTokens { access: Digest([2; 32], Kid(1)), refresh: Digest([3; 32], Kid(1)) };
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const MCP: &str = "https://lookout.example/mcp";
const READONLY: &str = "https://lookout.example/mcp/readonly";

fn standing() -> Standing {
    let grant = Grant {
        id: "g".to_owned(),
        user_id: "u".to_owned(),
        workspace_id: "w".to_owned(),
        client_id: Some("a".to_owned()),
        kind: GrantKind::OAuth,
        name: "a".to_owned(),
        scopes: ScopeSet::all(),
        resource: Some(Resource::McpReadonly),
        created_at: NOW,
        expires_at: Some(NOW.plus_seconds(86_400)),
        revoked_at: None,
    };
    Standing { grant, user_disabled: false, client_deleted: false, is_member: true }
}

fn code() -> Code {
    Code {
        digest: Digest([1; 32], Kid(1)),
        grant_id: "g".to_owned(),
        client_id: "a".to_owned(),
        redirect_uri: REDIRECT.to_owned(),
        challenge: Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned()),
        challenge_method: ChallengeMethod::S256,
        expires_at: NOW.plus_seconds(60),
        used_at: None,
    }
}

fn token(kind: TokenKind) -> Token {
    Token {
        digest: Digest([1; 32], Kid(1)),
        kind,
        grant_id: "g".to_owned(),
        generation: 0,
        scopes: ScopeSet::all(),
        hint: String::new(),
        created_at: NOW,
        expires_at: Some(NOW.plus_seconds(600)),
        superseded_at: None,
        revoked_at: None,
    }
}

fn exchange(client: &Client, code: &Code, request: ExchangeRequest<'_>) -> Decision<Issued> {
    authority(Policy::STRICT).exchange(NOW, client, Some((code, &standing())), request, FRESH)
}

fn refresh(client: &Client, token: &Token, request: RefreshRequest<'_>) -> Decision<Issued> {
    authority(Policy::STRICT).refresh(NOW, client, Some((token, &standing())), request, FRESH)
}

fn good() -> ExchangeRequest<'static> {
    ExchangeRequest {
        redirect_uri: Some(REDIRECT),
        verifier: Some(VERIFIER),
        resource: Some(READONLY),
    }
}

fn code_of(decision: &Decision<Issued>) -> Option<OAuthErrorCode> {
    decision.reply.as_ref().err().map(|error| error.code)
}

#[test]
fn a_code_is_redeemed_once_for_what_was_asked_and_by_whoever_has_the_verifier() {
    use OAuthErrorCode::{InvalidGrant, InvalidRequest, InvalidTarget};
    let requests = [
        (good(), None),
        (ExchangeRequest { redirect_uri: None, ..good() }, None),
        (ExchangeRequest { resource: None, ..good() }, None),
        (
            ExchangeRequest { redirect_uri: Some("https://app.example/CB"), ..good() },
            Some(InvalidGrant),
        ),
        (ExchangeRequest { resource: Some(MCP), ..good() }, Some(InvalidTarget)),
        (
            ExchangeRequest { resource: Some("https://lookout.example"), ..good() },
            Some(InvalidTarget),
        ),
        (ExchangeRequest { verifier: None, ..good() }, Some(InvalidRequest)),
        (ExchangeRequest { verifier: Some("short"), ..good() }, Some(InvalidGrant)),
        (
            ExchangeRequest {
                verifier: Some("another-verifier-of-the-same-length-0123456"),
                ..good()
            },
            Some(InvalidGrant),
        ),
    ];
    for (request, refusal) in requests {
        let decision = exchange(&client("a"), &code(), request);
        assert_eq!(code_of(&decision), refusal, "{request:?}");
        let is_used = decision
            .changes
            .contains(&Change::UseCode { digest: Digest([1; 32], Kid(1)), at: NOW });
        // A failed attempt keeps the code and issues nothing.
        assert_eq!(is_used, refusal.is_none(), "{request:?}");
        assert_eq!(decision.changes.len(), if refusal.is_none() { 3 } else { 0 }, "{request:?}");
    }
    let decision = exchange(&client("b"), &code(), good());
    assert_eq!((code_of(&decision), decision.changes.len()), (Some(InvalidGrant), 0));
    let without = Code { challenge: None, ..code() };
    assert_eq!(code_of(&exchange(&client("a"), &without, good())), Some(InvalidGrant));
}

#[test]
fn a_used_code_ends_its_grant_for_its_client_and_harms_nothing_for_another() {
    let used = Code { used_at: Some(NOW), ..code() };
    let own = exchange(&client("a"), &used, good());
    assert_eq!(code_of(&own), Some(OAuthErrorCode::InvalidGrant));
    let reason = RevocationReason::CodeReplay;
    assert_eq!(own.changes, [Change::RevokeGrant { id: "g".to_owned(), at: NOW, reason }]);
    let foreign = exchange(&client("b"), &used, good());
    assert_eq!(code_of(&foreign), Some(OAuthErrorCode::InvalidGrant));
    assert_eq!(foreign.changes, []);
}

#[test]
fn a_replaced_refresh_token_ends_its_grant_for_its_client_and_harms_nothing_for_another() {
    let replaced = Token { superseded_at: Some(NOW), ..token(TokenKind::Refresh) };
    // However old it is.
    let expired = Token { expires_at: Some(NOW), ..replaced.clone() };
    for reused in [&replaced, &expired] {
        let own = refresh(&client("a"), reused, RefreshRequest::default());
        assert_eq!(code_of(&own), Some(OAuthErrorCode::InvalidGrant));
        let reason = RevocationReason::RefreshReuse;
        assert_eq!(own.changes, [Change::RevokeGrant { id: "g".to_owned(), at: NOW, reason }]);
    }
    let foreign = refresh(&client("b"), &replaced, RefreshRequest::default());
    assert_eq!(foreign.changes, []);
    for kind in [TokenKind::Access, TokenKind::Programmatic] {
        let decision = refresh(&client("a"), &token(kind), RefreshRequest::default());
        assert_eq!(code_of(&decision), Some(OAuthErrorCode::InvalidGrant), "{kind:?}");
    }
}

#[test]
fn a_refresh_is_for_the_granted_resource_and_for_known_scopes() {
    use OAuthErrorCode::{InvalidScope, InvalidTarget};
    let requests = [
        (RefreshRequest { scope: None, resource: Some(READONLY) }, None),
        (RefreshRequest { scope: None, resource: Some(MCP) }, Some(InvalidTarget)),
        (
            RefreshRequest { scope: None, resource: Some("https://evil.example") },
            Some(InvalidTarget),
        ),
        (RefreshRequest { scope: Some("mcp:read"), resource: None }, None),
        (RefreshRequest { scope: Some("mcp:admin"), resource: None }, Some(InvalidScope)),
        (RefreshRequest { scope: Some(" "), resource: None }, Some(InvalidScope)),
    ];
    for (request, refusal) in requests {
        let decision = refresh(&client("a"), &token(TokenKind::Refresh), request);
        assert_eq!(code_of(&decision), refusal, "{request:?}");
        assert_eq!(decision.changes.is_empty(), refusal.is_some(), "{request:?}");
    }
}

#[test]
fn narrowing_an_access_token_leaves_the_chain_as_wide_as_the_grant() {
    let request = RefreshRequest { scope: Some("mcp:read"), resource: None };
    let decision = refresh(&client("a"), &token(TokenKind::Refresh), request);
    let scopes = |kind| {
        decision.changes.iter().find_map(|change| match change {
            Change::AddToken(token) if token.kind == kind => Some(token.scopes.to_string()),
            _ => None,
        })
    };
    assert_eq!(scopes(TokenKind::Access).as_deref(), Some("mcp:read"));
    assert_eq!(scopes(TokenKind::Refresh).as_deref(), Some("mcp:read mcp:write"));
}

#[test]
fn a_client_uses_the_grant_types_that_it_registered() {
    let only = |kind| Client { grant_types: vec![kind], ..client("a") };
    let decision = exchange(&only(GrantType::RefreshToken), &code(), good());
    assert_eq!(code_of(&decision), Some(OAuthErrorCode::UnauthorizedClient));
    let codes = only(GrantType::AuthorizationCode);
    let decision = refresh(&codes, &token(TokenKind::Refresh), RefreshRequest::default());
    assert_eq!(code_of(&decision), Some(OAuthErrorCode::UnauthorizedClient));
    let decision = exchange(&codes, &code(), good());
    let kinds: Vec<TokenKind> = decision
        .changes
        .iter()
        .filter_map(|change| match change {
            Change::AddToken(token) => Some(token.kind),
            _ => None,
        })
        .collect();
    assert_eq!(kinds, [TokenKind::Access]);
    assert!(!decision.reply.unwrap().with_refresh);
}

#[test]
fn a_revocation_reaches_what_the_client_owns_and_is_always_answered_alike() {
    let authority = authority(Policy::STRICT);
    let standing = standing();
    let at = NOW;
    let reason = RevocationReason::ClientRevoked;
    let kinds = [
        (TokenKind::Access, Some(Change::RevokeToken { digest: Digest([1; 32], Kid(1)), at })),
        (TokenKind::Refresh, Some(Change::RevokeGrant { id: "g".to_owned(), at, reason })),
        (TokenKind::Programmatic, None),
    ];
    for (kind, expected) in kinds {
        let token = token(kind);
        for hint in [None, Some("access_token"), Some("refresh_token"), Some("nonsense")] {
            let own = authority.revoke(NOW, &client("a"), Some((&token, &standing)), hint);
            assert_eq!(own.changes, Vec::from_iter(expected.clone()), "{kind:?}, hint {hint:?}");
            assert!(own.reply.is_ok());
            let foreign = authority.revoke(NOW, &client("b"), Some((&token, &standing)), hint);
            assert_eq!((foreign.changes, foreign.reply), (vec![], Ok(())), "{kind:?}");
        }
    }
    let unknown = authority.revoke(NOW, &client("a"), None, None);
    assert_eq!((unknown.changes, unknown.reply), (vec![], Ok(())));
}
