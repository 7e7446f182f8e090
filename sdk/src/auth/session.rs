//! The tokens of one client: where they come from, when they are replaced, and how they end.
//!
//! Invariants:
//! - One refresh at a time, whatever the number of calls that need it; a call that is dropped does not stop it half-way.
//! - A fresh refresh token is in the store before the access token that came with it is used.
//! - A refusal for good ends the tokens; an unavailable server does not, and is left alone for as long as it asks.
//! - A person is asked at the authorization server that the resource names at that moment. Tokens and the client's identity go to the server that they
//!   came from, which the resource named when it was asked last: at the first use of the process, at each 401 and at each question to a person.
//! - A browser opens only for [`Session::sign_in`] and [`Session::step_up`], once for each, and once for all that wait for the same answer.

mod asking;
mod budget;
mod finding;
mod renewal;
mod state;
mod turns;

use std::any::Any;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lookout_schema::ScopeSet;
use tokio::sync::{Mutex, OwnedMutexGuard};

use self::budget::StepUps;
use self::state::State;
use self::turns::Turns;
use super::token;
use super::wire::Wire;
use super::{Challenge, CredentialKey, CredentialStore, Credentials, OAuth, SignedOut};
use crate::Error;
use crate::auth::AccessToken;
use crate::endpoint::Endpoint;
use crate::events::event;

/// An access token as it is sent, or none, and which one of this session it is.
#[derive(Clone, Debug)]
pub(crate) struct Bearer {
    pub(crate) token: Option<AccessToken>,
    generation: u64,
}

#[derive(Clone)]
pub(crate) struct Session(Arc<Shared>);

struct Shared {
    /// Tells the sessions of this process apart.
    id: u64,
    oauth: OAuth,
    endpoint: Endpoint,
    wire: Wire,
    access: ScopeSet,
    state: Arc<Mutex<State>>,
    step_ups: StepUps,
    turns: Turns,
}

