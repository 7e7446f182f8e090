//! What is left of the peak when twice as much is asked.
//!
//! The server has a core of its own meanwhile, because what it costs to ask says nothing about it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::task::JoinSet;

use crate::arena::Arena;
use crate::check::Promise;
use crate::cores::Parted;
use crate::history::Outcome;
use crate::isolation::{Isolation, PERIOD, TRIES};
use crate::load::Load;
use crate::site::Site;

/// What is left of the peak at least. The goal is 0.8; turning a request away costs a fifth of a call, so that about 0.75 is left.
const LEAST_GOODPUT: f64 = 0.7;
/// How many call at a time for the peak, and how many at most for twice as much.
const CALLERS: usize = 32;
const MOST: u32 = 2000;
/// How long they ask before it counts.
const WARMING: Duration = Duration::from_secs(1);

/// Asks for twice as much as was ever served.
pub(crate) async fn overload(
    site: &mut Site,
    arena: &Arc<Arena>,
    seed: u64,
    found: &mut Isolation,
) -> Result<()> {
    let server = site.server(0).context("the server runs")?.pid()?;
    let Some(_parted) = Parted::from(server)? else {
        eprintln!("SKIPPED: goodput at twice the peak, because there is only one core");
        return Ok(());
    };
    let mut most = (0.0, 0.0);
    for _ in 0..TRIES {
        let peak = peak(arena).await;
        let load = Load { calls_only: true, seed, most_at_a_time: MOST, ..Load::of(peak * 2.0) };
        // That everybody connects at once is over before it counts.
        load.run(arena, WARMING).await;
        let begun = Instant::now();
        let served = load.run(arena, PERIOD).await;
        let share = rate(served.good, begun.elapsed()) / peak.max(1.0);
        if share > most.0 {
            most = (share, peak);
        }
        if share >= LEAST_GOODPUT {
            break;
        }
    }
    let (share, peak) = most;
    let line = format!("{:.0} % of the peak of {peak:.0} calls/s", share * 100.0);
    if share < LEAST_GOODPUT {
        found.violated(Promise::Isolation, format!("at twice the peak, {line} was served"));
    }
    found.lines.push(("goodput at twice the peak", line));
    Ok(())
}

/// Calls in a second that the server serves when everybody waits for the answer before.
async fn peak(arena: &Arc<Arena>) -> f64 {
    let served = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let mut callers = JoinSet::new();
    for number in 0..CALLERS {
        let (arena, served) = (Arc::clone(arena), Arc::clone(&served));
        callers.spawn(async move {
            while begun.elapsed() < PERIOD {
                let key = {
                    let holdings = arena.holdings();
                    holdings.live[number % holdings.live.len()].clone()
                };
                if arena.call(0, &key).await == Outcome::Done {
                    served.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    while callers.join_next().await.is_some() {}
    rate(served.load(Ordering::Relaxed), begun.elapsed())
}

#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn rate(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}
