//! Operations as they are generated: symbolic, so that any subsequence is well formed.
//!
//! An operation names what it acts on by counting back from the newest, modulo how many there are.
//! Dropping an operation therefore never leaves another without meaning, and shrinking always works.
//! Seven of ten are what an honest client does, two are near misses, one is garbage.

pub(crate) mod race;

use std::fmt;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

/// Counts back from the newest: 0 is the newest.
pub(crate) type Back = u8;

/// One generated operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Operation {
    Register {
        confidential: bool,
    },
    /// `asked` and `kept` are bits over the catalogue's scopes.
    Authorize {
        client: Back,
        asked: u8,
        kept: u8,
        second: bool,
        deny: bool,
    },
    Exchange {
        code: Back,
        by: Who,
        verifier: bool,
        redirect: bool,
        replica: u8,
    },
    Refresh {
        token: Back,
        by: Who,
        scopes: Ask,
        replica: u8,
    },
    Revoke {
        token: Back,
        by: Who,
        hint: Hint,
        replica: u8,
    },
    CreateToken {
        scopes: u8,
    },
    RevokeToken {
        token: Back,
    },
    /// `tool` counts through the catalogue; without one, the cheapest method is called.
    Call {
        token: Back,
        any_kind: bool,
        tool: Option<u8>,
        second: bool,
        replica: u8,
    },
    Tamper {
        token: Back,
        how: Change,
        at: Door,
    },
    /// Until what is declared to be short-lived is over.
    Wait,
}

/// Who presents something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Who {
    Owner,
    Other(Back),
}

/// What scopes a refresh asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Ask {
    Nothing,
    /// These bits of what was granted.
    Within(u8),
    /// Every scope there is.
    Everything,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Hint {
    None,
    Right,
    Wrong,
    Unknown,
}

/// How a token is altered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Change {
    Exchange(u8),
    SwapCase(u8),
    Cut(u8),
    Append,
}

/// Where an altered token is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Door {
    Call,
    Refresh,
    Exchange,
    Revoke,
}

/// A sequence, shown one operation a line.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Sequence(pub(crate) Vec<Operation>);

impl fmt::Debug for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, operation) in self.0.iter().enumerate() {
            write!(f, "\n{:>4}. {operation:?}", index + 1)?;
        }
        Ok(())
    }
}

/// A sequence of at most `longest` operations that begins with a grant.
pub(crate) fn sequence(longest: usize) -> impl Strategy<Value = Sequence> {
    let rest = prop::collection::vec(scene(), 0..=longest.saturating_sub(2));
    (authorize(), rest).prop_map(move |(authorize, rest)| {
        let mut operations = [vec![authorize, redeem()], rest.concat()].concat();
        operations.truncate(longest);
        Sequence(operations)
    })
}

fn redeem() -> Operation {
    Operation::Exchange { code: 0, by: Who::Owner, verifier: true, redirect: true, replica: 0 }
}

/// One operation, or a few that only together say something: what is granted is redeemed, and what
/// may have ended is looked at.
fn scene() -> impl Strategy<Value = Vec<Operation>> {
    prop_oneof![
        12 => authorize().prop_map(|authorize| vec![authorize, redeem()]),
        12 => (hint(), 0_u8..4, replica()).prop_map(|(hint, token, replica)| {
            // Of each exchange the refresh token is the newest, and the access token comes next.
            vec![Operation::Revoke { token, by: Who::Owner, hint, replica }, looking(token / 2)]
        }),
        8 => Just(vec![refreshing(0), refreshing(1), looking(0)]),
        38 => honest().prop_map(|operation| vec![operation]),
        20 => near_miss().prop_map(|operation| vec![operation]),
        10 => garbage().prop_map(|operation| vec![operation]),
    ]
}

fn looking(token: Back) -> Operation {
    Operation::Call { token, any_kind: false, tool: None, second: false, replica: 0 }
}

fn refreshing(token: Back) -> Operation {
    Operation::Refresh { token, by: Who::Owner, scopes: Ask::Nothing, replica: 0 }
}

fn honest() -> impl Strategy<Value = Operation> {
    prop_oneof![
        18 => refresh(),
        9 => revoke(),
        18 => call(),
        4 => any::<bool>().prop_map(|confidential| Operation::Register { confidential }),
        1 => any::<u8>().prop_map(|scopes| Operation::CreateToken { scopes }),
        1 => back().prop_map(|token| Operation::RevokeToken { token }),
    ]
}

