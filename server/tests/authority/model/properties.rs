//! The server agrees with the model, and the model is not blind.

use lookout_schema::{Scope, ScopeSet};
use lookout_server::authority::Policy;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::history::{Op, op};
use super::run;
use crate::cases;

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn after_every_step_exactly_the_tokens_of_the_model_are_live(history in prop::collection::vec(op(), 1..50)) {
        if let Err(why) = run(Policy::STRICT, &history) {
            return Err(TestCaseError::fail(why));
        }
    }
}

/// A chain of refreshes that outlives its grant.
fn weekly_use_of_one_grant() -> Vec<Op> {
    let newest = usize::MAX;
    let begin = [
        Op::Authorize { client: 0, requested: None, ticked: 3, readonly: false },
        Op::Exchange { code: newest, own: true, right: true },
    ];
    let week = [
        Op::Advance { milliseconds: 604_799_999 },
        Op::Refresh { token: newest, own: true, scope: None },
    ];
    begin.into_iter().chain(std::iter::repeat_n(week, 6).flatten()).collect()
}

#[test]
fn the_model_notices_rules_that_were_weakened() {
    let strict = Policy::STRICT;
    let weakened: Vec<(&str, Policy)> = vec![
        ("verifier_matches", Policy { verifier_matches: |_, _, _| true, ..strict }),
        ("code_unused", Policy { code_unused: |_| true, ..strict }),
        ("code_unexpired", Policy { code_unexpired: |_, _| true, ..strict }),
        ("code_client_matches", Policy { code_client_matches: |_, _| true, ..strict }),
        ("replay_revokes_grant", Policy { replay_revokes_grant: |_, _| false, ..strict }),
        (
            "issued_scopes",
            Policy {
                issued_scopes: |_| ScopeSet::all(),
                refresh_scopes: |_, _| Some(ScopeSet::all()),
                admitted_scopes: |token, _, _| token,
                ..strict
            },
        ),
        ("approved_scopes", Policy { approved_scopes: |offered, _| offered, ..strict }),
        ("offered_scopes", Policy { offered_scopes: |_, resource, _| resource, ..strict }),
        (
            "default_scopes",
            Policy { default_scopes: |_| ScopeSet::of(&[Scope::McpRead]), ..strict },
        ),
        ("refresh_client_matches", Policy { refresh_client_matches: |_, _| true, ..strict }),
        ("refresh_unrotated", Policy { refresh_unrotated: |_| true, ..strict }),
        ("refresh_rotates", Policy { refresh_rotates: |_| false, ..strict }),
        ("reuse_revokes_grant", Policy { reuse_revokes_grant: |_| false, ..strict }),
        (
            "refresh_scopes",
            Policy { refresh_scopes: |granted, asked| Some(asked.unwrap_or(granted)), ..strict },
        ),
        ("refresh_expiry", Policy { refresh_expiry: |_, _, _| None, ..strict }),
        ("revocation_client_matches", Policy { revocation_client_matches: |_, _| true, ..strict }),
        ("grant_unrevoked", Policy { grant_unrevoked: |_| true, ..strict }),
        (
            "grant_unexpired",
            Policy {
                grant_unexpired: |_, _| true,
                refresh_expiry: |now, idle, _| Some(now.plus_seconds(idle)),
                ..strict
            },
        ),
        ("token_unexpired", Policy { token_unexpired: |_, _| true, ..strict }),
        ("token_unrevoked", Policy { token_unrevoked: |_| true, ..strict }),
        ("user_enabled", Policy { user_enabled: |_| true, ..strict }),
        ("client_undeleted", Policy { client_undeleted: |_| true, ..strict }),
        ("membership_current", Policy { membership_current: |_| true, ..strict }),
        ("audience_matches", Policy { audience_matches: |_, _| true, ..strict }),
        ("bearer_kind_accepted", Policy { bearer_kind_accepted: |_| true, ..strict }),
        ("programmatic_scopes", Policy { programmatic_scopes: |_| ScopeSet::all(), ..strict }),
        ("programmatic_expiry", Policy { programmatic_expiry: |_, _| None, ..strict }),
    ];
    let mut runner = TestRunner::new(cases(1));
    let histories = prop::collection::vec(op(), 60..90);
    let mut histories: Vec<Vec<Op>> =
        (0..200).map(|_| histories.new_tree(&mut runner).unwrap().current()).collect();
    histories.push(weekly_use_of_one_grant());
    let unnoticed: Vec<&str> = weakened
        .iter()
        .filter(|(_, policy)| histories.iter().all(|history| run(*policy, history).is_ok()))
        .map(|(name, _)| *name)
        .collect();
    assert!(unnoticed.is_empty(), "nothing noticed {unnoticed:?}");
    assert!(histories.iter().all(|history| run(strict, history).is_ok()));
}
