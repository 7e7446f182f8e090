//! Where credentials are kept between runs.
//!
//! A store is asked from a thread that may block, and one at a time for each client.
//! Clients and processes that share a store take turns at replacing credentials, as far as the store can lock them out.

mod file;
#[cfg(feature = "keyring")]
mod keyring;
mod lock;
mod locks;

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use file::FileStore;
#[cfg(feature = "keyring")]
pub use keyring::KeyringStore;
use locks::Locks;

use super::Credentials;

/// What credentials belong to: an issuer, a resource and an account, so that none is ever shown those of another.
///
/// ```
/// use lookout_sdk::auth::CredentialKey;
///
/// /// A name under which a vault may keep them; no part of it can be mistaken for another, because neither URL has a space.
/// fn name(key: &CredentialKey) -> String {
///     format!("{} {} {}", key.issuer(), key.resource(), key.account().unwrap_or_default())
/// }
///
/// let key = CredentialKey::new("https://login.example", "https://lookout.example/mcp");
/// assert_ne!(name(&key), name(&key.clone().with_account("person-17")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CredentialKey {
    issuer: String,
    resource: String,
    account: Option<String>,
}

/// A place for credentials, such as a file or the keyring of an operating system.
///
/// The methods are called where blocking is allowed.
///
/// ```
/// use std::collections::HashMap;
/// use std::io;
/// use std::sync::Mutex;
///
/// use lookout_sdk::auth::{CredentialKey, CredentialStore, Credentials, OAuth};
///
/// /// A vault that takes text.
/// #[derive(Default)]
/// struct Vault(Mutex<HashMap<CredentialKey, String>>);
///
/// impl CredentialStore for Vault {
///     fn load(&self, key: &CredentialKey) -> io::Result<Option<Credentials>> {
///         let found = self.0.lock().expect("nobody panics with it").get(key).cloned();
///         found.map(|text| Credentials::from_json(&text).map_err(io::Error::other)).transpose()
///     }
///     fn save(&self, key: &CredentialKey, credentials: &Credentials) -> io::Result<()> {
///         let text = credentials.expose_json().to_string();
///         self.0.lock().expect("nobody panics with it").insert(key.clone(), text);
///         Ok(())
///     }
///     fn delete(&self, key: &CredentialKey) -> io::Result<()> {
///         self.0.lock().expect("nobody panics with it").remove(key);
///         Ok(())
///     }
/// }
///
/// let oauth = OAuth::new().store(Vault::default());
/// # let _ = oauth;
/// ```
pub trait CredentialStore: Send + Sync + 'static {
    /// The credentials saved under `key`, if any.
    ///
    /// # Errors
    ///
    /// When the place cannot be read, or holds something else.
    fn load(&self, key: &CredentialKey) -> io::Result<Option<Credentials>>;

    /// The issuer under which credentials for `resource` were saved last, whatever the account, so that the first request of a run can carry a token already.
    ///
    /// A store that does not remember that, which is what this does unless a store says otherwise, costs each run one request that is refused.
    ///
    /// # Errors
    ///
    /// When the place cannot be read.
    fn issuer(&self, resource: &str) -> io::Result<Option<String>> {
        let _not_remembered = resource;
        Ok(None)
    }

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

    /// Waits until no other client or process is about to replace what is under `key`, and keeps others waiting until the result is dropped.
    ///
    /// A store that one client uses has nothing to lock, which is what this does unless a store says otherwise. Two clients without a lock,
    /// of one process or of several, may both show the same refresh token, and a server that rotates them then ends the grant.
    ///
    /// # Errors
    ///
    /// When the place cannot be locked, or somebody does not let go of it.
    fn lock(&self, key: &CredentialKey) -> io::Result<Box<dyn Any + Send>> {
        let _not_shared = key;
        Ok(Box::new(()))
    }
}

/// Credentials for as long as the process runs; the default.
///
/// ```
/// use lookout_sdk::auth::{MemoryStore, OAuth};
///
/// let oauth = OAuth::new().store(MemoryStore::new());
/// # let _ = oauth;
/// ```
#[derive(Default)]
pub struct MemoryStore {
    memory: Mutex<Memory>,
    locks: Arc<Locks>,
}

#[derive(Default)]
struct Memory {
    credentials: HashMap<CredentialKey, Credentials>,
    /// The issuer that was saved last, by resource.
    issuers: HashMap<String, String>,
}

impl CredentialKey {
    /// The key of a store that is one person's.
    #[must_use]
    pub fn new(issuer: impl Into<String>, resource: impl Into<String>) -> Self {
        Self { issuer: issuer.into(), resource: resource.into(), account: None }
    }

    /// The key of one account among others; see [`OAuth::account`](super::OAuth::account).
    #[must_use]
    pub fn with_account(self, account: impl Into<String>) -> Self {
        Self { account: Some(account.into()), ..self }
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

    /// The account, in the words of the application; none in a store that is one person's.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CredentialStore for MemoryStore {
    fn load(&self, key: &CredentialKey) -> io::Result<Option<Credentials>> {
        Ok(self.memory().credentials.get(key).cloned())
    }

    fn issuer(&self, resource: &str) -> io::Result<Option<String>> {
        Ok(self.memory().issuers.get(resource).cloned())
    }

    fn save(&self, key: &CredentialKey, credentials: &Credentials) -> io::Result<()> {
        let mut memory = self.memory();
        memory.credentials.insert(key.clone(), credentials.clone());
        memory.issuers.insert(key.resource.clone(), key.issuer.clone());
        Ok(())
    }

    fn delete(&self, key: &CredentialKey) -> io::Result<()> {
        let mut memory = self.memory();
        memory.credentials.remove(key);
        if memory.issuers.get(&key.resource) == Some(&key.issuer) {
            memory.issuers.remove(&key.resource);
        }
        Ok(())
    }

    fn lock(&self, key: &CredentialKey) -> io::Result<Box<dyn Any + Send>> {
        Ok(Box::new(self.locks.wait(key)?))
    }
}

/// A pointer to a store is that store.
macro_rules! pointed_to {
    ($($pointer:ident),+) => {
        $(
            /// All of it is the store's inside.
            impl<S: CredentialStore + ?Sized> CredentialStore for $pointer<S> {
                fn load(&self, key: &CredentialKey) -> io::Result<Option<Credentials>> {
                    (**self).load(key)
                }

                fn issuer(&self, resource: &str) -> io::Result<Option<String>> {
                    (**self).issuer(resource)
                }

                fn save(&self, key: &CredentialKey, credentials: &Credentials) -> io::Result<()> {
                    (**self).save(key, credentials)
                }

                fn delete(&self, key: &CredentialKey) -> io::Result<()> {
                    (**self).delete(key)
                }

                fn lock(&self, key: &CredentialKey) -> io::Result<Box<dyn Any + Send>> {
                    (**self).lock(key)
                }
            }
        )+
    };
}

pointed_to!(Arc, Box);

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("entries", &self.memory().credentials.len())
            .finish_non_exhaustive()
    }
}
