//! Time that never goes back.
//!
//! Whether something has expired depends on one clock, the database's. Where the machine of that clock is set back, a token that had expired would come back to
//! life and one that lives would live longer. So time goes on by this process's monotonic clock when the database says less, a little slower than usual until
//! both agree again: two clocks never run at quite the same rate, and the faster one would be ever further ahead.
//!
//! A new process begins with the time of the last thing that was written down.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::authority::Timestamp;

/// Which part of the time that passes is left out while the database is behind.
const SLOWER: i64 = 64;

/// A clock over a clock that may be set back.
#[derive(Debug)]
pub(crate) struct Steady {
    /// The time in microseconds since the Unix epoch, and when it was that.
    latest: Mutex<(i64, Instant)>,
}

impl Steady {
    /// A clock that says at least `floor`.
    pub(crate) fn from(floor: Option<i64>) -> Self {
        let floor = floor.unwrap_or_default().saturating_mul(1000);
        Self { latest: Mutex::new((floor, Instant::now())) }
    }

    /// The time, given what the database just said.
    pub(crate) fn read(&self, told: Timestamp) -> Timestamp {
        #[cfg(feature = "danger-planted-faults")]
        let told = match crate::danger::machine_clock(told) {
            (told, true) => return told,
            (told, false) => told,
        };
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let passed = now.saturating_duration_since(latest.1).as_micros();
        let passed = i64::try_from(passed).unwrap_or(i64::MAX / 2);
        let time = after(latest.0, passed, told.0.saturating_mul(1000));
        *latest = (time, now);
        Timestamp(time / 1000)
    }
}

/// The time when `passed` is over since `latest` and the database says `told`.
fn after(latest: i64, passed: i64, told: i64) -> i64 {
    told.max(latest.saturating_add(passed - passed / SLOWER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_is_not_believed() {
        let clock = Steady::from(None);
        let first = clock.read(Timestamp(10_000_000));
        let later = clock.read(Timestamp(10_000_000 - 3_600_000));
        assert!(later >= first);
        assert!(clock.read(Timestamp(20_000_000)) >= Timestamp(20_000_000));
    }

    #[test]
    fn a_new_process_begins_where_the_last_one_wrote() {
        let clock = Steady::from(Some(5000));
        assert!(clock.read(Timestamp(1000)) >= Timestamp(5000));
        assert!(clock.read(Timestamp(1000)) < Timestamp(60_000));
    }

    #[test]
    fn a_clock_that_is_ahead_is_caught_up_with_and_never_stands_still() {
        let (step, ahead) = (1000, 1_000_000);
        let (mut told, mut time) = (0, ahead);
        for _ in 0..SLOWER * ahead / step {
            told += step;
            let next = after(time, step, told);
            assert!(next > time);
            time = next;
        }
        // What is left out of a step is rounded down.
        assert!(time - told < ahead / 10, "{}", time - told);
    }
}
