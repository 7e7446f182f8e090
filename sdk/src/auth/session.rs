//! The tokens of one client: where they come from, when they are replaced, and how they end.
//!
//! Invariants:
//! - One refresh at a time, whatever the number of calls that need it; a call that is dropped does not stop it half-way.
//! - A fresh refresh token is in the store before the access token that came with it is used.
//! - `invalid_grant` ends the tokens; an unavailable server does not.
//! - A browser opens only for [`Session::sign_in`] and [`Session::step_up`], once for each.

mod renewal;

use std::fmt;
use std::io;
use std::sync::Arc;

use lookout_schema::ScopeSet;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::timeout;

use super::discovery::{Authority, discover};
use super::flow::{Authorizing, Received};
use super::loopback::{Listener, Page};
use super::secret::AccessToken;
use super::token::{self, Tokens};
use super::wire::Wire;
use super::{Challenge, CredentialKey, CredentialStore, Credentials, OAuth};
use crate::Error;
use crate::endpoint::Endpoint;
use crate::error::Kind;

/// An access token as it is sent, and which one of this session it is.
#[derive(Clone, Debug)]
pub(crate) struct Bearer {
    pub(crate) token: AccessToken,
    generation: u64,
}

#[derive(Clone)]
pub(crate) struct Session(Arc<Shared>);

struct Shared {
    oauth: OAuth,
    endpoint: Endpoint,
    wire: Wire,
    access: ScopeSet,
    state: Arc<Mutex<State>>,
    /// Held while a person is asked, so that two callers do not open two browsers.
    asking: Mutex<()>,
}

#[derive(Default)]
struct State {
    authority: Option<Arc<Authority>>,
    credentials: Option<Credentials>,
    /// Grows with every change of the tokens.
    generation: u64,
    /// The store does not have these credentials yet because saving them failed.
    unsaved: bool,
}

impl Session {
    pub(crate) fn new(
        oauth: OAuth,
        endpoint: Endpoint,
        http: reqwest::Client,
        access: ScopeSet,
    ) -> Self {
        Self(Arc::new(Shared {
            oauth,
            endpoint,
            wire: Wire::new(http),
            access,
            state: Arc::default(),
            asking: Mutex::default(),
        }))
    }

    /// The token to send, fresh as far as this side can tell; `None` before the first challenge and after the tokens ended.
    pub(crate) async fn bearer(&self) -> Result<Option<Bearer>, Error> {
        let state = self.lock().await;
        match state.tokens() {
            None => Ok(None),
            Some(tokens) if tokens.is_expired() || state.unsaved => self.renew(state).await,
            Some(_) => Ok(state.bearer()),
        }
    }

    /// What to send after a 401 to a request that carried `used`; `None` when only a person can help.
    pub(crate) async fn answer(
        &self,
        challenge: Option<&Challenge>,
        used: Option<&Bearer>,
    ) -> Result<Option<Bearer>, Error> {
        let mut state = self.lock().await;
        if state.tokens().is_none() {
            self.load(&mut state, challenge).await?;
            return match state.tokens() {
                Some(tokens) if tokens.is_expired() => self.renew(state).await,
                _ => Ok(state.bearer()),
            };
        }
        // Another call was refused with the same token and has replaced it since.
        if used.map(|bearer| bearer.generation) != Some(state.generation) {
            return Ok(state.bearer());
        }
        state.distrust();
        self.renew(state).await
    }

    /// Makes sure that there are tokens, asking the person if there are none; returns the granted scopes.
    pub(crate) async fn sign_in(
        &self,
        challenge: Option<&Challenge>,
    ) -> Result<Vec<String>, Error> {
        let _asking = self.0.asking.lock().await;
        let mut state = self.lock().await;
        if state.tokens().is_none() {
            self.load(&mut state, challenge).await?;
        }
        if let Some(tokens) = state.tokens() {
            return Ok(tokens.scopes.clone());
        }
        drop(state);
        self.authorize(self.wanted(challenge)).await
    }

    /// Asks the person for `required` in addition to what was granted; returns the granted scopes.
    pub(crate) async fn step_up(
        &self,
        challenge: Option<&Challenge>,
        required: &[String],
    ) -> Result<Vec<String>, Error> {
        let _asking = self.0.asking.lock().await;
        let mut state = self.lock().await;
        if state.tokens().is_none() {
            self.load(&mut state, challenge).await?;
        }
        let mut union = match state.tokens() {
            Some(tokens) => tokens.scopes.clone(),
            None => self.wanted(challenge),
        };
        drop(state);
        union.extend_from_slice(required);
        union.sort_unstable();
        union.dedup();
        self.authorize(union).await
    }

    /// Revokes the grant and forgets it; it is forgotten even if the server cannot be told.
    pub(crate) async fn sign_out(&self, challenge: Option<&Challenge>) -> Result<(), Error> {
        let mut state = self.lock().await;
        if state.credentials.is_none() {
            self.load(&mut state, challenge).await?;
        }
        let credentials = state.credentials.take();
        state.generation += 1;
        state.unsaved = false;
        let Some(authority) = state.authority.clone() else { return Ok(()) };
        let key = self.key(&authority);
        self.store(move |store| store.delete(&key)).await?;
        let Some(Credentials { client, tokens: Some(Tokens { refresh: Some(refresh), .. }) }) =
            credentials
        else {
            return Ok(());
        };
        token::revoke(&self.0.wire, &authority, &client, &refresh).await
    }

