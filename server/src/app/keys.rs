//! What depends on the root keys, and retiring one.

use super::App;
use crate::audit::{Event, What};
use crate::authority::{Change, Timestamp};
use crate::secret::keys::Kid;
use crate::store::StoreError;
use crate::store::operations::KeyUse;

impl App {
    /// What depends on every key that something depends on, and the time.
    pub async fn key_uses(&self) -> Result<(Timestamp, Vec<KeyUse>), StoreError> {
        self.store.key_uses(self.config.lifetimes.session_absolute.saturating_mul(1000)).await
    }

    /// Ends everything that depends on a key: tokens with their grants, codes, sessions, setup links and client secrets.
    pub async fn end_key(&self, kid: Kid) -> Result<(), StoreError> {
        let transaction = self.store.begin().await?;
        let at = transaction.now();
        let event = Event::allowed(What::Key)
            .detail(format!("everything that depends on key {kid} was revoked"));
        transaction.commit(vec![Change::EndKey { kid, at }, Change::Audit(event)]).await
    }

    /// Records a change of the key file.
    pub async fn note_key(&self, what: &str, kid: Kid) -> Result<(), StoreError> {
        self.store.record(Event::allowed(What::Key).detail(format!("{what} key {kid}"))).await
    }
}
