//! Time that neither goes back nor leaps.
//!
//! Whether something has expired depends on one clock, the database's. Where the machine of that clock is set back, a token that had expired would come back to
//! life and one that lives would live longer. So time goes on by this process's monotonic clock when the database says less, a little slower than usual until
//! both agree again: two clocks never run at quite the same rate, and the faster one would be ever further ahead.
//!
//! A clock that is set forward for a moment and back again would leave the servers that looked meanwhile far ahead of those that did not: what one makes, the
//! other calls expired. So a leap is doubted, and time goes on as before, until the database has said the same for a minute.
//!
//! A new process begins with the time of the last thing that was written down, and believes the database once.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::authority::Timestamp;

/// Which part of the time that passes is left out while the database is behind.
const SLOWER: i64 = 64;
/// How far ahead the database may be without being doubted, in microseconds.
const LEAP: i64 = 5_000_000;
/// How long a leap is doubted, in microseconds.
const DOUBT: i64 = 60_000_000;

/// A clock over a clock that may be set.
#[derive(Debug)]
pub(crate) struct Steady {
    /// The time, and when it was that.
    latest: Mutex<(Reckoning, Instant)>,
}

impl Steady {
    /// A clock that says at least `floor`.
    pub(crate) fn from(floor: Option<i64>) -> Self {
        let time = floor.unwrap_or_default().saturating_mul(1000);
        let reckoning = Reckoning { time, doubted: None, is_told: false };
        Self { latest: Mutex::new((reckoning, Instant::now())) }
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
        let next = latest.0.after(micros(now, latest.1), told.0.saturating_mul(1000));
        *latest = (next, now);
        Timestamp(next.time / 1000)
    }

    /// About the time, without asking the database; `None` when it was never asked.
    pub(crate) fn about(&self) -> Option<Timestamp> {
        let (latest, at) = *self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let time = latest.time.saturating_add(micros(Instant::now(), at));
        latest.is_told.then_some(Timestamp(time / 1000))
    }
}

fn micros(now: Instant, since: Instant) -> i64 {
    i64::try_from(now.saturating_duration_since(since).as_micros()).unwrap_or(i64::MAX / 2)
}

/// What the time is and how it came about.
#[derive(Clone, Copy, Debug)]
struct Reckoning {
    /// In microseconds since the Unix epoch.
    time: i64,
    /// How long the database has been far ahead, in microseconds, while it is.
    doubted: Option<i64>,
    /// Whether the database was ever asked.
    is_told: bool,
}

impl Reckoning {
    /// The time when `passed` is over since, and the database says `told`.
    fn after(self, passed: i64, told: i64) -> Self {
        let whole = self.time.saturating_add(passed);
        let doubted = (self.is_told && told > whole.saturating_add(LEAP))
            .then(|| self.doubted.map_or(0, |doubted| doubted.saturating_add(passed)));
        let time = match doubted {
            Some(doubted) if doubted < DOUBT => {
                return Self { time: whole, doubted: Some(doubted), ..self };
            }
            _ => told.max(self.time.saturating_add(passed - passed / SLOWER)),
        };
        Self { time, doubted: None, is_told: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;
    const HOUR: i64 = 3600 * SECOND;

    fn at(time: i64) -> Reckoning {
        Reckoning { time, doubted: None, is_told: true }
    }

    #[test]
    fn a_clock_that_is_set_back_is_not_believed() {
        let clock = Steady::from(None);
        let first = clock.read(Timestamp(10_000_000));
        let later = clock.read(Timestamp(10_000_000 - 3_600_000));
        assert!(later >= first);
        assert!(clock.about() >= Some(later));
    }

    #[test]
    fn a_new_process_begins_where_the_last_one_wrote_and_believes_once() {
        let clock = Steady::from(Some(5000));
        assert_eq!(clock.about(), None);
        assert!(clock.read(Timestamp(1000)) >= Timestamp(5000));
        assert!(clock.read(Timestamp(1000)) < Timestamp(60_000));
        assert!(Steady::from(Some(5000)).read(Timestamp(90_000_000)) >= Timestamp(90_000_000));
    }

    #[test]
    fn a_clock_that_is_ahead_is_caught_up_with_and_never_stands_still() {
        let (step, ahead) = (1000, 1_000_000);
        let (mut told, mut now) = (0, at(ahead));
        for _ in 0..SLOWER * ahead / step {
            told += step;
            let next = now.after(step, told);
            assert!(next.time > now.time);
            now = next;
        }
        // What is left out of a step is rounded down.
        assert!(now.time - told < ahead / 10, "{}", now.time - told);
    }

    #[test]
    fn a_clock_that_is_set_forward_and_back_changes_nothing() {
        let mut now = at(HOUR);
        for _ in 0..50 {
            let next = now.after(SECOND, now.time + HOUR);
            assert_eq!(next.time, now.time + SECOND);
            now = next;
        }
        now = now.after(SECOND, now.time + SECOND);
        assert_eq!((now.time, now.doubted), (HOUR + 51 * SECOND, None));
        // Another time is another doubt.
        assert_eq!(now.after(SECOND, 3 * HOUR).time, now.time + SECOND);
    }

    #[test]
    fn a_clock_that_was_set_forward_for_good_is_believed_after_a_minute() {
        let (mut now, mut told) = (at(0), HOUR);
        for _ in 0..=60 {
            told += SECOND;
            assert!(now.time < HOUR);
            now = now.after(SECOND, told);
        }
        assert_eq!(now.time, told);
    }

    #[test]
    fn a_clock_that_runs_a_little_faster_is_followed() {
        assert_eq!(at(0).after(SECOND, 3 * SECOND).time, 3 * SECOND);
    }
}
