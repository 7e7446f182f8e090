//! People: accounts, sign-in, sessions.

use zeroize::Zeroizing;

use super::App;
use crate::audit::{Event, What};
use crate::authority::Change;
use crate::authority::records::{Membership, Role, Session, User};
use crate::secret::entropy::identifier;
use crate::secret::password::{LONGEST, SHORTEST, hash};
use crate::secret::{SecretKind, SessionSecret};
use crate::store::{Account, StoreError};

/// A signed-in person, and the session that says so.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// The session.
    pub session: Session,
    /// The person.
    pub user: User,
}

/// Why an account or a membership was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PeopleError {
    /// Not an address.
    #[error("{0:?} is not an e-mail address")]
    BadEmail(String),
    /// Too short or too long.
    #[error("a password has {SHORTEST} characters or more, and {LONGEST} bytes or fewer")]
    BadPassword,
    /// Not usable in an address.
    #[error(
        "{0:?} is not a workspace name; use lower-case letters, digits and hyphens, at most 40"
    )]
    BadSlug(String),
    /// There is an account.
    #[error("{0} has an account already")]
    Exists(String),
    /// The database did not do its work.
    #[error(transparent)]
    Store(#[from] StoreError),
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
        let Some((now, session, user)) = found else { return Ok(None) };
        if !self.authority.session_is_live(now, &session, &user) {
            return Ok(None);
        }
        // When a session was last used is bookkeeping: losing it must not fail the page. At worst the session ends early.
        if now >= session.seen_at.plus_seconds(60)
            && let Err(error) = self.store.note_visit(session.digest).await
        {
            tracing::warn!(%error, "could not note the use of a session");
        }
        Ok(Some(Visitor { session, user }))
    }

    /// Begins a session for the person with this e-mail address and password. `None` when there is no such person or the password is wrong.
    pub async fn sign_in(
        &self,
        email: &str,
        password: Zeroizing<String>,
    ) -> Result<Option<SessionSecret>, StoreError> {
        let account = self.store.account(&email.trim().to_lowercase()).await?;
        let hash = account.as_ref().map(|account| account.password.as_str());
        let is_right =
            self.passwords.verify(password, hash).await.map_err(|busy| StoreError(busy.into()))?;
        let Some(account) = account.filter(|_| is_right) else {
            self.audit(Event::refused(What::SignIn, "wrong_credentials")).await;
            return Ok(None);
        };
        let secret = SessionSecret::mint(&*self.entropy);
        let transaction = self.store.begin().await?;
        let mut decision = self.authority.begin_session(
            transaction.now(),
            &account.user,
            self.keys.digest(&secret),
        );
        let event = match &decision.reply {
            Ok(()) => Event::allowed(What::SignIn),
            Err(_) => Event::refused(What::SignIn, "account_disabled"),
        };
        decision.changes.push(Change::Audit(event.user(&account.user.id)));
        transaction.commit(decision.changes).await?;
        Ok(decision.reply.ok().map(|()| secret))
    }

    /// Ends a session.
    pub async fn sign_out(&self, session: &Session) -> Result<(), StoreError> {
        let transaction = self.store.begin().await?;
        let event = Event::allowed(What::SignOut).user(&session.user_id);
        transaction
            .commit(vec![Change::EndSession { digest: session.digest }, Change::Audit(event)])
            .await
    }

    /// Adds a person.
    pub async fn add_account(
        &self,
        email: &str,
        display_name: Option<&str>,
        password: &str,
    ) -> Result<User, PeopleError> {
        let email = email.trim().to_lowercase();
        if self.store.account(&email).await?.is_some() {
            return Err(PeopleError::Exists(email));
        }
        self.put_account(&email, display_name, password).await
    }

    /// Adds a person, or gives the existing one a new password, which ends their sessions.
    pub async fn put_account(
        &self,
        email: &str,
        display_name: Option<&str>,
        password: &str,
    ) -> Result<User, PeopleError> {
        let email = email.trim().to_lowercase();
        let is_address = email.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && domain.contains('.') && !domain.contains('@')
        });
        if !is_address || email.len() > 254 || !email.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(PeopleError::BadEmail(email));
        }
        if password.chars().count() < SHORTEST || password.len() > LONGEST {
            return Err(PeopleError::BadPassword);
        }
        let existing = self.store.account(&email).await?.map(|account| account.user);
        let user = existing.unwrap_or_else(|| User {
            id: identifier(&*self.entropy),
            display_name: display_name.unwrap_or(&email).to_owned(),
            email,
            disabled_at: None,
        });
        let account = Account { user, password: hash(password.as_bytes(), &*self.entropy) };
        self.store.put_account(&account).await?;
        Ok(account.user)
    }

    /// Makes a person a member of the workspace `slug`, which is made if there is none.
    pub async fn join_workspace(
        &self,
        user: &User,
        slug: &str,
        role: Role,
    ) -> Result<Membership, PeopleError> {
        let is_slug = (1..=40).contains(&slug.len())
            && !slug.starts_with('-')
            && slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !is_slug {
            return Err(PeopleError::BadSlug(slug.to_owned()));
        }
        let mut membership = Membership {
            workspace_id: identifier(&*self.entropy),
            slug: slug.to_owned(),
            workspace_name: slug.to_owned(),
            role,
        };
        membership.workspace_id = self.store.join_workspace(&user.id, &membership).await?;
        Ok(membership)
    }
}
