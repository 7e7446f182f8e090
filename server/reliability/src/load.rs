//! Open-loop load: arrivals at random times that do not wait for the server, so a server that stands still is charged for everybody who had to wait.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::sync::Semaphore;

use crate::arena::Arena;
use crate::history::Outcome;
use crate::random::Dice;

/// Most dashboards that a run saves.
const MOST_DASHBOARDS: u32 = 200;

/// How long calls took, counted from when they were meant to start.
#[derive(Debug)]
pub struct Latencies(Mutex<Histogram<u64>>);

/// The median and the 99th percentile of calls.
#[derive(Clone, Copy, Debug, Default)]
pub struct Percentiles {
    /// Half of the calls were faster.
    pub p50: Duration,
    /// 99 of 100 were faster.
    pub p99: Duration,
    /// How many calls.
    pub calls: u64,
    /// How many of them were answered by the tool.
    pub good: u64,
}

/// One period of load.
#[derive(Debug)]
pub struct Load {
    /// Arrivals in a second.
    pub rate: f64,
    /// Calls only, in place of the mix.
    pub calls_only: bool,
    /// Most operations at a time. Who arrives when all are busy waits, and the wait counts.
    pub most_at_a_time: u32,
    /// The dice's seed.
    pub seed: u64,
    /// The end, from outside.
    pub stop: Arc<AtomicBool>,
}

impl Default for Latencies {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, 60_000_000, 3);
        Self(Mutex::new(histogram.expect("the bounds are in order")))
    }
}

impl Latencies {
    fn add(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).saturating_record(micros);
    }

    fn percentiles(&self, good: u64) -> Percentiles {
        let histogram = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = |percent| Duration::from_micros(histogram.value_at_percentile(percent));
        Percentiles { p50: at(50.0), p99: at(99.0), calls: histogram.len(), good }
    }
}

impl Load {
    /// The mix at a rate.
    #[must_use]
    pub fn of(rate: f64) -> Self {
        Self { rate, calls_only: false, most_at_a_time: 256, seed: 0, stop: Arc::default() }
    }

    /// Loads the arena for `time`, or until it is stopped.
    pub async fn run(&self, arena: &Arc<Arena>, time: Duration) -> Percentiles {
        let latencies = Arc::new(Latencies::default());
        let good = Arc::new(AtomicU64::new(0));
        let saves = Arc::new(AtomicU32::new(0));
        let places = Arc::new(Semaphore::new(self.most_at_a_time.try_into().unwrap_or(256)));
        let mut dice = Dice::new(self.seed, 1);
        let begun = Instant::now();
        let mut due = Duration::ZERO;
        loop {
            due += dice.pause(self.rate);
            if due >= time || self.stop.load(Ordering::Relaxed) {
                break;
            }
            let intended = begun + due;
            tokio::time::sleep_until(intended.into()).await;
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
            let operation = if self.calls_only { 0 } else { dice.below(1000) };
            let own = Dice::new(dice.roll(), 2);
            let (arena, latencies) = (Arc::clone(arena), Arc::clone(&latencies));
            let (good, saves) = (Arc::clone(&good), Arc::clone(&saves));
            tokio::spawn(async move {
                if perform(&arena, operation, own, &saves).await == Some(Outcome::Done) {
                    good.fetch_add(1, Ordering::Relaxed);
                }
                if operation < 850 {
                    latencies.add(intended.elapsed());
                }
                drop(place);
            });
        }
        // Whoever is on the way is waited for.
        let all = places.acquire_many(self.most_at_a_time);
        let _all = tokio::time::timeout(Duration::from_secs(30), all).await;
        latencies.percentiles(good.load(Ordering::Relaxed))
    }
}

/// 85 % calls, 10 % refreshes, 3 % new connections, 2 % revocations; a few of the calls save and read dashboards.
async fn perform(
    arena: &Arena,
    operation: usize,
    mut dice: Dice,
    saves: &AtomicU32,
) -> Option<Outcome> {
    let replica = dice.below(arena.wires.len());
    match operation {
        0..850 => {
            let key = {
                let holdings = arena.holdings();
                holdings.live.get(dice.below(holdings.live.len())).cloned()
            }?;
            let number = saves.load(Ordering::Relaxed);
            match operation {
                1..3 if number < MOST_DASHBOARDS => {
                    let number = saves.fetch_add(1, Ordering::Relaxed);
                    Some(arena.save(replica, &key, number).await)
                }
                3..8 => {
                    let number = {
                        let holdings = arena.holdings();
                        holdings.saved.get(dice.below(holdings.saved.len())).copied()
                    }?;
                    Some(arena.read(replica, &key, number).await)
                }
                _ => Some(arena.call(replica, &key).await),
            }
        }
        850..950 => {
            let held = take(arena, &mut dice)?;
            match arena.refresh_patiently(replica, &held).await {
                Ok(next) => {
                    let mut holdings = arena.holdings();
                    holdings.live.push(next.access.clone());
                    holdings.grants.push(next);
                    // The pool of living tokens stays as small as that of a client that forgets what it replaced.
                    holdings.live.retain(|key| key.id != held.access.id);
                }
                Err(_) => arena.bury(held.grant),
            }
            None
        }
        950..980 => {
            connect(arena, replica, &mut dice).await;
            None
        }
        _ => {
            let held = take(arena, &mut dice)?;
            arena.end_grant(replica, &held).await;
            for replica in 0..arena.wires.len() {
                arena.call(replica, &held.access).await;
            }
            None
        }
    }
}

/// A new connection, from consent to tokens.
pub(crate) async fn connect(arena: &Arena, replica: usize, dice: &mut Dice) -> Option<()> {
    let (person, client) = (dice.below(arena.people.len()), dice.below(arena.clients.len()));
    let waiting = arena.authorize(replica, person, client).await?;
    let replica = dice.below(arena.wires.len());
    let mut outcome = arena.exchange(replica, &waiting).await;
    for _ in 0..20 {
        match outcome {
            Err(Outcome::NotSent) => tokio::time::sleep(Duration::from_millis(100)).await,
            Err(Outcome::Unavailable { .. } | Outcome::Limited) => {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            _ => break,
        }
        outcome = arena.exchange(dice.below(arena.wires.len()), &waiting).await;
    }
    let held = outcome.ok()?;
    let mut holdings = arena.holdings();
    holdings.live.push(held.access.clone());
    holdings.grants.push(held);
    Some(())
}

pub(crate) fn take(arena: &Arena, dice: &mut Dice) -> Option<crate::holdings::Held> {
    let mut holdings = arena.holdings();
    let index = dice.below(holdings.grants.len());
    (index < holdings.grants.len()).then(|| holdings.grants.swap_remove(index))
}
