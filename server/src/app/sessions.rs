//! Sessions: who a browser stands for, and their end.

use super::App;
use super::notes::Used;
use crate::audit::{Event, What};
use crate::authority::people::PersonChange;
use crate::authority::records::{Session, User};
use crate::authority::{Change, Timestamp};
use crate::secret::{SecretKind, SessionSecret};
use crate::store::StoreError;

/// A signed-in person, and the session that says so.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// The session.
    pub session: Session,
    /// The person.
    pub user: User,
}

impl App {
    /// Who the value of a session cookie stands for.
    pub async fn visitor(&self, cookie: Option<&str>) -> Result<Option<Visitor>, StoreError> {
        let Some(secret) = cookie.and_then(SessionSecret::parse) else { return Ok(None) };
        let mut found = None;
        for digest in self.keys.digests(SecretKind::Session, secret.expose()) {
            found = self.store.visitor(digest).await?;
            if found.is_some() {
                break;
            }
        }
        let Some((now, session, user)) = found else {
            self.is_unknown()?;
            return Ok(None);
        };
        if !self.authority.session_is_live(now, &session, &user) {
            return Ok(None);
        }
        // When a session was last used is bookkeeping: no page waits for it. At worst the session ends early.
        if now >= session.seen_at.plus_seconds(60) {
            self.notes.note(&self.store, Used::Session(session.digest));
        }
        Ok(Some(Visitor { session, user }))
    }

    /// Ends a session.
    pub async fn sign_out(&self, session: &Session) -> Result<(), StoreError> {
        let transaction = self.store.begin().await?;
        let event = Event::allowed(What::SignOut).user(&session.user_id);
        transaction
            .commit(vec![Change::EndSession { digest: session.digest }, Change::Audit(event)])
            .await
    }

    /// The sessions of a person that are live, the newest first.
    pub async fn live_sessions(&self, user: &User) -> Result<Vec<Session>, StoreError> {
        let (now, mut sessions) = self.store.sessions(&user.id).await?;
        sessions.retain(|session| self.authority.session_is_live(now, session, user));
        Ok(sessions)
    }

    /// Ends one session of a person by its name in the list; an unknown one is ended already.
    pub async fn end_session(&self, user: &User, id: &str) -> Result<(), StoreError> {
        let (_, sessions) = self.store.sessions(&user.id).await?;
        if !sessions.iter().any(|session| session.id == id) {
            return Ok(());
        }
        let change = PersonChange::EndSession { user_id: user.id.clone(), id: id.to_owned() };
        let event = Event::allowed(What::SignOut).user(&user.id).detail("another session");
        self.store.begin().await?.commit(vec![change.into(), Change::Audit(event)]).await
    }

    /// Ends every session of a person but this one.
    pub async fn end_other_sessions(&self, visitor: &Visitor) -> Result<(), StoreError> {
        let (_, sessions) = self.store.sessions(&visitor.user.id).await?;
        if sessions.iter().all(|session| session.digest == visitor.session.digest) {
            return Ok(());
        }
        let but = Some(visitor.session.digest);
        let change = PersonChange::EndSessions { user_id: visitor.user.id.clone(), but };
        let event = Event::allowed(What::SignOut).user(&visitor.user.id);
        let event = event.detail("every other session");
        self.store.begin().await?.commit(vec![change.into(), Change::Audit(event)]).await
    }

    /// When a session ends at the latest, even if it is used.
    pub(crate) const fn session_ends(&self, session: &Session) -> Timestamp {
        session.created_at.plus_seconds(self.config.lifetimes.session_absolute)
    }
}
