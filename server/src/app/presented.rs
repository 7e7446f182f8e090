//! What a presented secret is stored as: looked for under the current key first, then under the older ones.

use super::App;
use crate::authority::records::{Code, Standing, Token};
use crate::secret::{AuthorizationCode, SecretKind};
use crate::store::{AuthorityTransaction, StoreError};

impl App {
    /// Nothing is known of a presented secret. An error when another server of this database may know it.
    pub(crate) fn is_unknown(&self) -> Result<(), StoreError> {
        if self.keys.are_strange() {
            return Err(StoreError("the root keys are not those of the database".into()));
        }
        Ok(())
    }

    /// An error when a bearer token that was not admitted is not known here and may be known to another server of this database.
    pub(crate) async fn judge_unknown(&self, presented: &str) -> Result<(), StoreError> {
        let Some(kind) = SecretKind::of(presented).filter(|_| self.keys.are_strange()) else {
            return Ok(());
        };
        for digest in self.keys.digests(kind, presented) {
            if self.store.bearer(digest).await?.is_some() {
                return Ok(());
            }
        }
        self.is_unknown()
    }

    /// A presented code with its grant.
    pub(crate) async fn code(
        &self,
        transaction: &mut dyn AuthorityTransaction,
        presented: &AuthorizationCode,
    ) -> Result<Option<(Code, Standing)>, StoreError> {
        for digest in self.keys.digests(SecretKind::Code, presented.expose()) {
            if let Some(found) = transaction.code(digest).await? {
                return Ok(Some(found));
            }
        }
        self.is_unknown()?;
        Ok(None)
    }

    /// A presented token with its grant.
    pub(crate) async fn token(
        &self,
        transaction: &mut dyn AuthorityTransaction,
        kind: SecretKind,
        presented: &str,
    ) -> Result<Option<(Token, Standing)>, StoreError> {
        for digest in self.keys.digests(kind, presented) {
            if let Some(found) = transaction.token(digest).await? {
                return Ok(Some(found));
            }
        }
        self.is_unknown()?;
        Ok(None)
    }
}
