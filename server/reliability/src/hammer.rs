//! Hammers: short races around one grant, where mistakes of concurrency show.
//!
//! A **pair** is one acknowledged revocation and one call with what it ended, which began after the acknowledgement and was answered by some replica. Many
//! calls after one revocation are many pairs; the number of revocations is reported beside them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::arena::Arena;
use crate::holdings::{Held, Key};
use crate::load::connect;
use crate::random::Dice;

/// Rounds that end a token before the grant is given back.
const TOKENS_OF_A_GRANT: usize = 12;
/// How many calls at a time follow a revocation on each replica, and how often.
const CALLS_AT_ONCE: usize = 2;
const CALLS_IN_A_ROW: usize = 4;

/// Hammers until it is stopped.
pub async fn hammer(arena: Arc<Arena>, mut dice: Dice, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        let Some(held) = fresh(&arena, &mut dice).await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        match dice.below(4) {
            0 => revoke_while_refreshing(&arena, &mut dice, held).await,
            1 => refresh_twice(&arena, &mut dice, held).await,
            _ => revoke_tokens(&arena, &mut dice, held).await,
        }
    }
}

/// A grant of the hammer's own.
async fn fresh(arena: &Arena, dice: &mut Dice) -> Option<Held> {
    let replica = dice.below(arena.wires.len());
    let (person, client) = (dice.below(arena.people.len()), dice.below(arena.clients.len()));
    let waiting = arena.authorize(replica, person, client).await?;
    if dice.below(4) > 0 {
        return arena.exchange(dice.below(arena.wires.len()), &waiting).await.ok();
    }
    // Sometimes the code is redeemed twice at once. One is served at most, and then the other ended the grant.
    let (one, other) = (dice.below(arena.wires.len()), dice.below(arena.wires.len()));
    let (one, other) = tokio::join!(arena.exchange(one, &waiting), arena.exchange(other, &waiting));
    for held in [one, other].into_iter().flatten() {
        after_the_end(arena, &held.access).await;
    }
    None
}

/// Ends one access token after the other; each is called everywhere right after.
async fn revoke_tokens(arena: &Arena, dice: &mut Dice, mut held: Held) {
    for _ in 0..TOKENS_OF_A_GRANT {
        let replica = dice.below(arena.wires.len());
        // It is seen to be valid first, by somebody who could remember that.
        for replica in 0..arena.wires.len() {
            arena.call(replica, &held.access).await;
        }
        arena.end_token(replica, &held, &held.access).await;
        after_the_end(arena, &held.access).await;
        let Ok(next) = arena.refresh_patiently(replica, &held).await else {
            return arena.bury(held.grant);
        };
        held = next;
    }
    arena.end_grant(dice.below(arena.wires.len()), &held).await;
    after_the_end(arena, &held.access).await;
}

/// Ends a grant while it is being refreshed: what the refresh made must be dead as well.
async fn revoke_while_refreshing(arena: &Arena, dice: &mut Dice, held: Held) {
    let (one, other) = (dice.below(arena.wires.len()), dice.below(arena.wires.len()));
    let wait = dice.between(Duration::ZERO, Duration::from_millis(3));
    let (refreshed, _) = tokio::join!(arena.refresh(one, &held), async {
        tokio::time::sleep(wait).await;
        arena.end_grant(other, &held).await
    });
    after_the_end(arena, &held.access).await;
    if let Ok(next) = refreshed {
        after_the_end(arena, &next.access).await;
        // Its refresh token must be dead too.
        let _denied = arena.refresh(dice.below(arena.wires.len()), &next).await;
    }
}

/// Uses one refresh token twice at once: one is served at most, and the other ends the grant.
async fn refresh_twice(arena: &Arena, dice: &mut Dice, held: Held) {
    let (one, other) = (dice.below(arena.wires.len()), dice.below(arena.wires.len()));
    let (one, other) = tokio::join!(arena.refresh(one, &held), arena.refresh(other, &held));
    after_the_end(arena, &held.access).await;
    for next in [one, other].into_iter().flatten() {
        after_the_end(arena, &next.access).await;
    }
}

/// Calls on every replica at once.
async fn after_the_end(arena: &Arena, key: &Key) {
    for _ in 0..CALLS_IN_A_ROW {
        for replica in 0..arena.wires.len() {
            let calls = (0..CALLS_AT_ONCE).map(|_| arena.call(replica, key));
            join_all(calls).await;
        }
    }
}

/// Waits for two or more futures of one kind.
async fn join_all(mut futures: impl Iterator<Item = impl Future>) {
    if let (Some(one), Some(other)) = (futures.next(), futures.next()) {
        tokio::join!(one, other);
    }
}

/// Grants for the load to begin with.
pub async fn furnish(arena: &Arena, dice: &mut Dice, grants: usize) {
    for _ in 0..grants {
        let replica = dice.below(arena.wires.len());
        connect(arena, replica, dice).await;
    }
}
