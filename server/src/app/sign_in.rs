//! Signing in with a password.
//!
//! Whether an attempt is looked at is decided, then the password is looked at, then the session begins in a transaction that sees whether the password is still that one.
//! Known and unknown accounts go the same way, down to the work of hashing.

use zeroize::Zeroizing;

use super::App;
use crate::audit::{Event, What};
use crate::authority::Change;
use crate::authority::people::{FreshSession, NotAnyMore, PasswordHash};
use crate::http::address::ClientAddress;
use crate::secret::SessionSecret;
use crate::secret::entropy::identifier;
use crate::secret::password::{TooManySignIns, is_outdated};
use crate::store::StoreError;

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

/// What the proof of a browser is about.
const KNOWN_BROWSER: &str = "known browser";

impl From<TooManySignIns> for StoreError {
    fn from(busy: TooManySignIns) -> Self {
        Self(busy.into())
    }
}

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

    pub(super) fn knows(&self, email: &str, known: &str) -> bool {
        let Some((name, proof)) = known.split_once('.') else { return false };
        let accepted = self.keys.form_tokens(format!("{name} {email}").as_bytes(), KNOWN_BROWSER);
        accepted.iter().any(|accepted| {
            subtle::ConstantTimeEq::ct_eq(accepted.as_bytes(), proof.as_bytes()).into()
        })
    }
}
