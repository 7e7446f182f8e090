//! Programmatic tokens: what a person may make, and what is made of it.

use lookout_schema::{Scope, ScopeSet};
use lookout_server::authority::programmatic::{FreshToken, TokenRefusal, TokenRequest};
use lookout_server::authority::records::{Grant, GrantKind, TokenKind};
use lookout_server::authority::{Change, Decision, Policy, Timestamp};
use lookout_server::secret::keys::{Digest, Kid};
use proptest::prelude::*;

use crate::cases;
use crate::memory::authority;

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const READ: ScopeSet = ScopeSet::of(&[Scope::McpRead]);

fn good() -> TokenRequest<'static> {
    TokenRequest {
        user_id: "u",
        workspace_id: "w",
        name: " nightly\u{200b}  job ",
        scopes: Some(READ),
        days: Some(30),
    }
}

fn create(request: &TokenRequest<'_>, live_names: &[String]) -> Decision<Grant, TokenRefusal> {
    let fresh = FreshToken { grant_id: "g", digest: Digest([1; 32], Kid(1)), hint: "lkmcp_abc" };
    authority(Policy::STRICT).create_token(NOW, request, live_names, fresh)
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| number.to_string()).collect()
}

#[test]
fn a_token_is_a_grant_with_one_token_for_every_resource() {
    let decision = create(&good(), &[]);
    let [Change::AddGrant(grant), Change::AddToken(token)] = decision.changes.as_slice() else {
        panic!("{:?}", decision.changes)
    };
    assert_eq!(decision.reply.as_ref(), Ok(grant));
    assert_eq!(grant.id, "g");
    assert_eq!((grant.user_id.as_str(), grant.workspace_id.as_str()), ("u", "w"));
    assert_eq!(grant.client_id, None);
    assert_eq!(grant.kind, GrantKind::Programmatic);
    assert_eq!(grant.name, "nightly job");
    assert_eq!(grant.resource, None);
    assert_eq!((grant.scopes, token.scopes), (READ, READ));
    assert_eq!(grant.expires_at, Some(NOW.plus_seconds(30 * 86_400)));
    assert_eq!(token.expires_at, grant.expires_at);
    assert_eq!(token.kind, TokenKind::Programmatic);
    assert_eq!(token.digest, Digest([1; 32], Kid(1)));
    assert_eq!(token.grant_id, "g");
    assert_eq!(token.hint, "lkmcp_abc");
    assert_eq!((token.superseded_at, token.revoked_at), (None, None));
}

#[test]
fn without_a_choice_a_token_has_every_scope_and_90_days() {
    let grant = create(&TokenRequest { scopes: None, days: None, ..good() }, &[]).reply.unwrap();
    assert_eq!(grant.scopes, ScopeSet::all());
    assert_eq!(grant.expires_at, Some(NOW.plus_seconds(90 * 86_400)));
}

#[test]
fn a_token_without_a_name_of_its_own_or_a_scope_is_not_made() {
    let taken = ["nightly job".to_owned()];
    let refused = [
        (TokenRequest { name: "", ..good() }, TokenRefusal::NoName),
        (TokenRequest { name: " \u{200b}\t", ..good() }, TokenRefusal::NoName),
        (good(), TokenRefusal::NameTaken),
        (
            TokenRequest { name: "other", scopes: Some(ScopeSet::EMPTY), ..good() },
            TokenRefusal::NoScope,
        ),
    ];
    for (request, refusal) in refused {
        let decision = create(&request, &taken);
        assert_eq!(decision.reply, Err(refusal), "{request:?}");
        assert_eq!(decision.changes, []);
    }
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn a_token_lives_one_to_366_days(days in prop_oneof![-2_i64..=2, 364_i64..=368, any::<i64>()]) {
        let decision = create(&TokenRequest { days: Some(days), ..good() }, &[]);
        if (1..=366).contains(&days) {
            prop_assert_eq!(decision.reply.unwrap().expires_at, Some(NOW.plus_seconds(days * 86_400)));
        } else {
            prop_assert_eq!(decision.reply, Err(TokenRefusal::BadExpiry));
        }
    }

    #[test]
    fn a_person_has_50_tokens_at_most(live in prop_oneof![48_usize..=52, 0_usize..100]) {
        let decision = create(&good(), &names(live));
        prop_assert_eq!(decision.changes.len(), if live < 50 { 2 } else { 0 });
        prop_assert_eq!(decision.reply.err(), (live >= 50).then_some(TokenRefusal::TooMany));
    }
}
