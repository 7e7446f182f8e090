//! The root key and what is derived from it.
//!
//! One key of 32 bytes lies in a file beside the database, never inside it, so a copy of the database alone can neither check nor plant a token.
//! It is made only for an empty data directory: a lost volume must not look like a fresh start.
//!
//! There is no rotation yet; replacing the file ends every session and token.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::entropy::Entropy;
use super::{Kind, Secret, SecretKind};

/// What is stored of a secret: HMAC-SHA-256 over its kind and its text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({:02x}{:02x}…)", self.0[0], self.0[1])
    }
}

impl Digest {
    /// Whether both are the same, in a time that does not depend on where they differ.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// The keys of a running server.
pub struct Keys {
    token_digest: Zeroizing<[u8; 32]>,
    csrf: Zeroizing<[u8; 32]>,
    cursor: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys([redacted])")
    }
}

/// Why the root key could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file is not there.
    #[error(
        "{path} does not exist; restore it, or make a new data directory with `lookout-server init --data DIR`"
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// Other people of the machine may read the file.
    #[error("{path} has mode {mode:o}; allow only its owner with `chmod 600 {path}`")]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file does not hold exactly 32 bytes.
    #[error("{path} does not hold a key of 32 bytes; restore it from your backup")]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The file could not be read or written.
    #[error("cannot use {path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
}

impl Keys {
    /// Makes the root key `path` and derives the keys. Fails when the file exists.
    pub fn create(path: &Path, entropy: &dyn Entropy) -> Result<Self, KeyError> {
        let failed = |error| KeyError::Io { path: path.to_owned(), error };
        let mut root = Zeroizing::new([0; 32]);
        entropy.fill(&mut *root);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(failed)?;
        file.write_all(&*root).and_then(|()| file.sync_all()).map_err(failed)?;
        Ok(Self::derive(&root))
    }

    /// Reads the root key `path` and derives the keys.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => KeyError::Missing { path: path.to_owned() },
            _ => KeyError::Io { path: path.to_owned(), error },
        };
        let file = File::open(path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
        if mode & 0o177 != 0 {
            return Err(KeyError::TooOpen { path: path.to_owned(), mode });
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(33));
        file.take(33).read_to_end(&mut bytes).map_err(failed)?;
        let root: Zeroizing<[u8; 32]> = Zeroizing::new(
            bytes
                .as_slice()
                .try_into()
                .map_err(|_| KeyError::Malformed { path: path.to_owned() })?,
        );
        Ok(Self::derive(&root))
    }

    fn derive(root: &[u8; 32]) -> Self {
        let subkey = |label: &str| Zeroizing::new(hmac(root, &[label.as_bytes()]));
        Self {
            token_digest: subkey("token-digest"),
            csrf: subkey("csrf"),
            cursor: subkey("cursor"),
        }
    }

    /// The digest of `secret` as it is stored.
    #[must_use]
    pub fn digest<K: Kind>(&self, secret: &Secret<K>) -> Digest {
        self.digest_as(K::KIND, secret.expose())
    }

    /// The digest of `text` as a secret of `kind`. The kind is part of what is digested, so a digest of one kind is never found as another.
    #[must_use]
    pub fn digest_as(&self, kind: SecretKind, text: &str) -> Digest {
        Digest(hmac(&self.token_digest, &[kind.prefix().as_bytes(), &[0], text.as_bytes()]))
    }

    /// The value that a form of `session` must send back, for the form named `form`.
    #[must_use]
    pub fn form_token(&self, session: &[u8], form: &str) -> String {
        let mac =
            hmac(&self.csrf, &[&(session.len() as u64).to_be_bytes(), session, form.as_bytes()]);
        base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, mac)
    }

    /// The key that paging cursors are signed with.
    #[must_use]
    pub(crate) fn cursor(&self) -> [u8; 32] {
        *self.cursor
    }
}

fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