impl Session {
    pub(crate) fn new(
        oauth: OAuth,
        endpoint: Endpoint,
        http: reqwest::Client,
        access: ScopeSet,
    ) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(Arc::new(Shared {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            oauth,
            endpoint,
            wire: Wire::new(http),
            access,
            state: Arc::default(),
            step_ups: StepUps::default(),
            turns: Turns::default(),
        }))
    }

    /// What to send, fresh as far as this side can tell; no token where the store has none, and after the tokens ended.
    pub(crate) async fn bearer(&self) -> Result<Bearer, Error> {
        let mut state = self.lock().await;
        self.recall(&mut state).await;
        match state.tokens() {
            Some(tokens) if state.authority.is_some() && (tokens.is_expired() || state.unsaved) => {
                self.renew(state).await
            }
            _ => Ok(state.bearer()),
        }
    }

    /// What to send after a 401 to a request that carried `used`; no token when only a person can help.
    ///
    /// The resource is asked again which authorization server it trusts: it may have changed, and then the old tokens are of no use.
    pub(crate) async fn answer(
        &self,
        challenge: Option<&Challenge>,
        used: &Bearer,
    ) -> Result<Bearer, Error> {
        let mut state = self.lock().await;
        // Another call was refused with the same token and has seen to it since.
        if used.generation != state.generation {
            event!(AUTH, debug, "refresh.shared", with = "call");
            if state.unsaved {
                return self.renew(state).await;
            }
            return Ok(state.bearer());
        }
        state.check_pause()?;
        if state.tokens().is_none() {
            let loaded = self.load(&mut state, challenge).await;
            // Calls that wait for the same answer do not ask again.
            state.generation += 1;
            loaded?;
        } else if state.needs_person {
            // It was renewed before and refused nevertheless; nobody but another client of the store has helped since.
            self.take_over(&mut state).await?;
            if state.needs_person {
                state.need_person(challenge);
                return Ok(Bearer { token: None, generation: state.generation });
            }
        } else if self.moved(&mut state, challenge).await? {
            state.generation += 1;
        } else {
            state.distrust();
        }
        let next = match state.tokens() {
            Some(tokens) if tokens.is_expired() => {
                let next = self.renew(state).await?;
                state = self.lock().await;
                next
            }
            _ => state.bearer(),
        };
        if next.token.is_none() {
            state.need_person(challenge);
        }
        Ok(next)
    }

    /// Notes that the server refuses `used` although it is fresh, so that the next sign-in asks a person.
    pub(crate) async fn give_up(&self, challenge: Option<&Challenge>, used: &Bearer) {
        let mut state = self.lock().await;
        if used.generation == state.generation {
            state.need_person(challenge);
        }
    }

    /// What a call met, for the budget of [`Session::step_up`]: whether `operation` was refused for want of a scope.
    pub(crate) fn observe(&self, operation: impl FnOnce() -> String, refused: bool) {
        self.0.step_ups.observe(operation, refused);
    }

    /// Revokes the tokens and forgets them; they are forgotten even if the server cannot be told.
    pub(crate) async fn sign_out(
        &self,
        probe: impl AsyncFnOnce() -> Result<Option<Challenge>, Error>,
    ) -> Result<SignedOut, Error> {
        let mut state = self.lock().await;
        let remembered = self.remembered().await;
        let found = match state.authority {
            Some(_) if state.credentials.is_some() => Ok(()),
            _ => {
                let challenge = probe().await.ok().flatten();
                self.load(&mut state, challenge.as_ref()).await
            }
        };
        let mut credentials = state.credentials.take();
        state.forget();
        // What was remembered may be of an issuer that the resource no longer trusts; it goes too.
        let remembered = remembered.filter(|issuer| Some(issuer) != state.issuer.as_ref());
        let issuers = [remembered, state.issuer.clone()];
        if found.is_err() && issuers.iter().all(Option::is_none) {
            return found.map(|()| SignedOut::Revoked);
        }
        let mut deleted = Ok(());
        for issuer in issuers.into_iter().flatten() {
            // A client in the middle of a refresh would put back what is deleted here; one that never ends does not keep anybody signed in.
            let _alone = self.alone(&issuer).await.ok();
            let key = self.key(&issuer);
            if let Some(authority) = state.authority.as_deref().filter(|of| of.issuer == issuer) {
                let key = key.clone();
                let stored = self.store("load", move |store| store.load(&key)).await.ok().flatten();
                // What another client has now is what there is to revoke.
                credentials = self.own(authority, stored).ok().flatten().or(credentials);
            }
            deleted = deleted.and(self.store("delete", move |store| store.delete(&key)).await);
        }
        let revoked = match (&state.authority, credentials) {
            _ if found.is_err() => found,
            (Some(authority), Some(Credentials { client, tokens: Some(tokens), .. })) => {
                token::revoke(&self.0.wire, authority, &client, &tokens).await
            }
            _ => Ok(()),
        };
        deleted.map(|()| revoked.map_or_else(SignedOut::Unconfirmed, |()| SignedOut::Revoked))
    }

    async fn save(&self, state: &mut State) -> Result<(), Error> {
        let (Some(authority), Some(credentials)) = (&state.authority, state.credentials.clone())
        else {
            return Ok(());
        };
        let key = self.key(&authority.issuer);
        self.store("save", move |store| store.save(&key, &credentials)).await?;
        state.unsaved = false;
        Ok(())
    }

    /// Waits until no other client of the store replaces the credentials of `issuer`, and keeps others waiting until the result is dropped.
    async fn alone(&self, issuer: &str) -> Result<Box<dyn Any + Send>, Error> {
        let key = self.key(issuer);
        self.store("lock", move |store| store.lock(&key)).await
    }

    fn key(&self, issuer: &str) -> CredentialKey {
        let key = CredentialKey::new(issuer, self.0.endpoint.as_str());
        match &self.0.oauth.account {
            Some(account) => key.with_account(account),
            None => key,
        }
    }

    async fn lock(&self) -> OwnedMutexGuard<State> {
        Arc::clone(&self.0.state).lock_owned().await
    }

    /// Lets the store work where blocking is allowed; what `T` holds says whether something was found.
    async fn store<T: Stored>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&dyn CredentialStore) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let store = Arc::clone(&self.0.oauth.store);
        let done =
            tokio::task::spawn_blocking(move || work(&*store)).await.map_err(io::Error::other);
        let done = done.and_then(|result| result);
        match &done {
            Ok(value) => event!(AUTH, debug, "store", operation, outcome = value.outcome()),
            // The text is the store's, and nobody knows what it quotes.
            Err(error) => {
                let reason = error.kind().to_string();
                event!(AUTH, warn, "store", operation, outcome = "failed", reason);
            }
        }
        done.map_err(|error| {
            Error::authorization("the credential store could not be used").caused_by(error)
        })
    }
}

/// What an operation of a store comes to.
trait Stored: Send + 'static {
    fn outcome(&self) -> &'static str {
        "done"
    }
}

impl Stored for () {}
impl Stored for Box<dyn Any + Send> {}

impl<T: Send + 'static> Stored for Option<T> {
    fn outcome(&self) -> &'static str {
        if self.is_some() { "found" } else { "none" }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("oauth", &self.0.oauth).finish_non_exhaustive()
    }
}