fn near_miss() -> impl Strategy<Value = Operation> {
    prop_oneof![
        3 => (back(), who(), any::<bool>(), prop::bool::weighted(0.8), replica()).prop_map(
            |(code, by, verifier, redirect, replica)| Operation::Exchange {
                code, by, verifier, redirect, replica,
            }
        ),
        2 => code_again(),
        5 => (1_u8..3, replica()).prop_map(|(token, replica)| Operation::Refresh {
            token, by: Who::Owner, scopes: Ask::Nothing, replica,
        }),
        3 => (back(), who(), replica()).prop_map(|(token, by, replica)| Operation::Refresh {
            token, by, scopes: Ask::Nothing, replica,
        }),
        2 => (back(), replica()).prop_map(|(token, replica)| Operation::Refresh {
            token, by: Who::Owner, scopes: Ask::Everything, replica,
        }),
        3 => (back(), who(), hint(), replica()).prop_map(|(token, by, hint, replica)| {
            Operation::Revoke { token, by, hint, replica }
        }),
        2 => (back(), any::<Option<u8>>(), replica()).prop_map(|(token, tool, replica)| {
            Operation::Call { token, any_kind: false, tool, second: true, replica }
        }),
        1 => back().prop_map(|client| Operation::Authorize {
            client, asked: !0, kept: !0, second: false, deny: true,
        }),
    ]
}

fn garbage() -> impl Strategy<Value = Operation> {
    let change = prop_oneof![
        (0_u8..60).prop_map(Change::Exchange),
        (0_u8..60).prop_map(Change::SwapCase),
        (1_u8..8).prop_map(Change::Cut),
        Just(Change::Append),
    ];
    let door = prop::sample::select(vec![Door::Call, Door::Refresh, Door::Exchange, Door::Revoke]);
    prop_oneof![
        3 => (back(), change, door).prop_map(|(token, how, at)| Operation::Tamper { token, how, at }),
        2 => (back(), replica()).prop_map(|(token, replica)| Operation::Call {
            token, any_kind: true, tool: None, second: false, replica,
        }),
        1 => Just(Operation::Wait),
    ]
}

fn authorize() -> impl Strategy<Value = Operation> {
    let bits = prop_oneof![2 => Just(!0_u8), 1 => any::<u8>()];
    (back(), bits.clone(), bits, prop::bool::weighted(0.15)).prop_map(
        |(client, asked, kept, second)| Operation::Authorize {
            client,
            asked,
            kept,
            second,
            deny: false,
        },
    )
}

fn code_again() -> impl Strategy<Value = Operation> {
    (back(), replica()).prop_map(|(code, replica)| Operation::Exchange {
        code,
        by: Who::Owner,
        verifier: true,
        redirect: true,
        replica,
    })
}

fn refresh() -> impl Strategy<Value = Operation> {
    let scopes = prop_oneof![3 => Just(Ask::Nothing), 1 => any::<u8>().prop_map(Ask::Within)];
    (back(), scopes, replica()).prop_map(|(token, scopes, replica)| Operation::Refresh {
        token,
        by: Who::Owner,
        scopes,
        replica,
    })
}

fn revoke() -> impl Strategy<Value = Operation> {
    let hint = prop::sample::select(vec![Hint::None, Hint::Right]);
    (back(), hint, replica()).prop_map(|(token, hint, replica)| Operation::Revoke {
        token,
        by: Who::Owner,
        hint,
        replica,
    })
}

fn call() -> impl Strategy<Value = Operation> {
    let tool = prop_oneof![3 => Just(None), 1 => any::<u8>().prop_map(Some)];
    (back(), tool, replica()).prop_map(|(token, tool, replica)| Operation::Call {
        token,
        any_kind: false,
        tool,
        second: false,
        replica,
    })
}

fn back() -> impl Strategy<Value = Back> + Clone {
    prop_oneof![6 => Just(0), 2 => Just(1), 2 => 0_u8..6]
}

fn who() -> impl Strategy<Value = Who> {
    prop_oneof![1 => Just(Who::Owner), 2 => (0_u8..3).prop_map(Who::Other)]
}

fn hint() -> impl Strategy<Value = Hint> {
    prop::sample::select(vec![Hint::None, Hint::Right, Hint::Wrong, Hint::Unknown])
}

/// The first address most often; others shrink towards it.
fn replica() -> impl Strategy<Value = u8> {
    prop_oneof![1 => Just(0), 1 => 0_u8..8]
}
