//! Keeping the other clients of this process out, one key at a time.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::{CredentialKey, lock};

#[derive(Default)]
pub(super) struct Locks {
    held: Mutex<HashSet<CredentialKey>>,
    freed: Condvar,
}

/// The lock on a key, for as long as this lives.
pub(super) struct Held {
    locks: Arc<Locks>,
    key: CredentialKey,
}

impl Locks {
    pub(super) fn wait(self: &Arc<Self>, key: &CredentialKey) -> io::Result<Held> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let waited =
            self.freed.wait_timeout_while(held, lock::LONGEST_WAIT, |held| held.contains(key));
        let (mut held, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            let why = "another client keeps the credentials locked";
            return Err(io::Error::new(io::ErrorKind::TimedOut, why));
        }
        held.insert(key.clone());
        Ok(Held { locks: Arc::clone(self), key: key.clone() })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.locks.held.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
        self.locks.freed.notify_all();
    }
}
