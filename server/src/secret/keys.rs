//! The root keys and what is derived from them.
//!
//! Keys of 32 bytes lie in a file beside the database, or come from the environment; never inside the database, so a copy of that alone can neither check
//! nor plant a token. The first is made only for an empty data directory: a lost volume must not look like a fresh start.
//!
//! One key is current and makes every new digest, form token and cursor; the others are accepted until they are retired ([`file`]). Every digest carries
//! the `kid` of its key into its row, and a row is found only under the key that made it.
//!
//! The database knows which keys its rows were made with ([`bound`]), so that a server with others refuses to start instead of calling every secret unknown.
//!
//! A running server reads a changed file before the next use of a key, at most [`REREAD`] late. A file that cannot be used any more changes nothing.

pub mod bound;
mod environment;
pub mod error;
pub mod file;
mod ring;
mod watch;

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::entropy::Entropy;
use super::{Kind, Secret, SecretKind};
use bound::{Check, KnownKey};
use file::KeyFile;
use ring::Ring;
use watch::Watched;

pub use error::KeyError;

/// The environment variable that replaces the key file, for containers.
pub const ENVIRONMENT: &str = "LOOKOUT_ROOT_KEY";

/// How old what a server knows of its key file may be when it uses a key.
pub const REREAD: Duration = Duration::from_secs(5);

/// Names a root key: 1, 2, and so on, never used again for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kid(pub u16);

impl Kid {
    /// The name of no key.
    pub const NONE: Self = Self(0);
}

impl fmt::Display for Kid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is stored of a secret: HMAC-SHA-256 over its kind and its text, and the key that it was made with.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32], pub Kid);

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({:02x}{:02x}…)", self.0[0], self.0[1])
    }
}

impl Digest {
    /// Whether both are the same, in a time that does not depend on where they differ. Digests of different keys never are, whatever their `kid` says.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// The keys of a running server. Clones share them.
#[derive(Clone)]
pub struct Keys {
    shared: Arc<Shared>,
}

struct Shared {
    ring: RwLock<Arc<Ring>>,
    /// The file, unless the keys come from elsewhere.
    file: Option<Watched>,
    /// What the database knew when it was asked last; nothing before that.
    known: RwLock<Vec<KnownKey>>,
    /// Whether the keys are not the database's any more.
    strange: AtomicBool,
}

/// Keys that end when nobody else has them.
#[derive(Clone)]
pub(crate) struct WeakKeys(Weak<Shared>);

impl WeakKeys {
    pub(crate) fn upgrade(&self) -> Option<Keys> {
        self.0.upgrade().map(|shared| Keys { shared })
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys([redacted])")
    }
}

impl Keys {
    /// Makes the root key `path` and derives the keys. Fails when the file exists.
    pub fn create(path: &Path, entropy: &dyn Entropy) -> Result<Self, KeyError> {
        KeyFile::create(path, entropy)?;
        Self::load(path)
    }

    /// Reads the key file `path` and derives the keys.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        Self::watch(path, REREAD)
    }

    /// Like [`Keys::load`], looking at the file again after `reread`.
    pub fn watch(path: &Path, reread: Duration) -> Result<Self, KeyError> {
        let (file, watched) = Watched::open(path, reread)?;
        Ok(Self::of(&file, Some(watched)))
    }

    /// The keys of the environment when [`ENVIRONMENT`] is set, and of the file `path` otherwise.
    pub fn open(path: &Path) -> Result<Self, KeyError> {
        match std::env::var_os(ENVIRONMENT) {
            Some(text) => {
                let text = Zeroizing::new(text.to_string_lossy().into_owned());
                Ok(Self::of(&KeyFile::of_environment(&text)?, None))
            }
            None => Self::load(path),
        }
    }

    fn of(file: &KeyFile, watched: Option<Watched>) -> Self {
        let ring = RwLock::new(Arc::new(Ring::of(file)));
        let (known, strange) = (RwLock::default(), AtomicBool::new(false));
        Self { shared: Arc::new(Shared { ring, file: watched, known, strange }) }
    }

    /// Whether what this server knows is what its key file says and what its database knows.
    #[must_use]
    pub fn are_readable(&self) -> bool {
        self.ring();
        !self.are_strange() && self.shared.file.as_ref().is_none_or(Watched::is_usable)
    }

    /// Whether the keys are not those of the database any more: then a secret that is not found may be valid all the same, and nothing may be made.
    #[must_use]
    pub fn are_strange(&self) -> bool {
        self.shared.strange.load(Ordering::Relaxed)
    }

