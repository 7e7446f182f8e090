//! Signing in with a password, and how people come to one.
//!
//! Whether an attempt is looked at is decided, then the password is looked at, then the session begins in a transaction that sees whether the password is still that one.
//! Known and unknown accounts go the same way, down to the work of hashing.

use zeroize::Zeroizing;

use super::people::unlinked;
use super::{App, Visitor};
use crate::audit::{Event, What};
use crate::authority::people::{
    DeadLink, FreshSession, NotAnyMore, PasswordHash, PersonChange, SetupLink,
};
use crate::authority::records::{Session, User};
use crate::authority::throttle::{Admission, Counter, Failures, Key};
use crate::authority::{Change, Timestamp};
use crate::http::address::ClientAddress;
use crate::secret::entropy::identifier;
use crate::secret::password::{TooManySignIns, Unsuitable, is_outdated, judge};
use crate::secret::{SecretKind, SessionSecret, SetupSecret};
use crate::store::{Account, AuthorityTransaction, StoreError};

/// What a browser brings to sign in.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// The e-mail address as typed.
    pub email: &'a str,
    /// The password as typed.
    pub password: Zeroizing<String>,
    /// Where the browser is.
    pub address: ClientAddress,
    /// What an earlier sign-in left in the browser; see [`Welcome::known`].
    pub known: Option<&'a str>,
    /// What the browser is called in the list of sessions.
    pub label: &'a str,
}

/// What an attempt came to.
#[derive(Debug)]
pub enum SignIn {
    /// It succeeded.
    Welcome(Welcome),
    /// Nobody has this e-mail address, or the password is wrong.
    Wrong,
    /// There were too many failures; nothing was looked at.
    TooOften {
        /// How many seconds to wait.
        seconds: i64,
    },
}

/// A session that has just begun.
#[derive(Debug)]
pub struct Welcome {
    /// The session.
    pub session: SessionSecret,
    /// What lets the browser sign in to this account again although strangers failed to. It proves nothing else.
    pub known: String,
}

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

impl From<TooManySignIns> for StoreError {
    fn from(busy: TooManySignIns) -> Self {
        Self(busy.into())
    }
}

/// The counters that an attempt is counted by.
type Counters = Vec<(Key, Counter)>;

impl App {
    /// Begins a session for the person with this e-mail address and password, from nowhere in particular. `None` when that is refused.
    pub async fn sign_in(
        &self,
        email: &str,
        password: Zeroizing<String>,
    ) -> Result<Option<SessionSecret>, StoreError> {
        let address = ClientAddress(std::net::Ipv4Addr::UNSPECIFIED.into());
        let attempt = Attempt { email, password, address, known: None, label: "" };
        Ok(match self.attempt(attempt).await? {
            SignIn::Welcome(welcome) => Some(welcome.session),
            SignIn::Wrong | SignIn::TooOften { .. } => None,
        })
    }

    /// Signs in with a password.
    pub async fn attempt(&self, attempt: Attempt<'_>) -> Result<SignIn, StoreError> {
        if !self.config.has_passwords() {
            self.audit(Event::refused(What::SignIn, "passwords_are_off")).await;
            return Ok(SignIn::Wrong);
        }
        let email = attempt.email.trim().to_lowercase();
        let counters = self.counters(&email, attempt.address, attempt.known);
        let counted = match self.admit_attempt(&counters).await? {
            Ok(counted) => counted,
            Err(seconds) => {
                self.audit(Event::refused(What::Throttle, "sign_in")).await;
                return Ok(SignIn::TooOften { seconds });
            }
        };
        let account = self.store.account(&email).await?;
        let hash = account.as_ref().map(|account| account.password.as_str());
        let verified = self.passwords.verify(attempt.password.clone(), hash).await;
        let is_right = match verified {
            Ok(is_right) => is_right,
            Err(busy) => {
                if counted {
                    self.forgive(&counters, counted).await?;
                }
                return Err(busy.into());
            }
        };
        let Some(account) = account.filter(|_| is_right) else {
            self.count_failure(&counters, counted).await?;
            self.audit(Event::refused(What::SignIn, "wrong_credentials")).await;
            return Ok(SignIn::Wrong);
        };
        let rehashed = if is_outdated(&account.password) {
            // The session matters more than the hash; the next sign-in tries again.
            self.passwords.hash(attempt.password, &*self.entropy).await.ok().map(PasswordHash)
        } else {
            None
        };
        let secret = SessionSecret::mint(&*self.entropy);
        let mut transaction = self.store.begin().await?;
        let person = transaction.person(&account.user.id).await?;
        let mut decision = self.authority.sign_in(
            transaction.now(),
            person.as_ref(),
            account.password_changed_at,
            rehashed,
            self.fresh_session(&secret, attempt.label),
        );
        let event = match decision.reply {
            Ok(()) => Event::allowed(What::SignIn),
            Err(NotAnyMore) => Event::refused(What::SignIn, "changed_or_disabled"),
        };
        decision.changes.push(Change::Audit(event.user(&account.user.id)));
        transaction.commit(decision.changes).await?;
        if let Err(NotAnyMore) = decision.reply {
            return Ok(SignIn::Wrong);
        }
        self.forgive(&counters, counted).await?;
        let known = match attempt.known.filter(|known| self.knows(&email, known)) {
            Some(known) => known.to_owned(),
            None => self.introduce(&email),
        };
        Ok(SignIn::Welcome(Welcome { session: secret, known }))
    }

