//! Notes of when a grant or a session was last used: made beside the calls that cause them, never on their way.
//!
//! A note that is lost costs nothing but its minute: the next call makes it again. So a server that stops, or a database that is away, lets them go.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::time::timeout;

use super::App;
use crate::secret::keys::Digest;
use crate::store::Store;

/// Notes that wait or are made, of all grants and sessions.
const MOST: usize = 1024;
/// Notes that are made at the same time, so that decisions find room beside them.
const AT_ONCE: usize = 2;
/// How long a note waits for its turn. A later one would say a time that is not true.
const PATIENCE: Duration = Duration::from_secs(2);

/// What was used.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Used {
    /// A grant, by its identifier.
    Grant(String),
    /// A session.
    Session(Digest),
}

/// The notes under way, one for each grant and session.
#[derive(Debug)]
pub(super) struct Notes(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    under_way: Mutex<HashSet<Used>>,
    turns: Semaphore,
    settled: Notify,
}

/// A note under way, until it is dropped.
struct UnderWay {
    shared: Arc<Shared>,
    used: Used,
}

impl Default for Notes {
    fn default() -> Self {
        Self(Arc::new(Shared {
            under_way: Mutex::default(),
            turns: Semaphore::new(AT_ONCE),
            settled: Notify::new(),
        }))
    }
}

impl Notes {
    /// Notes a use, soon, unless that is under way already or too much is.
    pub(super) fn note(&self, store: &Arc<dyn Store>, used: Used) {
        let Some(note) = self.0.begin(used) else { return };
        let store = Arc::clone(store);
        tokio::spawn(async move {
            let Ok(Ok(_turn)) = timeout(PATIENCE, note.shared.turns.acquire()).await else {
                return;
            };
            let noted = match &note.used {
                Used::Grant(id) => store.note_use(id).await,
                Used::Session(digest) => store.note_visit(*digest).await,
            };
            if let Err(error) = noted {
                tracing::warn!(%error, "could not note a use");
            }
        });
    }
}

impl Shared {
    fn begin(self: &Arc<Self>, used: Used) -> Option<UnderWay> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if under_way.len() >= MOST || !under_way.insert(used.clone()) {
            return None;
        }
        Some(UnderWay { shared: Arc::clone(self), used })
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut under_way = self.shared.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.remove(&self.used);
        if under_way.is_empty() {
            self.shared.settled.notify_waiters();
        }
    }
}

impl App {
    /// Waits until no note of a use is under way and every call that ended is recorded.
    pub async fn noted(&self) {
        self.activity.settled().await;
        let notes = &self.notes.0;
        loop {
            let settled = notes.settled.notified();
            if notes.under_way.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
                return;
            }
            settled.await;
        }
    }
}
