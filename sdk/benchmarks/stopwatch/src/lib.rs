//! What every client of the benchmark does around its call: read the arguments, warm up, call, and say what it cost.
//!
//! The arguments are the endpoint, how many calls are in flight, and how many calls to make.
//! The answer is one line: nanoseconds of CPU of this process and nanoseconds that went by, both for the measured calls alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};
use tokio::task::JoinSet;

/// What the server lets in.
pub const TOKEN: &str = "lkmcp_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLM";
/// Calls before the measured ones: connections are open then, and revisions agreed.
const WARM_UP: usize = 500;

pub struct Plan {
    pub endpoint: String,
    in_flight: usize,
    calls: usize,
}

impl Plan {
    pub fn from_arguments() -> Self {
        let mut arguments = std::env::args().skip(1);
        let mut next = || arguments.next().expect("usage: ENDPOINT IN_FLIGHT CALLS");
        Self {
            endpoint: next(),
            in_flight: next().parse().expect("a number of calls in flight"),
            calls: next().parse().expect("a number of calls"),
        }
    }

    /// Makes the calls and prints what they cost.
    pub async fn run<C, F>(&self, call: C)
    where
        C: Fn() -> F + Clone + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        self.calls(WARM_UP.min(self.calls), &call).await;
        let (cpu, wall) = (cpu(), Instant::now());
        self.calls(self.calls, &call).await;
        println!("{} {}", self::cpu() - cpu, wall.elapsed().as_nanos());
    }

    async fn calls<C, F>(&self, calls: usize, call: &C)
    where
        C: Fn() -> F + Clone + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let left = Arc::new(AtomicUsize::new(calls));
        let mut workers = JoinSet::new();
        for _ in 0..self.in_flight {
            let (left, call) = (Arc::clone(&left), call.clone());
            workers.spawn(async move {
                while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                    call().await;
                }
            });
        }
        while let Some(done) = workers.join_next().await {
            done.expect("a call failed");
        }
    }
}

/// Nanoseconds of CPU that this process has used, in user and kernel mode.
fn cpu() -> u64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    used.tv_sec.unsigned_abs() * 1_000_000_000 + used.tv_nsec.unsigned_abs()
}
