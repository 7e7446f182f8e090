//! What can happen, in any order.

use proptest::prelude::*;

/// Handles count modulo what exists, so that every subsequence of a history is a history.
#[derive(Clone, Debug)]
pub(super) enum Op {
    Authorize { client: usize, requested: Option<u8>, ticked: u8, readonly: bool },
    Exchange { code: usize, own: bool, right: bool },
    Refresh { token: usize, own: bool, scope: Option<u8> },
    Revoke { token: usize, own: bool },
    Disconnect { grant: usize },
    CreateToken { scopes: Option<u8>, days: i64 },
    Advance { milliseconds: i64 },
    Enable(bool),
    Join(bool),
    DeleteClient { client: usize },
}

pub(super) fn op() -> impl Strategy<Value = Op> {
    let own = || prop::bool::weighted(0.75);
    let bits = || 1_u8..4;
    let handle = || prop_oneof![3 => Just(usize::MAX), 2 => 0_usize..40];
    prop_oneof![
        4 => (0_usize..2, prop::option::of(bits()), 0_u8..4, prop::bool::weighted(0.2))
            .prop_map(|(client, requested, ticked, readonly)| Op::Authorize { client, requested, ticked, readonly }),
        6 => (handle(), own(), prop::bool::weighted(0.85)).prop_map(|(code, own, right)| Op::Exchange { code, own, right }),
        7 => (handle(), own(), prop::option::weighted(0.4, bits())).prop_map(|(token, own, scope)| Op::Refresh { token, own, scope }),
        2 => (handle(), own()).prop_map(|(token, own)| Op::Revoke { token, own }),
        1 => (0_usize..40).prop_map(|grant| Op::Disconnect { grant }),
        1 => (prop::option::of(bits()), 1_i64..40).prop_map(|(scopes, days)| Op::CreateToken { scopes, days }),
        3 => prop_oneof![Just(1_i64), Just(59_999), Just(60_000), Just(599_999), Just(600_000), Just(604_799_999), Just(86_400_000 * 12)]
            .prop_map(|milliseconds| Op::Advance { milliseconds }),
        1 => any::<bool>().prop_map(Op::Enable),
        1 => any::<bool>().prop_map(Op::Join),
        1 => (0_usize..6).prop_map(|client| Op::DeleteClient { client }),
    ]
}
