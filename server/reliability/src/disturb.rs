//! What is done to servers and their database while they are loaded.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::arena::Arena;
use crate::history::{Micros, Outcome};
use crate::probe::probe;
use crate::random::Dice;
use crate::site::Site;

/// How long calls may fail after a server or its database is back before that is noted and no longer waited for.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// The 17th passage at most, so that the process does some work first.
const LATEST_PASSAGE: usize = 17;

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    /// One server after the other is asked to end, has ended, and is started again.
    Roll,
    /// The database is killed, every process at once, or ends without a checkpoint; and starts again.
    Crash {
        /// Every process at once.
        at_once: bool,
    },
}

/// Everything that can go wrong, in the order in which it does.
pub const DISTURBANCES: [Disturbance; 10] = [
    Disturbance::Outage,
    Disturbance::Failpoint("between-changes"),
    Disturbance::Kill,
    Disturbance::Crash { at_once: true },
    Disturbance::Roll,
    Disturbance::Failpoint("before-commit"),
    Disturbance::Pause,
    Disturbance::KillAtStart,
    Disturbance::Failpoint("after-commit"),
    Disturbance::Crash { at_once: false },
];

/// How often each kind of thing went wrong.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// What happened, and how often.
    pub happened: BTreeMap<Disturbance, u32>,
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
    /// Rolling restarts of all servers.
    pub rolls: u32,
    /// Requests whose answer was lost while the server that they were sent to was ending.
    pub cut: usize,
    /// What was wrong with the ends of servers that were asked to end.
    pub bad_ends: Vec<String>,
    /// The longest time from the start of a server or of the database to the next call that succeeded, on every replica.
    pub slowest_recovery: Duration,
    /// What was found half done.
    pub half_states: Vec<String>,
}

impl Disturbance {
    /// Whether it makes sense there.
    #[must_use]
    pub fn is_possible(self, site: &Site) -> bool {
        match self {
            Self::Failpoint(_) => site.has_failpoints(),
            Self::Crash { .. } => site.database.url().is_some(),
            // One server alone would pause everybody; that shows nothing.
            Self::Pause => site.replicas() > 1,
            Self::Kill | Self::KillAtStart | Self::Outage | Self::Roll => true,
        }
    }

    /// Does it, puts everything back and probes what was acknowledged before.
    ///
    /// # Errors
    ///
    /// When a server does not come back.
    pub async fn happen(
        self,
        site: &mut Site,
        arena: &Arc<Arena>,
        dice: &mut Dice,
        tally: &mut Tally,
    ) -> Result<()> {
        let since = arena.now();
        if self.strike(site, arena, dice, tally).await? {
            *tally.happened.entry(self).or_default() += 1;
        }
        recovered(arena, dice, tally).await;
        // No process ended, so nothing can have been lost.
        if self == Self::Outage {
            return Ok(());
        }
        probe(arena, dice, since).await;
        for half in site.database.half_states()? {
            if !tally.half_states.contains(&half) {
                tally.half_states.push(half);
            }
        }
        Ok(())
    }

    /// Does it and puts everything back. Returns whether it came to it.
    async fn strike(
        self,
        site: &mut Site,
        arena: &Arena,
        dice: &mut Dice,
        tally: &mut Tally,
    ) -> Result<bool> {
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
            Self::Failpoint(name) => {
                site.kill(victim, arena)?;
                let passage = 1 + dice.below(LATEST_PASSAGE);
                site.start(victim, Some(&format!("{name}:{passage}"))).await?;
                let patience = Instant::now();
                let mut is_reached = false;
                while patience.elapsed() < Duration::from_secs(5) {
                    let Some(server) = site.server(victim) else { break };
                    if server.ended()?.is_some() {
                        tally.failpoints += 1;
                        is_reached = true;
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                site.kill(victim, arena)?;
                site.start(victim, None).await?;
                return Ok(is_reached);
            }
            Self::Outage => {
                site.database.hide_tokens(true)?;
                tokio::time::sleep(
                    dice.between(Duration::from_millis(100), Duration::from_millis(400)),
                )
                .await;
                site.database.hide_tokens(false)?;
                tally.outages += 1;
            }
            Self::Crash { at_once } => {
                // The start of a cluster blocks its thread, and the load goes on meanwhile.
                let crash = || site.database.crash(at_once, || arena.note_end());
                if !tokio::task::block_in_place(crash) {
                    return Ok(false);
                }
                tally.database_kills += 1;
            }
            Self::Roll => {
                for index in 0..site.replicas() {
                    let asked = arena.now();
                    tally.bad_ends.extend(site.stop(index, arena).await?);
                    tally.cut += cut(arena, index, asked);
                    site.start(index, None).await?;
                }
                tally.rolls += 1;
            }
            Self::Pause => {
                let time = dice.between(Duration::from_millis(100), Duration::from_secs(5));
                if let Some(server) = site.server(victim) {
                    server.pause()?;
                    tokio::time::sleep(time).await;
                    server.resume()?;
                    tally.pauses += 1;
                }
            }
        }
        Ok(true)
    }
}

/// Requests to a replica whose answer was lost since it was asked to end.
fn cut(arena: &Arena, replica: usize, asked: Micros) -> usize {
    let history = arena.history();
    let later = history.records.iter().rev().take_while(|record| record.end >= asked);
    later.filter(|record| record.replica == replica && record.outcome == Outcome::Unknown).count()
}

/// Waits until calls succeed again on every replica, and notes how long that took.
pub async fn recovered(arena: &Arena, dice: &mut Dice, tally: &mut Tally) {
    let begun = Instant::now();
    for replica in 0..arena.wires.len() {
        while begun.elapsed() < PATIENCE {
            let key = {
                let holdings = arena.holdings();
                holdings.live.get(dice.below(holdings.live.len())).cloned()
            };
            if let Some(key) = key
                && arena.call(replica, &key).await == Outcome::Done
            {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    tally.slowest_recovery = tally.slowest_recovery.max(begun.elapsed());
}