    /// The scopes to ask for: those of the challenge as far as this client makes use of them, else its own.
    fn wanted(&self, challenge: Option<&Challenge>) -> Vec<String> {
        let own: Vec<String> =
            self.0.access.iter().map(|scope| scope.as_str().to_owned()).collect();
        let mut wanted = challenge.map(Challenge::scopes).unwrap_or_default();
        if self.0.access != ScopeSet::all() {
            wanted.retain(|scope| own.contains(scope));
        }
        if wanted.is_empty() { own } else { wanted }
    }

    /// Discovers the authorization server and takes what the store has for it.
    async fn load(&self, state: &mut State, challenge: Option<&Challenge>) -> Result<(), Error> {
        let authority = Arc::new(discover(&self.0.wire, &self.0.endpoint, challenge).await?);
        let key = self.key(&authority);
        state.authority = Some(authority);
        state.credentials = self.store(move |store| store.load(&key)).await?;
        state.generation += 1;
        Ok(())
    }

    /// Runs the code flow with the person.
    async fn authorize(&self, scopes: Vec<String>) -> Result<Vec<String>, Error> {
        let shared = &self.0;
        let (authority, known) = {
            let state = self.lock().await;
            let known = state.credentials.as_ref().map(|credentials| credentials.client.clone());
            (state.authority.clone().expect("loading the state discovers the authority"), known)
        };
        let mut listener = Listener::bind().await?;
        let redirect_uri = listener.redirect_uri();
        let client = match known {
            Some(client) => client,
            None => {
                let registration = &shared.oauth.registration;
                registration
                    .identity(&shared.wire, &authority, &shared.oauth.client_name, &redirect_uri)
                    .await?
            }
        };
        let resource = shared.endpoint.as_str();
        let request =
            Authorizing::start(Arc::clone(&authority), client, resource, &redirect_uri, scopes)?;
        shared.oauth.presenter.present(request.url())?;
        let wait = wait_for_answer(&mut listener, request);
        let answered = timeout(shared.oauth.patience, wait).await.map_err(|_| {
            Error::new(Kind::Timeout("nobody finished the sign-in in time; start it again"))
        })??;
        drop(listener);
        let (client, tokens) = answered.exchange(&shared.wire).await?;
        let granted = tokens.scopes.clone();
        let mut state = self.lock().await;
        state.authority = Some(authority);
        state.replace(Credentials { client, tokens: Some(tokens) });
        self.save(&mut state).await?;
        Ok(granted)
    }

    async fn save(&self, state: &mut State) -> Result<(), Error> {
        let (Some(authority), Some(credentials)) = (&state.authority, state.credentials.clone())
        else {
            return Ok(());
        };
        let key = self.key(authority);
        self.store(move |store| store.save(&key, &credentials)).await?;
        state.unsaved = false;
        Ok(())
    }

    fn key(&self, authority: &Authority) -> CredentialKey {
        CredentialKey::new(&authority.issuer, self.0.endpoint.as_str())
    }

    async fn lock(&self) -> OwnedMutexGuard<State> {
        Arc::clone(&self.0.state).lock_owned().await
    }

    async fn store<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn CredentialStore) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let store = Arc::clone(&self.0.oauth.store);
        let done =
            tokio::task::spawn_blocking(move || work(&*store)).await.map_err(io::Error::other);
        done.and_then(|result| result).map_err(|error| {
            Error::authorization("the credential store could not be used").caused_by(error)
        })
    }
}

/// Waits until a callback belongs to the request; what does not belong is turned away and changes nothing.
async fn wait_for_answer(
    listener: &mut Listener,
    mut request: Authorizing,
) -> Result<super::flow::Answered, Error> {
    loop {
        let callback = listener.next().await;
        match request.receive(&callback.query) {
            Received::Stray(waiting) => {
                callback.answer(Page::Stray).await;
                request = waiting;
            }
            Received::Failed(error) => {
                callback.answer(Page::Failed).await;
                return Err(error);
            }
            Received::Answered(answered) => {
                callback.answer(Page::Received).await;
                return Ok(answered);
            }
        }
    }
}

impl State {
    fn tokens(&self) -> Option<&Tokens> {
        self.credentials.as_ref()?.tokens.as_ref()
    }

    fn bearer(&self) -> Option<Bearer> {
        self.tokens()
            .map(|tokens| Bearer { token: tokens.access.clone(), generation: self.generation })
    }

    fn replace(&mut self, credentials: Credentials) {
        self.credentials = Some(credentials);
        self.generation += 1;
        self.unsaved = true;
    }

    /// Treats the access token as expired because the server refused it.
    fn distrust(&mut self) {
        if let Some(tokens) =
            self.credentials.as_mut().and_then(|credentials| credentials.tokens.as_mut())
        {
            tokens.expires_at = Some(0);
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("oauth", &self.0.oauth).finish_non_exhaustive()
    }
}
