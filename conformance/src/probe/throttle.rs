//! How fast and how much: requests are spaced evenly and counted.
//!
//! The clock is the caller's, so that the spacing can be tested without waiting.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Spaces requests and counts them.
#[derive(Debug)]
pub(crate) struct Throttle {
    interval: Duration,
    most: Option<u64>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    sent: u64,
    /// When the next request may leave, since the beginning of the run.
    next: Duration,
}

impl Throttle {
    /// At most `rate` requests a second and `most` in all.
    pub(crate) fn new(rate: Option<f64>, most: Option<u64>) -> Self {
        let interval = rate.map_or(Duration::ZERO, |rate| {
            Duration::try_from_secs_f64(1.0 / rate).unwrap_or(Duration::ZERO)
        });
        Self { interval, most, state: Mutex::default() }
    }

    /// How long a request that is ready at `now` has to wait, or nothing when no more may be sent.
    /// One that is `owed` (taking away what was made) may always be sent.
    pub(crate) fn admit(&self, now: Duration, owed: bool) -> Option<Duration> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !owed {
            if self.most.is_some_and(|most| state.sent >= most) {
                return None;
            }
            state.sent += 1;
        }
        let leaves = state.next.max(now);
        state.next = leaves + self.interval;
        Some(leaves - now)
    }

    /// The limit on all requests.
    pub(crate) fn most(&self) -> Option<u64> {
        self.most
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: proptest::test_runner::RngSeed::Fixed(20),
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn no_second_holds_more_requests_than_the_rate(
            rate in 1_u32..20,
            steps in proptest::collection::vec(0_u64..900, 1..60),
        ) {
            let throttle = Throttle::new(Some(f64::from(rate)), None);
            let mut now = Duration::ZERO;
            let mut left = Vec::new();
            for step in steps {
                now += Duration::from_millis(step);
                left.push(now + throttle.admit(now, false).unwrap());
            }
            for (index, begin) in left.iter().enumerate() {
                let window = *begin + Duration::from_millis(999);
                let count = left[index..].iter().filter(|at| **at < window).count();
                prop_assert!(count <= usize::try_from(rate).unwrap(), "{count} at {begin:?}");
            }
        }

        #[test]
        fn a_budget_is_spent_exactly_and_cleaning_up_is_free(most in 0_u64..40, owed in 0_u64..40) {
            let throttle = Throttle::new(None, Some(most));
            let sent = (0..most + 5).filter(|_| throttle.admit(Duration::ZERO, false).is_some()).count();
            prop_assert_eq!(u64::try_from(sent).unwrap(), most);
            for _ in 0..owed {
                prop_assert_eq!(throttle.admit(Duration::ZERO, true), Some(Duration::ZERO));
            }
        }
    }

    #[test]
    fn a_target_without_limits_is_never_waited_for() {
        let throttle = Throttle::new(None, None);
        assert!((0..9999).all(|_| throttle.admit(Duration::ZERO, false) == Some(Duration::ZERO)));
    }
}
