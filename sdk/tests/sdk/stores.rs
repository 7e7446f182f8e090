//! Stores that tests look into.

use std::io;
use std::sync::{Arc, Mutex};

use lookout_sdk::auth::{CredentialKey, CredentialStore, Credentials, MemoryStore};

/// A store that writes down what was saved.
pub(crate) struct Spy(pub(crate) MemoryStore, pub(crate) Arc<Mutex<Vec<String>>>);

impl CredentialStore for Spy {
    fn load(&self, key: &CredentialKey) -> io::Result<Option<Credentials>> {
        self.0.load(key)
    }
    fn save(&self, key: &CredentialKey, credentials: &Credentials) -> io::Result<()> {
        self.1.lock().unwrap().push(credentials.expose_json().to_string());
        self.0.save(key, credentials)
    }
    fn delete(&self, key: &CredentialKey) -> io::Result<()> {
        self.0.delete(key)
    }
}

/// A store whose first load says that the access token is past its time.
pub(crate) struct Expiring(pub(crate) Arc<MemoryStore>);

impl CredentialStore for Expiring {
    fn load(&self, key: &CredentialKey) -> io::Result<Option<Credentials>> {
        let Some(credentials) = self.0.load(key)? else { return Ok(None) };
        let mut json: serde_json::Value = serde_json::from_str(&credentials.expose_json())?;
        json["expires_at"] = 1.into();
        Ok(Some(Credentials::from_json(&json.to_string()).unwrap()))
    }
    fn save(&self, key: &CredentialKey, credentials: &Credentials) -> io::Result<()> {
        self.0.save(key, credentials)
    }
    fn delete(&self, key: &CredentialKey) -> io::Result<()> {
        self.0.delete(key)
    }
}

/// A store that can be broken.
#[derive(Default)]
pub(crate) struct Failing(pub(crate) Arc<Mutex<bool>>, MemoryStore);

impl CredentialStore for Failing {
    fn load(&self, key: &CredentialKey) -> io::Result<Option<Credentials>> {
        self.1.load(key)
    }
    fn save(&self, key: &CredentialKey, credentials: &Credentials) -> io::Result<()> {
        if *self.0.lock().unwrap() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.1.save(key, credentials)
    }
    fn delete(&self, key: &CredentialKey) -> io::Result<()> {
        self.1.delete(key)
    }
}
