//! Whether operations that overlapped can have happened one after another.
//!
//! The search of Wing and Gong: an operation may come next if no other one that is left had returned
//! before it was invoked. What was tried is remembered as the set of operations done and the world
//! they led to, so the search is bounded by their number, not by the number of orders. Grants are
//! independent objects, so an order for the whole history is an order for each of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::event::{ClientId, Event, GrantId, Kind, Record, Seen, TokenId};
use crate::model::rules::Rules;
use crate::model::world::World;
use crate::profile::RefreshRevocation;

/// The worlds that some order of `history` leads to from one of `worlds`; none if there is no order.
pub(crate) fn linearise(worlds: &[World], rules: &Rules, history: &[Record]) -> Vec<World> {
    assert!(history.len() < 128, "a race has at most sixteen operations");
    let all = (1_u128 << history.len()) - 1;
    let mut seen: BTreeSet<(u128, World)> = BTreeSet::new();
    let mut open: Vec<(u128, World)> = worlds.iter().map(|world| (0, world.clone())).collect();
    let mut ends = BTreeSet::new();
    while let Some((done, world)) = open.pop() {
        if done == all {
            ends.insert(world);
            continue;
        }
        let left = |index: &usize| done >> index & 1 == 0;
        let first_return =
            (0..history.len()).filter(left).map(|index| history[index].end).min().unwrap_or(0);
        for index in (0..history.len()).filter(left) {
            if history[index].start > first_return {
                continue;
            }
            for next in world.after(rules, &history[index]) {
                let state = (done | 1 << index, next);
                if seen.insert(state.clone()) {
                    open.push(state);
                }
            }
        }
    }
    ends.into_iter().collect()
}

/// Whose a token is and what it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) kind: Kind,
    pub(crate) client: Option<ClientId>,
    pub(crate) grant: Option<GrantId>,
}

/// A success that began after the revocation of its token or of its grant had been acknowledged.
///
/// This needs no search: what is over when an answer returns is over for every later request, in
/// whatever order the server took the others.
pub(crate) fn late_success<'r>(
    rules: &Rules,
    tokens: &BTreeMap<TokenId, Origin>,
    records: &'r [Record],
) -> Option<&'r Record> {
    let spent: BTreeSet<TokenId> = records
        .iter()
        .filter_map(|record| match (&record.event, &record.seen) {
            (Event::Refresh { token, .. }, Seen::Issued(_)) => Some(*token),
            _ => None,
        })
        .collect();
    let mut grants: BTreeMap<GrantId, u64> = BTreeMap::new();
    let mut singles: BTreeMap<TokenId, u64> = BTreeMap::new();
    for record in records.iter().filter(|record| record.seen == Seen::Done) {
        let Event::Revoke { token, by, .. } = &record.event else { continue };
        let Some(origin) = tokens.get(token).filter(|origin| origin.client == Some(*by)) else {
            continue;
        };
        let reaches_grant = rules.refresh_revocation == Some(RefreshRevocation::Grant)
            && (!spent.contains(token) || rules.spent_revocation == Some(true));
        let end = match (origin.kind, origin.grant) {
            (Kind::Access, _) => singles.entry(*token).or_insert(record.end),
            (Kind::Refresh, Some(grant)) if reaches_grant => {
                grants.entry(grant).or_insert(record.end)
            }
            _ => continue,
        };
        *end = record.end.min(*end);
    }
    records.iter().find(|record| {
        let (
            Event::Call { token: used, .. } | Event::Refresh { token: used, .. },
            Seen::Accepted | Seen::Forbidden | Seen::Issued(_),
        ) = (&record.event, &record.seen)
        else {
            return false;
        };
        let grant = tokens.get(used).and_then(|origin| origin.grant);
        let ends = [singles.get(used), grant.and_then(|grant| grants.get(&grant))];
        ends.into_iter().flatten().any(|end| end.saturating_add(rules.delay) < record.start)
    })
}
