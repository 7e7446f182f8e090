//! How often documents are fetched: one at a time from one address and seldom, a few at a time in all, and none again soon after it failed.
//!
//! What was read is in the database, for every replica; this is memory of one process, and bounded.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Refusal;

const MINUTE: Duration = Duration::from_secs(60);

/// Attempts by address.
#[derive(Debug)]
pub(super) struct Attempts {
    remembered: usize,
    per_minute: usize,
    failure_kept: Duration,
    clock: AtomicU64,
    by_address: Mutex<HashMap<String, (u64, Arc<Address>)>>,
}

/// What is known of one address. Its lock is held while it is fetched, so that those who wait see how it went.
pub(super) type Address = tokio::sync::Mutex<History>;

#[derive(Debug, Default)]
pub(super) struct History {
    begun: VecDeque<Instant>,
    failed: Option<(Instant, Refusal)>,
}

impl Attempts {
    pub(super) fn new(remembered: usize, per_minute: usize, failure_kept: Duration) -> Self {
        Self {
            remembered,
            per_minute,
            failure_kept,
            clock: AtomicU64::new(0),
            by_address: Mutex::default(),
        }
    }

    /// The history of an address. The one that was not asked for the longest is forgotten for it.
    pub(super) fn at(&self, address: &str) -> Arc<Address> {
        let now = self.clock.fetch_add(1, Ordering::Relaxed);
        let mut all = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((used, history)) = all.get_mut(address) {
            *used = now;
            return Arc::clone(history);
        }
        if all.len() >= self.remembered {
            let oldest = all.iter().min_by_key(|(_, (used, _))| *used);
            if let Some(oldest) = oldest.map(|(address, _)| address.clone()) {
                all.remove(&oldest);
            }
        }
        let history = Arc::<Address>::default();
        all.insert(address.to_owned(), (now, Arc::clone(&history)));
        history
    }

    /// Whether the address may be fetched now, and if so, that it is.
    pub(super) fn begin(&self, history: &mut History, now: Instant) -> Result<(), Refusal> {
        if let Some((at, refusal)) = &history.failed
            && now.duration_since(*at) < self.failure_kept
        {
            return Err(refusal.clone());
        }
        history.failed = None;
        history.begun.retain(|begun| now.duration_since(*begun) < MINUTE);
        if history.begun.len() >= self.per_minute {
            return Err(Refusal::Busy);
        }
        history.begun.push_back(now);
        Ok(())
    }

    /// Keeps that fetching failed.
    pub(super) fn failed(&self, history: &mut History, now: Instant, refusal: &Refusal) {
        history.failed = Some((now, refusal.clone()));
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.by_address.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_fetched_twice_a_minute_and_not_soon_after_a_failure() {
        let attempts = Attempts::new(10, 2, Duration::from_secs(30));
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut history = History::default();
        assert_eq!(attempts.begin(&mut history, at(0)), Ok(()));
        assert_eq!(attempts.begin(&mut history, at(59)), Ok(()));
        assert_eq!(attempts.begin(&mut history, at(59)), Err(Refusal::Busy));
        assert_eq!(attempts.begin(&mut history, at(60)), Ok(()));
        attempts.failed(&mut history, at(61), &Refusal::Unreadable);
        assert_eq!(attempts.begin(&mut history, at(90)), Err(Refusal::Unreadable));
        assert_eq!(attempts.begin(&mut history, at(91)), Err(Refusal::Busy), "the limit stands");
        assert_eq!(attempts.begin(&mut history, at(119)), Ok(()));
    }

    #[test]
    fn memory_is_bounded_and_what_was_asked_for_last_is_kept() {
        let attempts = Attempts::new(3, 1, Duration::from_secs(30));
        let kept = attempts.at("kept");
        for number in 0..10 {
            attempts.at(&number.to_string());
            assert!(Arc::ptr_eq(&kept, &attempts.at("kept")), "{number}");
            assert!(attempts.len() <= 3);
        }
        let last = attempts.at("9");
        assert!(Arc::ptr_eq(&last, &attempts.at("9")));
    }
}