    /// The check value of every key, the current one first.
    #[must_use]
    pub fn checks(&self) -> Vec<(Kid, Check)> {
        self.ring().checks()
    }

    /// Compares keys, as [`Keys::checks`] said before the database was asked, with what it knows. What the key file says later is compared as well.
    ///
    /// # Errors
    ///
    /// As [`bound::judge`].
    pub fn compare(&self, checks: &[(Kid, Check)], known: &[KnownKey]) -> Result<(), KeyError> {
        let mut judged = bound::judge(checks, known);
        let mut last = self.shared.known.write().unwrap_or_else(PoisonError::into_inner);
        let (is_start, is_news) = (last.is_empty(), *last != *known);
        *last = known.to_vec();
        drop(last);
        if let (Some(file), true) = (&self.shared.file, is_news) {
            // A file that was refused for a key that the database did not know, or that has a key by now, is looked at again.
            file.look_again();
            if judged.is_err() {
                judged = bound::judge(&self.checks(), known);
            }
        }
        let was_strange = self.shared.strange.swap(judged.is_err(), Ordering::Relaxed);
        // One that starts says so by ending.
        if let (Err(error), false, false) = (&judged, was_strange, is_start) {
            tracing::error!(%error, "the root keys are not those of the database any more");
        }
        judged
    }

    pub(crate) fn downgrade(&self) -> WeakKeys {
        WeakKeys(Arc::downgrade(&self.shared))
    }

    /// Every key that is accepted, the current one first.
    #[must_use]
    pub fn kids(&self) -> Vec<Kid> {
        self.ring().0.iter().map(|key| key.kid).collect()
    }

    /// The digest of `secret` as it is stored.
    #[must_use]
    pub fn digest<K: Kind>(&self, secret: &Secret<K>) -> Digest {
        self.digest_as(K::KIND, secret.expose())
    }

    /// The digest of `text` as a secret of `kind`. The kind is part of what is digested, so a digest of one kind is never found as another.
    ///
    /// While the keys are not those of the database, it is of [`Kid::NONE`], which no database takes.
    #[must_use]
    pub fn digest_as(&self, kind: SecretKind, text: &str) -> Digest {
        let digest = self.ring().0[0].digest(kind, text);
        if self.are_strange() { Digest(digest.0, Kid::NONE) } else { digest }
    }

    /// What a presented secret may be stored as: its digest under every key, the current one first. Each is made when it is asked for.
    pub fn digests(&self, kind: SecretKind, text: &str) -> impl Iterator<Item = Digest> + Send {
        let ring = self.ring();
        (0..ring.0.len()).map(move |place| ring.0[place].digest(kind, text))
    }

    /// The digest of `text` under the key `kid`, when that is accepted.
    #[must_use]
    pub fn digest_under(&self, kid: Kid, kind: SecretKind, text: &str) -> Option<Digest> {
        let ring = self.ring();
        ring.0.iter().find(|key| key.kid == kid).map(|key| key.digest(kind, text))
    }

    /// The value that a form of `session` must send back, for the form named `form`.
    #[must_use]
    pub fn form_token(&self, session: &[u8], form: &str) -> String {
        self.ring().0[0].form_token(session, form)
    }

    /// Every value that a form of `session` may send back.
    #[must_use]
    pub fn form_tokens(&self, session: &[u8], form: &str) -> Vec<String> {
        self.ring().0.iter().map(|key| key.form_token(session, form)).collect()
    }

    /// The keys that paging cursors are signed with, the current one first.
    #[must_use]
    pub(crate) fn cursors(&self) -> Vec<[u8; 32]> {
        self.ring().0.iter().map(|key| *key.cursor).collect()
    }

    /// The keys as they are now.
    fn ring(&self) -> Arc<Ring> {
        if let Some(file) = &self.shared.file {
            file.refresh(|ring| {
                self.judge(&ring)?;
                *self.shared.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
                Ok(())
            });
        }
        Arc::clone(&self.shared.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Judges keys that were read again.
    fn judge(&self, ring: &Ring) -> Result<(), KeyError> {
        let known = self.shared.known.read().unwrap_or_else(PoisonError::into_inner);
        let current = ring.0[0].kid;
        if !known.is_empty() && known.iter().all(|key| key.kid != current) {
            return Err(KeyError::Unknown(current));
        }
        bound::judge_present(&ring.checks(), &known)
    }
}
