//! Asks for what was acknowledged: tokens that live, tokens that are dead, what can be used once, dashboards.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::arena::Arena;
use crate::history::{Micros, Outcome};
use crate::holdings::{Held, Key};
use crate::random::Dice;

/// Older tokens of each sort that are asked for after a restart.
const PROBES: usize = 150;
/// How long before a kill something may have been acknowledged to be asked for after it in any case, in microseconds.
const RECENT: Micros = 5_000_000;
/// How many ask at a time.
const ASKERS: usize = 16;
/// How long the last question may take to be answered, with all attempts.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many unanswered questions are enough.
const ENOUGH: usize = 20;

/// Asks, after something went wrong at `since`, for everything that was acknowledged shortly before and for some of what is older.
pub async fn probe(arena: &Arc<Arena>, dice: &mut Dice, since: Micros) {
    let recent = since.saturating_sub(RECENT);
    let keys = {
        let history = arena.history();
        let holdings = arena.holdings();
        let minted = |key: &Key| {
            let index = usize::try_from(key.id.0).ok();
            index.and_then(|index| history.tokens.get(index)).map_or(0, |minted| minted.at)
        };
        let (new, old): (Vec<&Key>, Vec<&Key>) =
            holdings.live.iter().partition(|key| minted(key) >= recent);
        let first = holdings.dead.partition_point(|(at, _)| *at < recent);
        let (old_dead, new_dead) = holdings.dead.split_at(first);
        let mut keys: Vec<Key> = new.into_iter().cloned().collect();
        keys.extend(new_dead.iter().map(|(_, key)| key.clone()));
        keys.extend(some(&old, dice).into_iter().cloned());
        let old_dead: Vec<&Key> = old_dead.iter().map(|(_, key)| key).collect();
        keys.extend(some(&old_dead, dice).into_iter().cloned());
        keys
    };
    ask(arena, keys, Duration::ZERO).await;
    for held in newest(arena, recent) {
        let replica = dice.below(arena.wires.len());
        arena.reuse(replica, &held).await;
        arena.call(replica, &held.access).await;
    }
    read(arena, 10).await;
}

/// Asks for everything, lets every application refresh once more, and returns what was not answered.
pub async fn probe_everything(arena: &Arc<Arena>, dice: &mut Dice) -> Vec<String> {
    let keys: Vec<Key> = {
        let holdings = arena.holdings();
        holdings.live.iter().chain(holdings.dead.iter().map(|(_, key)| key)).cloned().collect()
    };
    let mut unanswered = ask(arena, keys, PATIENCE).await;
    read(arena, usize::MAX).await;
    let grants = std::mem::take(&mut arena.holdings().grants);
    for held in grants {
        if unanswered.len() >= ENOUGH {
            break;
        }
        match arena.refresh_patiently(dice.below(arena.wires.len()), &held).await {
            Ok(_) | Err(Outcome::Denied) => {}
            Err(outcome) => {
                unanswered.push(format!("{held:?} could not be refreshed: {outcome:?}"))
            }
        }
    }
    unanswered
}

/// Asks for every key and returns those that nobody answered in time.
async fn ask(arena: &Arc<Arena>, keys: Vec<Key>, patience: Duration) -> Vec<String> {
    let keys = Arc::new(Mutex::new(keys));
    let unanswered = Arc::new(Mutex::new(Vec::new()));
    let mut askers = JoinSet::new();
    for number in 0..ASKERS {
        let (arena, keys, unanswered) =
            (Arc::clone(arena), Arc::clone(&keys), Arc::clone(&unanswered));
        askers.spawn(async move {
            loop {
                let next = keys.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let Some(key) = next else { return };
                if let Err(outcome) = answered(&arena, number, &key, patience).await {
                    let mut list = unanswered.lock().unwrap_or_else(PoisonError::into_inner);
                    list.push(format!("{key:?} was not answered: {outcome:?}"));
                    if patience > Duration::ZERO && list.len() >= ENOUGH {
                        return;
                    }
                }
            }
        });
    }
    while askers.join_next().await.is_some() {}
    std::mem::take(&mut *unanswered.lock().unwrap_or_else(PoisonError::into_inner))
}

async fn answered(
    arena: &Arena,
    number: usize,
    key: &Key,
    patience: Duration,
) -> Result<(), Outcome> {
    let begun = Instant::now();
    let mut replica = number;
    loop {
        let outcome = arena.call(replica % arena.wires.len(), key).await;
        if matches!(outcome, Outcome::Done | Outcome::Denied) {
            return Ok(());
        }
        if begun.elapsed() >= patience {
            return Err(outcome);
        }
        replica += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The newest dashboards, with whatever token is served.
async fn read(arena: &Arena, most: usize) {
    let (readers, saved) = {
        let holdings = arena.holdings();
        let saved: Vec<u32> = holdings.saved.iter().rev().take(most).copied().collect();
        (holdings.live.iter().rev().take(10).cloned().collect::<Vec<Key>>(), saved)
    };
    for (index, reader) in readers.iter().enumerate() {
        if arena.call(index % arena.wires.len(), reader).await == Outcome::Done {
            for (index, number) in saved.iter().enumerate() {
                arena.read(index % arena.wires.len(), reader, *number).await;
            }
            return;
        }
    }
}

/// A grant whose code was redeemed lately, and one that was refreshed lately; nobody else works with them from here on.
fn newest(arena: &Arena, recent: Micros) -> Vec<Held> {
    let history = arena.history();
    let mut holdings = arena.holdings();
    let mut found = Vec::new();
    for is_code in [true, false] {
        let is_recent = |held: &Held| {
            let minted = usize::try_from(held.access.id.0).ok();
            let minted = minted.and_then(|index| history.tokens.get(index));
            (held.generation == 0) == is_code && minted.is_some_and(|minted| minted.at >= recent)
        };
        if let Some(index) = holdings.grants.iter().rposition(is_recent) {
            found.push(holdings.grants.swap_remove(index));
        }
    }
    found
}

/// Some of them, each once at most.
fn some<'k>(keys: &[&'k Key], dice: &mut Dice) -> Vec<&'k Key> {
    let mut keys = keys.to_vec();
    let count = PROBES.min(keys.len());
    for index in 0..count {
        let other = index + dice.below(keys.len() - index);
        keys.swap(index, other);
    }
    keys.truncate(count);
    keys
}
