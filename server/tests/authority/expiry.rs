//! Everything ends at the millisecond that it says: it works one before, and neither then nor after.

use lookout_schema::ScopeSet;
use lookout_server::authority::bearer::BearerRows;
use lookout_server::authority::pkce::ChallengeMethod;
use lookout_server::authority::records::{
    Code, Grant, GrantKind, Standing, Token, TokenKind, User,
};
use lookout_server::authority::refresh::RefreshRequest;
use lookout_server::authority::token::{ExchangeRequest, FreshTokens, Issued};
use lookout_server::authority::{Change, Policy, Resource, Timestamp};
use lookout_server::secret::keys::{Digest, Kid};
use proptest::prelude::*;

use crate::cases;
use crate::memory::{Memory, REDIRECT, authority, client};

const BEGAN: Timestamp = Timestamp(1_700_000_000_000);
const FRESH: FreshTokens =
    FreshTokens { access: Digest([2; 32], Kid(1)), refresh: Digest([3; 32], Kid(1)) };

fn standing(ends: Option<Timestamp>) -> Standing {
    let grant = Grant {
        id: "g".to_owned(),
        user_id: "u".to_owned(),
        workspace_id: "w".to_owned(),
        client_id: Some("a".to_owned()),
        kind: GrantKind::OAuth,
        name: "a".to_owned(),
        scopes: ScopeSet::all(),
        resource: Some(Resource::Mcp),
        created_at: BEGAN,
        expires_at: ends,
        revoked_at: None,
    };
    Standing { grant, user_disabled: false, client_deleted: false, is_member: true }
}

fn token(kind: TokenKind, ends: Option<Timestamp>) -> Token {
    Token {
        digest: Digest([1; 32], Kid(1)),
        kind,
        grant_id: "g".to_owned(),
        generation: 4,
        scopes: ScopeSet::all(),
        hint: String::new(),
        created_at: BEGAN,
        expires_at: ends,
        superseded_at: None,
        revoked_at: None,
    }
}

fn is_admitted(
    now: Timestamp,
    token_ends: Option<Timestamp>,
    grant_ends: Option<Timestamp>,
) -> bool {
    let user = User {
        id: "u".to_owned(),
        email: "u@lookout.example".to_owned(),
        display_name: "U".to_owned(),
        disabled_at: None,
    };
    let rows = BearerRows {
        token: token(TokenKind::Access, token_ends),
        standing: standing(grant_ends),
        user,
        membership: Some(Memory::membership()),
        last_used_at: None,
    };
    authority(Policy::STRICT).admit(now, Some(rows), Resource::Mcp).is_ok()
}

fn refreshes(
    now: Timestamp,
    token_ends: Option<Timestamp>,
    grant_ends: Option<Timestamp>,
) -> Option<(Issued, Vec<Token>)> {
    let token = token(TokenKind::Refresh, token_ends);
    let standing = standing(grant_ends);
    let decision = authority(Policy::STRICT).refresh(
        now,
        &client("a"),
        Some((&token, &standing)),
        RefreshRequest::default(),
        FRESH,
    );
    let issued = decision.reply.ok()?;
    let superseded = Change::SupersedeToken { digest: token.digest, at: now };
    assert_eq!(decision.changes[0], superseded);
    let tokens = decision.changes.into_iter().skip(1).map(|change| match change {
        Change::AddToken(token) => token,
        other => panic!("{other:?}"),
    });
    Some((issued, tokens.collect()))
}

fn is_redeemed(now: Timestamp, code_ends: Timestamp, grant_ends: Option<Timestamp>) -> bool {
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let code = Code {
        digest: Digest([1; 32], Kid(1)),
        grant_id: "g".to_owned(),
        client_id: "a".to_owned(),
        redirect_uri: REDIRECT.to_owned(),
        challenge: Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned()),
        challenge_method: ChallengeMethod::S256,
        expires_at: code_ends,
        used_at: None,
    };
    let request = ExchangeRequest { verifier: Some(verifier), ..ExchangeRequest::default() };
    let standing = standing(grant_ends);
    let authority = authority(Policy::STRICT);
    authority.exchange(now, &client("a"), Some((&code, &standing)), request, FRESH).reply.is_ok()
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn codes_tokens_and_grants_end_when_they_say(offset in prop_oneof![-2_i64..=2, any::<i32>().prop_map(i64::from)]) {
        let ends = Timestamp(BEGAN.0 + 5_000_000_000);
        let now = Timestamp(ends.0 + offset);
        let later = Some(Timestamp(ends.0 + 10_000_000_000));
        let is_before = offset < 0;
        prop_assert_eq!(is_admitted(now, Some(ends), later), is_before, "an access token");
        prop_assert_eq!(is_admitted(now, None, Some(ends)), is_before, "the grant of a token without an end");
        prop_assert!(is_admitted(now, None, None));
        prop_assert_eq!(refreshes(now, Some(ends), later).is_some(), is_before, "a refresh token");
        prop_assert_eq!(refreshes(now, None, Some(ends)).is_some(), is_before, "the grant of a refresh token");
        prop_assert_eq!(is_redeemed(now, ends, later), is_before, "a code");
        prop_assert_eq!(is_redeemed(now, ends, Some(ends)), is_before, "the grant of a code");
    }

    #[test]
    fn new_tokens_end_with_their_grant_at_the_latest_and_the_client_is_told(left in prop_oneof![1_i64..700_000, 1_i64..1_400_000_000]) {
        let now = BEGAN;
        let grant_ends = Timestamp(now.0 + left);
        let (issued, tokens) = refreshes(now, None, Some(grant_ends)).unwrap();
        let [access, refresh] = tokens.as_slice() else { panic!("{tokens:?}") };
        prop_assert_eq!(access.expires_at, Some(now.plus_seconds(600).min(grant_ends)));
        prop_assert_eq!(refresh.expires_at, Some(now.plus_seconds(7 * 86_400).min(grant_ends)));
        // Whole seconds, rounded down, and at least one.
        prop_assert_eq!(issued.expires_in, (left / 1000).clamp(1, 600));
        prop_assert_eq!((access.kind, refresh.kind), (TokenKind::Access, TokenKind::Refresh));
        prop_assert_eq!((access.digest, refresh.digest), (FRESH.access, FRESH.refresh));
        prop_assert_eq!((access.generation, refresh.generation), (5, 5));
        prop_assert_eq!(access.grant_id.as_str(), "g");
    }

    #[test]
    fn whole_seconds_are_counted_down_and_never_below_none(from: i32, until: i32) {
        let seconds = Timestamp(from.into()).seconds_until(Timestamp(until.into()));
        let milliseconds = i64::from(until) - i64::from(from);
        prop_assert_eq!(seconds, if milliseconds < 0 { 0 } else { milliseconds / 1000 });
    }
}
