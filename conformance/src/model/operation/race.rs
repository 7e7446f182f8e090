//! Operations at the same time: a prefix, and branches on connections of their own.
//!
//! Branches use what the prefix left and what they get themselves, and nothing that needs a browser.

use std::fmt;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Ask, Hint, Operation, Sequence, Who, call, code_again, redeem, refresh, revoke};

/// A prefix, and what then happens at the same time on separate connections.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Race {
    pub(crate) prefix: Sequence,
    pub(crate) branches: Vec<Branch>,
}

/// What happens on one connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Branch {
    /// How many microseconds after the others it starts.
    pub(crate) delay: u16,
    pub(crate) operations: Vec<Operation>,
}

impl fmt::Debug for Race {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.prefix)?;
        for (index, branch) in self.branches.iter().enumerate() {
            write!(f, "\n  branch {} after {} us", index + 1, branch.delay)?;
            write!(f, "{:?}", Sequence(branch.operations.clone()))?;
        }
        Ok(())
    }
}

/// Two to four branches of at most four operations each.
pub(crate) fn race() -> impl Strategy<Value = Race> {
    let operations = prop::collection::vec(at_once(), 1..=4);
    let prefix = prop::collection::vec(prop_oneof![2 => refresh(), 1 => call()], 0..=2);
    (prefix, prop::collection::vec(branch(operations), 2..=4))
        .prop_map(|(rest, branches)| Race { prefix: granted(true, rest), branches })
}

/// A revocation while others refresh and call.
pub(crate) fn revocations() -> impl Strategy<Value = Race> {
    let prefix = prop::collection::vec(refresh(), 0..=1);
    let token = prop_oneof![3 => Just(0_u8), 1 => Just(1_u8)];
    let revoking = (token, replica(), prop::collection::vec(call(), 0..=2)).prop_map(
        |(token, replica, calls)| {
            let revoke = Operation::Revoke { token, by: Who::Owner, hint: Hint::None, replica };
            [vec![revoke], calls].concat()
        },
    );
    let others = prop::collection::vec(prop_oneof![1 => refresh(), 1 => call()], 1..=4);
    let others = prop::collection::vec(branch(others), 1..=3);
    (prefix, branch(revoking), others).prop_map(|(rest, revoking, others)| Race {
        prefix: granted(true, rest),
        branches: [vec![revoking], others].concat(),
    })
}

/// One code from several connections.
pub(crate) fn exchanges() -> impl Strategy<Value = Race> {
    let operations =
        (prop::collection::vec(code_again(), 1..=1), prop::collection::vec(call(), 0..=1));
    let operations = operations.prop_map(|(first, rest)| [first, rest].concat());
    prop::collection::vec(branch(operations), 2..=4)
        .prop_map(|branches| Race { prefix: granted(false, Vec::new()), branches })
}

/// One refresh token from several connections.
pub(crate) fn refreshes() -> impl Strategy<Value = Race> {
    let first = replica().prop_map(|replica| Operation::Refresh {
        token: 0,
        by: Who::Owner,
        scopes: Ask::Nothing,
        replica,
    });
    let operations = (first, prop::collection::vec(prop_oneof![refresh(), call()], 0..=1));
    let operations = operations.prop_map(|(first, rest)| [vec![first], rest].concat());
    prop::collection::vec(branch(operations), 2..=4)
        .prop_map(|branches| Race { prefix: granted(true, Vec::new()), branches })
}

/// A consent to everything, its exchange if it is `redeemed`, and then `rest`.
fn granted(redeemed: bool, rest: Vec<Operation>) -> Sequence {
    let authorize =
        Operation::Authorize { client: 0, asked: !0, kept: !0, second: false, deny: false };
    let exchange = redeemed.then(redeem);
    Sequence([authorize].into_iter().chain(exchange).chain(rest).collect())
}

fn branch(operations: impl Strategy<Value = Vec<Operation>>) -> impl Strategy<Value = Branch> {
    let delay = prop_oneof![2 => Just(0_u16), 1 => 0_u16..2_000];
    (delay, operations).prop_map(|(delay, operations)| Branch { delay, operations })
}

fn at_once() -> impl Strategy<Value = Operation> {
    prop_oneof![4 => refresh(), 3 => revoke(), 4 => call(), 1 => code_again()]
}

fn replica() -> impl Strategy<Value = u8> {
    super::replica()
}
