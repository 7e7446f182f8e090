//! A key file that is read again when it has changed.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::error::KeyError;
use super::file::{KeyFile, Signature};
use super::ring::Ring;

/// The file, and what was seen of it.
pub(super) struct Watched {
    path: PathBuf,
    reread: Duration,
    opened: Instant,
    /// When to look at the file again, in milliseconds after `opened`.
    due: AtomicU64,
    seen: Mutex<Signature>,
    broken: AtomicBool,
}

impl Watched {
    /// Reads the file for the first time.
    pub(super) fn open(path: &Path, reread: Duration) -> Result<(KeyFile, Self), KeyError> {
        let (file, signature) = KeyFile::read(path)?;
        let watched = Self {
            path: path.to_owned(),
            reread,
            opened: Instant::now(),
            due: AtomicU64::new(millis(reread)),
            seen: Mutex::new(signature),
            broken: AtomicBool::new(false),
        };
        Ok((file, watched))
    }

    /// Whether the file could be used when it was looked at last.
    pub(super) fn is_usable(&self) -> bool {
        !self.broken.load(Ordering::Relaxed)
    }

    /// Has the file looked at before the next use of a key.
    pub(super) fn look_again(&self) {
        self.due.store(0, Ordering::Release);
    }

    fn is_due(&self) -> bool {
        millis(self.opened.elapsed()) >= self.due.load(Ordering::Acquire)
    }

    /// Hands the keys of the file to `take`, when it is time to look and they are others.
    ///
    /// Who comes meanwhile waits, so that after a long pause nobody goes on with what was true before it.
    pub(super) fn refresh(&self, take: impl FnOnce(Ring) -> Result<(), KeyError>) {
        if !self.is_due() {
            return;
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is_due() {
            return;
        }
        let read =
            match Signature::of(&self.path) {
                Ok(signature) if signature == *seen && !self.broken.load(Ordering::Relaxed) => None,
                Ok(_) => Some(KeyFile::read(&self.path).and_then(|(file, signature)| {
                    take(Ring::of(&file)).map(|()| (file, signature))
                })),
                Err(error) => Some(Err(error)),
            };
        match read {
            None => {}
            Some(Ok((file, signature))) => {
                tracing::info!(current = %file.current(), "the root keys were read again");
                *seen = signature;
                self.broken.store(false, Ordering::Relaxed);
            }
            Some(Err(error)) => {
                tracing::error!(%error, "the key file cannot be used any more; the keys stay as they were");
                self.broken.store(true, Ordering::Relaxed);
            }
        }
        self.due.store(millis(self.opened.elapsed() + self.reread), Ordering::Release);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
