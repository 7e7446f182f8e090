//! How people come to a password and change it.

use zeroize::Zeroizing;

use super::people::unlinked;
use super::sign_in::Welcome;
use super::{App, Visitor};
use crate::audit::{Event, What};
use crate::authority::Change;
use crate::authority::people::{DeadLink, NotAnyMore, PasswordHash, SetupLink};
use crate::authority::records::User;
use crate::authority::throttle::{Counter, Key};
use crate::secret::password::{Unsuitable, judge};
use crate::secret::{SecretKind, SessionSecret, SetupSecret};
use crate::store::{Account, StoreError};

/// Seconds after a sign-in during which nothing else is asked of a person without a password.
const FRESH: i64 = 300;

/// Why a setup link did not set a password.
#[derive(Debug, thiserror::Error)]
pub enum SetupRefusal {
    /// The link is unknown, used, too old, or of a disabled account.
    #[error("this link cannot be used any more")]
    Dead,
    /// Another password must be chosen.
    #[error(transparent)]
    Unsuitable(#[from] Unsuitable),
    /// The database did not do its work, or the server is busy.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a password was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeRefusal {
    /// The current password is not what was given.
    #[error("the current password is wrong")]
    Wrong,
    /// Too many wrong ones were given.
    #[error("too many wrong passwords; try again in {seconds} seconds")]
    TooOften {
        /// How many seconds to wait.
        seconds: i64,
    },
    /// They have no password, and signed in too long ago to be asked nothing.
    #[error(
        "you signed in too long ago; sign out, sign in again, and come back within five minutes"
    )]
    Stale,
    /// Another password must be chosen.
    #[error(transparent)]
    Unsuitable(#[from] Unsuitable),
    /// The database did not do its work, or the server is busy.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl App {
    /// Makes a setup link for a person, which ends older ones. `None` when the account is disabled.
    pub async fn make_setup_link(
        &self,
        user: &User,
        seconds: i64,
    ) -> Result<Option<SetupSecret>, StoreError> {
        let secret = SetupSecret::mint(&*self.entropy);
        let mut transaction = self.store.begin().await?;
        let Some(person) = transaction.person(&user.id).await? else { return Ok(None) };
        let mut decision = self.authority.make_setup_link(
            transaction.now(),
            &person.user,
            self.keys.digest(&secret),
            seconds,
        );
        let event = Event::allowed(What::Account).user(&user.id).detail("setup link made");
        decision.changes.push(Change::Audit(event));
        transaction.commit(decision.changes).await?;
        Ok(decision.reply.ok().map(|_| secret))
    }

    /// Whose password a setup link sets; `None` when it cannot be used.
    pub async fn setup_link(
        &self,
        presented: &str,
    ) -> Result<Option<(SetupLink, User)>, StoreError> {
        if SetupSecret::parse(presented).is_none() || !self.config.has_passwords() {
            return Ok(None);
        }
        for digest in self.keys.digests(SecretKind::Setup, presented) {
            if let Some((now, link, user)) = self.store.setup_link(digest).await? {
                let is_live = self.authority.setup_link_is_live(now, &link, &user);
                return Ok(is_live.then_some((link, user)));
            }
        }
        self.is_unknown()?;
        Ok(None)
    }

    /// Sets the password that the holder of a setup link chose, ends every session of the person, and begins one.
    pub async fn set_up(
        &self,
        presented: &str,
        password: Zeroizing<String>,
        label: &str,
    ) -> Result<Welcome, SetupRefusal> {
        // A link that is dead already costs no hashing. Whether it still lives afterwards is decided in the transaction.
        let Some((link, user)) = self.setup_link(presented).await? else {
            self.audit(Event::refused(What::Setup, "dead_link")).await;
            return Err(SetupRefusal::Dead);
        };
        judge(&user.email, &password)?;
        let hash = self.passwords.hash(password, &*self.entropy).await.map_err(StoreError::from)?;
        let secret = SessionSecret::mint(&*self.entropy);
        let mut transaction = self.store.begin().await?;
        let found = transaction.setup_link_to_use(link.digest).await?;
        let mut decision = self.authority.set_up(
            transaction.now(),
            found,
            PasswordHash(hash),
            self.fresh_session(&secret, label),
        );
        let event = match decision.reply {
            Ok(()) => Event::allowed(What::Setup),
            Err(DeadLink) => Event::refused(What::Setup, "dead_link"),
        };
        decision.changes.push(Change::Audit(event.user(&user.id)));
        transaction.commit(decision.changes).await?;
        decision.reply.map_err(|DeadLink| SetupRefusal::Dead)?;
        Ok(Welcome { session: secret, known: self.introduce(&user.email) })
    }

    /// Whether a signed-in person must give their password before what outlives the session.
    pub async fn has_password(&self, user: &User) -> Result<bool, StoreError> {
        let account = self.store.account(&user.email).await?;
        Ok(self.config.has_passwords() && account.is_some_and(|own| !own.password.is_empty()))
    }

    /// Makes sure that it is still the person, before what outlives the session: by their password, or, without one, by a sign-in a moment ago.
    pub async fn confirm(
        &self,
        visitor: &Visitor,
        current: Zeroizing<String>,
    ) -> Result<(), ChangeRefusal> {
        if self.has_password(&visitor.user).await? {
            let counters = self.own_counters(visitor);
            let (_, counted) = self.verify_own(visitor, current, &counters).await?;
            return Ok(self.forgive(&counters, counted).await?);
        }
        let found = self.store.visitor(visitor.session.digest).await?;
        match found {
            Some((now, session, _)) if now < session.created_at.plus_seconds(FRESH) => Ok(()),
            _ => Err(ChangeRefusal::Stale),
        }
    }

    /// The account of a visitor who knows its password, and whether the attempt is counted.
    async fn verify_own(
        &self,
        visitor: &Visitor,
        current: Zeroizing<String>,
        counters: &[(Key, Counter)],
    ) -> Result<(Account, bool), ChangeRefusal> {
        let counted = match self.admit_attempt(counters).await? {
            Ok(counted) => counted,
            Err(seconds) => return Err(ChangeRefusal::TooOften { seconds }),
        };
        let account = self.store.account(&visitor.user.email).await?;
        let Some(account) = account else { return Err(ChangeRefusal::Wrong) };
        let verified = self.passwords.verify(current, Some(&account.password)).await;
        if !verified.map_err(StoreError::from)? {
            self.count_failure(counters, counted).await?;
            return Err(ChangeRefusal::Wrong);
        }
        Ok((account, counted))
    }

    /// Gives a signed-in person a new password. Every other session of theirs ends, and with `unlink` every link with a provider; what they granted lives on.
    pub async fn change_password(
        &self,
        visitor: &Visitor,
        current: Zeroizing<String>,
        new: Zeroizing<String>,
        unlink: bool,
    ) -> Result<(), ChangeRefusal> {
        if !self.config.has_passwords() {
            return Err(ChangeRefusal::Wrong);
        }
        let counters = self.own_counters(visitor);
        judge(&visitor.user.email, &new)?;
        let (account, counted) = self.verify_own(visitor, current, &counters).await?;
        let hash = self.passwords.hash(new, &*self.entropy).await.map_err(StoreError::from)?;
        let mut transaction = self.store.begin().await?;
        let person = transaction.person(&visitor.user.id).await?;
        let mut decision = self.authority.change_password(
            transaction.now(),
            person.as_ref(),
            account.password_changed_at,
            PasswordHash(hash),
            visitor.session.digest,
        );
        let event = match decision.reply {
            Ok(()) => Event::allowed(What::Account),
            Err(NotAnyMore) => Event::refused(What::Account, "changed_or_disabled"),
        };
        let event = event.user(&visitor.user.id).detail("password changed by its person");
        if unlink && decision.reply.is_ok() {
            for identity in transaction.identities_of(&visitor.user.id).await? {
                decision.changes.extend(unlinked(&visitor.user, &identity));
            }
        }
        decision.changes.push(Change::Audit(event));
        transaction.commit(decision.changes).await?;
        decision.reply.map_err(|NotAnyMore| ChangeRefusal::Wrong)?;
        Ok(self.forgive(&counters, counted).await?)
    }
}
