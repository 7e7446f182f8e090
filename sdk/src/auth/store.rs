//! Where credentials are kept between runs.
//!
//! A store is asked from a thread that may block, and one at a time for each client.
//! Processes that share a store take turns at refreshing, as far as the store can lock them out.

mod file;

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::Mutex;

pub use file::FileStore;

use super::Credentials;

/// What credentials belong to: an issuer and a resource, so that neither is ever shown those of another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CredentialKey {
    issuer: String,
    resource: String,
}

/// A place for credentials, such as a file or the keyring of an operating system.
///
/// The methods are called where blocking is allowed.
pub trait CredentialStore: Send + Sync + 'static {
    /// The credentials saved under `key`, if any.
    ///
    /// # Errors
    ///
    /// When the place cannot be read, or holds something else.
    fn load(&self, key: &CredentialKey) -> io::Result<Option<Credentials>>;

    /// Saves credentials under `key` in place of earlier ones; when it returns, they survive a crash.
    ///
    /// # Errors
    ///
    /// When they could not be saved; the earlier ones are then unchanged.
    fn save(&self, key: &CredentialKey, credentials: &Credentials) -> io::Result<()>;

    /// Deletes what is saved under `key`; nothing saved is not an error.
    ///
    /// # Errors
    ///
    /// When something is left.
    fn delete(&self, key: &CredentialKey) -> io::Result<()>;

    /// Waits until no other process is about to replace what is under `key`, and keeps others waiting until the result is dropped.
    ///
    /// A store that is not shared has nothing to lock, which is what this does unless a store says otherwise.
    ///
    /// # Errors
    ///
    /// When the place cannot be locked, or another process does not let go of it.
    fn lock(&self, key: &CredentialKey) -> io::Result<Box<dyn Any + Send>> {
        let _not_shared = key;
        Ok(Box::new(()))
    }
}

/// Credentials for as long as the process runs; the default.
#[derive(Default)]
pub struct MemoryStore(Mutex<HashMap<CredentialKey, Credentials>>);

impl CredentialKey {
    pub(crate) fn new(issuer: &str, resource: &str) -> Self {
        Self { issuer: issuer.to_owned(), resource: resource.to_owned() }
    }

    /// The issuer of the authorization server (RFC 8414 section 2).
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The resource, which is the URL of the MCP endpoint (RFC 8707 section 2).
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.resource
    }
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, HashMap<CredentialKey, Credentials>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl CredentialStore for MemoryStore {
    fn load(&self, key: &CredentialKey) -> io::Result<Option<Credentials>> {
        Ok(self.entries().get(key).cloned())
    }

    fn save(&self, key: &CredentialKey, credentials: &Credentials) -> io::Result<()> {
        self.entries().insert(key.clone(), credentials.clone());
        Ok(())
    }

    fn delete(&self, key: &CredentialKey) -> io::Result<()> {
        self.entries().remove(key);
        Ok(())
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("entries", &self.entries().len()).finish()
    }
}
