//! From a presented bearer token to its caller.

use std::time::Instant;

use super::App;
use super::notes::Used;
use crate::authority::Resource;
use crate::authority::bearer::Caller;
use crate::metrics::{Operation, metrics};
use crate::secret::SecretKind;
use crate::store::StoreError;

/// Why a bearer was not admitted.
#[derive(Debug)]
pub enum BearerRefusal {
    /// The token is not valid here: 401 with `error="invalid_token"`.
    InvalidToken,
    /// It could not be checked: 503, so that clients keep their tokens.
    Unavailable(StoreError),
}

impl App {
    /// Admits the bearer of `presented` to `resource`. One read of the newest state; nothing is remembered.
    pub async fn admit(
        &self,
        presented: &str,
        resource: Resource,
    ) -> Result<Caller, BearerRefusal> {
        let kind = SecretKind::of(presented)
            .filter(|&kind| (self.policy().bearer_kind_accepted)(kind))
            .ok_or(BearerRefusal::InvalidToken)?;
        let begun = Instant::now();
        let mut found = None;
        for digest in self.keys.digests(kind, presented) {
            found = self.store.bearer(digest).await.map_err(BearerRefusal::Unavailable)?;
            if found.is_some() {
                break;
            }
        }
        metrics().stored(Operation::Bearer, begun.elapsed());
        let (now, rows) = found.ok_or(BearerRefusal::InvalidToken)?;
        let is_noted = rows.last_used_at.is_some_and(|noted| now < noted.plus_seconds(60));
        let caller = self
            .authority
            .admit(now, Some(rows), resource)
            .map_err(|_| BearerRefusal::InvalidToken)?;
        // When a grant was last used is a convenience: no call waits for it.
        if !is_noted {
            self.notes.note(&self.store, Used::Grant(caller.grant_id.clone()));
        }
        Ok(caller)
    }
}
