//! One sign-in at a time, and one answer for everybody who waited for it.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Mutex, MutexGuard};

use crate::Error;

/// The turns of those who may ask a person.
#[derive(Default)]
pub(super) struct Turns {
    ended: AtomicU64,
    /// What the last turn came to.
    last: Mutex<Option<Result<(), Error>>>,
}

/// The right to ask a person; dropped without an end, as by a caller that went away, it was no turn.
pub(super) struct Turn<'a> {
    ended: &'a AtomicU64,
    last: MutexGuard<'a, Option<Result<(), Error>>>,
    waited: bool,
}

impl Turns {
    /// Waits for the turn.
    pub(super) async fn take(&self) -> Turn<'_> {
        let before = self.ended.load(Ordering::Acquire);
        let last = self.last.lock().await;
        let waited = self.ended.load(Ordering::Acquire) != before;
        Turn { ended: &self.ended, last, waited }
    }
}

impl Turn<'_> {
    /// What came of the turn that ended while this one was waited for; `None` for a caller who asks of their own accord.
    pub(super) fn awaited(&self) -> Option<Result<(), Error>> {
        let last = self.last.as_ref().filter(|_| self.waited)?;
        Some(last.as_ref().map(|&()| ()).map_err(Error::shared))
    }

    pub(super) fn end<T>(mut self, outcome: &Result<T, Error>) {
        *self.last = Some(outcome.as_ref().map(|_| ()).map_err(Error::shared));
        self.ended.fetch_add(1, Ordering::Release);
    }
}
