//! Places for requests that are worked on, and a short queue before them.
//!
//! When both are full the next request is turned away at once: an answer that comes too late is work for nothing.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

/// How long a request waits for a place.
const WAIT: Duration = Duration::from_secs(1);

/// The places.
#[derive(Debug)]
pub(crate) struct Places {
    working: Semaphore,
    waiting: Semaphore,
}

impl Places {
    pub(crate) fn new(working: usize, waiting: usize) -> Self {
        Self { working: Semaphore::new(working), waiting: Semaphore::new(waiting) }
    }

    /// A place until what this returns is dropped; none when too many wait or this one waited too long.
    pub(crate) async fn take(&self) -> Option<SemaphorePermit<'_>> {
        if let Ok(place) = self.working.try_acquire() {
            return Some(place);
        }
        let _waiting = self.waiting.try_acquire().ok()?;
        tokio::time::timeout(WAIT, self.working.acquire()).await.ok()?.ok()
    }
}
