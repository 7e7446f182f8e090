//! What a presented secret is stored as: looked for under the current key first, then under the older ones.

use super::App;
use crate::authority::records::{Code, Standing, Token};
use crate::secret::{AuthorizationCode, SecretKind};
use crate::store::{AuthorityTransaction, StoreError};

impl App {
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
        Ok(None)
    }
}
