//! Time that never goes back.
//!
//! Whether something has expired depends on one clock, the database's. Where the machine of that clock is set back, a token that had expired would come back to
//! life and one that lives would live longer. So what the database says is only believed when it is later than what this process has seen, counted on by the
//! monotonic clock. A new process begins with the time of the last thing that was written down.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use crate::authority::Timestamp;

/// A clock over a clock that may be set back.
#[derive(Debug)]
pub(crate) struct Steady {
    begun: Instant,
    /// The time at `begun`, in milliseconds, by the latest reading.
    origin: AtomicI64,
}

impl Steady {
    /// A clock that says at least `floor`.
    pub(crate) fn from(floor: Option<i64>) -> Self {
        Self { begun: Instant::now(), origin: AtomicI64::new(floor.unwrap_or(i64::MIN / 2)) }
    }

    /// The time, given what the database just said.
    pub(crate) fn read(&self, told: Timestamp) -> Timestamp {
        #[cfg(feature = "danger-planted-faults")]
        let told = match crate::danger::machine_clock(told) {
            (told, true) => return told,
            (told, false) => told,
        };
        let elapsed = i64::try_from(self.begun.elapsed().as_millis()).unwrap_or(i64::MAX / 4);
        let origin = told.0 - elapsed;
        let latest = self.origin.fetch_max(origin, Ordering::Relaxed).max(origin);
        Timestamp(latest + elapsed)
    }
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
}
