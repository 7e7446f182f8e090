//! What a token is, for a person who holds it and may see it.

use super::App;
use crate::authority::bearer::{BearerRows, Caller};
use crate::authority::records::{Grant, Membership, User};
use crate::authority::{Resource, Timestamp};
use crate::secret::SecretKind;
use crate::store::StoreError;

/// What became of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is valid.
    Works,
    /// It was revoked.
    Revoked,
    /// Its time is over.
    Expired,
    /// Its person's account or membership, or its client, ended.
    Suspended,
}

/// A token, without its secret.
#[derive(Clone, Debug)]
pub struct Examined {
    /// What became of it.
    pub fate: Fate,
    /// What it belongs to.
    pub grant: Grant,
    /// Who made it.
    pub user: User,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// Who it stands for at each resource where it is valid.
    pub callers: Vec<(Resource, Caller)>,
}

impl App {
    /// What the presented token is. `None` when there is none that the person may see, acting in the workspace of `membership`; which of both it is, it
    /// does not say.
    ///
    /// Whether it works is decided by the same rules as at the endpoint. Nothing is noted of it: a token that was looked at was not used.
    ///
    /// # Errors
    ///
    /// When the database did not do its work.
    pub async fn examine(
        &self,
        presented: &str,
        user: &User,
        membership: &Membership,
    ) -> Result<Option<Examined>, StoreError> {
        let kind =
            SecretKind::of(presented).filter(|&kind| (self.policy().bearer_kind_accepted)(kind));
        let Some(kind) = kind else { return Ok(None) };
        for digest in self.keys.digests(kind, presented) {
            if let Some((now, rows)) = self.store.bearer(digest).await? {
                let is_visible =
                    (self.policy().grant_is_visible)(&rows.standing.grant, &user.id, membership);
                return Ok(is_visible.then(|| self.judge(now, rows)));
            }
        }
        self.is_unknown()?;
        Ok(None)
    }

    fn judge(&self, now: Timestamp, rows: BearerRows) -> Examined {
        let admitted = Resource::ALL.iter().filter_map(|&resource| {
            let caller = self.authority.admit(now, Some(rows.clone()), resource).ok()?;
            Some((resource, caller))
        });
        let callers: Vec<_> = admitted.collect();
        let BearerRows { token, standing, user, .. } = rows;
        let grant = standing.grant;
        let expires_at = [token.expires_at, grant.expires_at].into_iter().flatten().min();
        let fate = if !callers.is_empty() {
            Fate::Works
        } else if token.revoked_at.is_some() || grant.revoked_at.is_some() {
            Fate::Revoked
        } else if expires_at.is_some_and(|ends| ends <= now) {
            Fate::Expired
        } else {
            Fate::Suspended
        };
        Examined { fate, grant, user, expires_at, callers }
    }
}
