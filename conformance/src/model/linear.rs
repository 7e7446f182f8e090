//! Whether operations that overlapped can have happened one after another.
//!
//! The search of Wing and Gong: an operation may come next if no other one that is left had returned
//! before it was invoked. What was tried is remembered as the set of operations done and the world
//! they led to, so the search is bounded by their number, not by the number of orders. Grants are
//! independent objects, so an order for the whole history is an order for each of them.

use std::collections::BTreeSet;

use crate::model::event::Record;
use crate::model::rules::Rules;
use crate::model::world::World;

/// Histories are far shorter; the bits of a set of operations.
pub(crate) const LONGEST: usize = 64;

/// The worlds that some order of `history` leads to from one of `worlds`; none if there is no order.
///
/// What only one order explains is kept apart from the others, so what follows can be judged.
pub(crate) fn linearise(worlds: &[World], rules: &Rules, history: &[Record]) -> Vec<World> {
    debug_assert!(history.len() <= LONGEST, "a case has few operations");
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
