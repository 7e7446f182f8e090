//! Root keys: binding them to the database, what depends on them, and retiring one.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::{App, OpenError};
use crate::audit::{Event, What};
use crate::authority::Timestamp;
use crate::secret::keys::file::KeyFile;
use crate::secret::keys::{Keys, Kid, WeakKeys};
use crate::store::operations::KeyUse;
use crate::store::{Store, StoreError};

/// How often a running server asks the database which keys it knows.
const COMPARE: Duration = Duration::from_secs(2);

/// Compares the keys with what the database knows, and adds what it does not know yet.
///
/// A database that knows none is new, or was made before it knew any.
pub(super) async fn bind(keys: &Keys, store: &dyn Store) -> Result<(), OpenError> {
    let checks = keys.checks();
    let known = store.root_keys().await?;
    keys.compare(&checks, &known)?;
    let is_noted = checks.iter().enumerate().all(|(place, (kid, _))| {
        known.iter().any(|key| key.kid == *kid && (key.is_used || place > 0))
    });
    if !is_noted {
        store.note_root_keys(checks.clone()).await?;
        // Another server may have been first, with another key.
        keys.compare(&checks, &store.root_keys().await?)?;
    }
    Ok(())
}

/// Compares the keys with what the database knows again and again, as long as there is a server.
pub(super) fn watch(keys: &Keys, store: &Arc<dyn Store>) {
    tokio::spawn(compare(keys.downgrade(), Arc::downgrade(store)));
}

async fn compare(keys: WeakKeys, store: Weak<dyn Store>) {
    loop {
        tokio::time::sleep(COMPARE).await;
        let (Some(keys), Some(store)) = (keys.upgrade(), store.upgrade()) else { return };
        let checks = keys.checks();
        // What a database that does not answer means is for those to say who need it.
        if let Ok(known) = store.root_keys().await {
            let _ = keys.compare(&checks, &known);
        }
    }
}

impl App {
    /// What depends on every key that something depends on, and the time.
    pub async fn key_uses(&self) -> Result<(Timestamp, Vec<KeyUse>), StoreError> {
        self.store.key_uses(self.config.lifetimes.session_absolute.saturating_mul(1000)).await
    }

    /// Ends everything that depends on a key: tokens with their grants, codes, sessions, setup links and client secrets.
    pub async fn end_key(&self, kid: Kid) -> Result<(), StoreError> {
        self.store.end_key(kid).await?;
        let event = Event::allowed(What::Key);
        self.store
            .record(event.detail(format!("everything that depends on key {kid} was revoked")))
            .await
    }

    /// Records a change of the key file that is about to be made.
    pub async fn note_key(&self, what: &str, kid: Kid) -> Result<(), StoreError> {
        self.store.record(Event::allowed(What::Key).detail(format!("{what} key {kid}"))).await
    }

    /// Lets the database know the keys of a changed file.
    pub async fn note_keys(&self, file: &KeyFile) -> Result<(), StoreError> {
        self.store.note_root_keys(file.checks()).await
    }
}
