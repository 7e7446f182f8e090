//! What is done to servers and their database while they are loaded, and the probes afterwards.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::arena::{Arena, Key};
use crate::history::Outcome;
use crate::random::Dice;
use crate::site::Site;

/// Tokens of each sort that are probed after a restart.
const PROBES: usize = 150;
/// The 17th passage at most, so that the process does some work first.
const LATEST_PASSAGE: usize = 17;

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disturbance {
    /// `kill -9` of a server at any moment.
    Kill,
    /// `kill -9`, and again while it starts.
    KillAtStart,
    /// The process ends at a named point of its code.
    Failpoint(&'static str),
    /// A table is gone for a moment.
    Outage,
    /// A replica stands still for a while.
    Pause,
    /// The database is killed, every process at once, or ends without a checkpoint; and starts again.
    Crash {
        /// Every process at once.
        at_once: bool,
    },
}

/// Everything that can go wrong, in the order in which it does.
pub const DISTURBANCES: [Disturbance; 9] = [
    Disturbance::Outage,
    Disturbance::Failpoint("between-changes"),
    Disturbance::Kill,
    Disturbance::Failpoint("before-commit"),
    Disturbance::Pause,
    Disturbance::Crash { at_once: true },
    Disturbance::KillAtStart,
    Disturbance::Failpoint("after-commit"),
    Disturbance::Crash { at_once: false },
];

/// How often each kind of thing went wrong.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Kills of a server at any moment.
    pub kills: u32,
    /// Ends at a failpoint.
    pub failpoints: u32,
    /// Moments without a table.
    pub outages: u32,
    /// Pauses of a replica.
    pub pauses: u32,
    /// Kills of the database.
    pub database_kills: u32,
    /// The longest time from the start of the database to the next call that succeeded.
    pub slowest_recovery: Duration,
    /// What was found half done.
    pub half_states: Vec<String>,
    /// The most memory that the servers had.
    pub peak_resident: u64,
}

impl Disturbance {
    /// Does it, puts everything back and probes what was acknowledged before.
    ///
    /// # Errors
    ///
    /// When a server does not come back.
    pub async fn happen(
        self,
        site: &mut Site,
        arena: &Arena,
        dice: &mut Dice,
        tally: &mut Tally,
    ) -> Result<()> {
        tally.peak_resident = tally.peak_resident.max(site.resident());
        let victim = dice.below(site.replicas());
        match self {
            Self::Kill => {
                tokio::time::sleep(dice.between(Duration::ZERO, Duration::from_millis(200))).await;
                site.kill(victim, arena)?;
                tally.kills += 1;
                site.start(victim, None).await?;
            }
            Self::KillAtStart => {
                site.kill(victim, arena)?;
                let after = dice.between(Duration::ZERO, Duration::from_millis(150));
                site.start_and_kill(victim, after).await?;
                tally.kills += 2;
                site.start(victim, None).await?;
            }
            Self::Failpoint(_) if !site.has_failpoints() => return Ok(()),
            Self::Failpoint(name) => {
                site.kill(victim, arena)?;
                let passage = 1 + dice.below(LATEST_PASSAGE);
                site.start(victim, Some(&format!("{name}:{passage}"))).await?;
                let patience = Instant::now();
                while patience.elapsed() < Duration::from_secs(5) {
                    let Some(server) = site.server(victim) else { break };
                    if server.ended()?.is_some() {
                        tally.failpoints += 1;
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                site.kill(victim, arena)?;
                site.start(victim, None).await?;
            }
            Self::Outage => {
                site.database.hide_tokens(true)?;
                tokio::time::sleep(
                    dice.between(Duration::from_millis(100), Duration::from_millis(400)),
                )
                .await;
                site.database.hide_tokens(false)?;
                tally.outages += 1;
                return Ok(());
            }
            Self::Crash { at_once } => {
                // The start of a cluster blocks its thread, and the load goes on meanwhile.
                let now = arena.now();
                arena.history().kills.push(now);
                if !tokio::task::block_in_place(|| site.database.crash(at_once)) {
                    return Ok(());
                }
                tally.database_kills += 1;
                recovered(arena, dice, tally).await;
            }
            Self::Pause => {
                // One server alone would pause everybody; that shows nothing.
                if site.replicas() == 1 {
                    return Ok(());
                }
                let time = dice.between(Duration::from_millis(100), Duration::from_secs(5));
                if let Some(server) = site.server(victim) {
                    server.pause()?;
                    tokio::time::sleep(time).await;
                    server.resume()?;
                    tally.pauses += 1;
                }
            }
        }
        probe(arena, dice).await;
        for half in site.database.half_states()? {
            if !tally.half_states.contains(&half) {
                tally.half_states.push(half);
            }
        }
        Ok(())
    }
}

/// Waits until calls succeed again, and notes how long that took.
async fn recovered(arena: &Arena, dice: &mut Dice, tally: &mut Tally) {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(10) {
        let key = {
            let holdings = arena.holdings();
            holdings.live.get(dice.below(holdings.live.len())).cloned()
        };
        let Some(key) = key else { return };
        if arena.call(dice.below(arena.wires.len()), &key).await == Outcome::Done {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tally.slowest_recovery = tally.slowest_recovery.max(begun.elapsed());
}

/// Asks for what was acknowledged: tokens that live, tokens that are dead, dashboards.
pub async fn probe(arena: &Arena, dice: &mut Dice) {
    let (live, dead, saved) = {
        let holdings = arena.holdings();
        let some = |keys: &[Key], dice: &mut Dice| -> Vec<Key> {
            let count = PROBES.min(keys.len());
            (0..count).map(|_| keys[dice.below(keys.len())].clone()).collect()
        };
        let saved = holdings.saved.iter().rev().take(10).copied().collect::<Vec<u32>>();
        (some(&holdings.live, dice), some(&holdings.dead, dice), saved)
    };
    let mut reader = None;
    for key in live.iter().chain(&dead) {
        let outcome = arena.call(dice.below(arena.wires.len()), key).await;
        if outcome == Outcome::Done {
            reader = Some(key);
        }
    }
    for number in saved {
        if let Some(key) = reader {
            arena.read(dice.below(arena.wires.len()), key, number).await;
        }
    }
}