    pub(crate) fn fresh_session(&self, secret: &SessionSecret, label: &str) -> FreshSession {
        FreshSession {
            digest: self.keys.digest(secret),
            id: identifier(&*self.entropy),
            label: label.to_owned(),
        }
    }

    /// What is left in a browser that signed in to an account: a name for it, and the proof that this server gave it for this account.
    pub(super) fn introduce(&self, email: &str) -> String {
        let name = identifier(&*self.entropy);
        let proof = self.keys.form_token(format!("{name} {email}").as_bytes(), KNOWN_BROWSER);
        format!("{name}.{proof}")
    }

    fn knows(&self, email: &str, known: &str) -> bool {
        let Some((name, proof)) = known.split_once('.') else { return false };
        let accepted = self.keys.form_tokens(format!("{name} {email}").as_bytes(), KNOWN_BROWSER);
        accepted.iter().any(|accepted| {
            subtle::ConstantTimeEq::ct_eq(accepted.as_bytes(), proof.as_bytes()).into()
        })
    }

    fn counters(&self, email: &str, address: ClientAddress, known: Option<&str>) -> Counters {
        // Any text can be typed as an account, so the names of different counters differ before it.
        let key = |name: String| Key(self.keys.form_token(name.as_bytes(), FAILURES).into_bytes());
        let network = address.network();
        if let Some(known) = known.filter(|known| self.knows(email, known)) {
            let name = known.split('.').next().unwrap_or_default();
            return vec![(key(format!("browser {name} {email}")), Counter::KnownBrowser)];
        }
        let mut counters = vec![
            (key(format!("pair {network} {email}")), Counter::AccountAndNetwork),
            (key(format!("account {email}")), Counter::Account),
            (key(format!("network {network}")), Counter::Network),
        ];
        // Every transaction takes the rows in this order, so that none waits for another that waits for it.
        counters.sort_by(|one, other| one.0.cmp(&other.0));
        counters
    }

    /// Whether an attempt is looked at: `Ok` says whether it is counted as a failure already, `Err` how many seconds to wait.
    async fn admit_attempt(
        &self,
        counters: &[(Key, Counter)],
    ) -> Result<Result<bool, i64>, StoreError> {
        let mut transaction = self.store.begin().await?;
        let so_far = load(&mut *transaction, counters).await?;
        match self.authority.admit_attempt(transaction.now(), &so_far) {
            Admission::Open => Ok(Ok(false)),
            Admission::Counted(next) => {
                transaction.commit(changes(counters, next)).await?;
                Ok(Ok(true))
            }
            Admission::Wait { seconds } => Ok(Err(seconds)),
        }
    }

    async fn count_failure(
        &self,
        counters: &[(Key, Counter)],
        counted: bool,
    ) -> Result<(), StoreError> {
        if counted {
            return Ok(());
        }
        let mut transaction = self.store.begin().await?;
        let so_far = load(&mut *transaction, counters).await?;
        let next = self.authority.count_failure(transaction.now(), &so_far);
        transaction.commit(changes(counters, next)).await
    }

    async fn forgive(&self, counters: &[(Key, Counter)], counted: bool) -> Result<(), StoreError> {
        let mut transaction = self.store.begin().await?;
        let so_far = load(&mut *transaction, counters).await?;
        let next = self.authority.forgive(&so_far, counted);
        transaction.commit(changes(counters, next)).await
    }

    /// Counts an attempt from a network that is about no account yet, or says how many seconds to wait.
    #[cfg(feature = "oidc")]
    pub(super) async fn count_visit(
        &self,
        address: ClientAddress,
    ) -> Result<Result<(), i64>, StoreError> {
        let counters = self.visits(address);
        let admitted = self.admit_attempt(&counters).await?;
        if let Ok(counted) = admitted {
            self.count_failure(&counters, counted).await?;
        }
        Ok(admitted.map(|_| ()))
    }

    /// The attempt that was counted was none to worry about.
    #[cfg(feature = "oidc")]
    pub(super) async fn forgive_visit(&self, address: ClientAddress) -> Result<(), StoreError> {
        self.forgive(&self.visits(address), true).await
    }

    #[cfg(feature = "oidc")]
    fn visits(&self, address: ClientAddress) -> Counters {
        let name = format!("network {}", address.network());
        let key = Key(self.keys.form_token(name.as_bytes(), FAILURES).into_bytes());
        vec![(key, Counter::Network)]
    }

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

    fn own_counters(&self, visitor: &Visitor) -> Counters {
        let name = format!("session {}", visitor.session.id);
        let key = Key(self.keys.form_token(name.as_bytes(), FAILURES).into_bytes());
        vec![(key, Counter::KnownBrowser)]
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

/// Seconds after a sign-in during which nothing else is asked of a person without a password.
const FRESH: i64 = 300;
const FAILURES: &str = "failed sign-ins";
const KNOWN_BROWSER: &str = "known browser";

async fn load(
    transaction: &mut dyn AuthorityTransaction,
    counters: &[(Key, Counter)],
) -> Result<Vec<(Counter, Failures)>, StoreError> {
    let mut so_far = Vec::new();
    for (key, counter) in counters {
        so_far.push((*counter, transaction.failures(key).await?));
    }
    Ok(so_far)
}

fn changes(counters: &[(Key, Counter)], next: Vec<Failures>) -> Vec<Change> {
    let keys = counters.iter().map(|(key, _)| key.clone());
    keys.zip(next).map(|(key, failures)| PersonChange::Count { key, failures }.into()).collect()
}
