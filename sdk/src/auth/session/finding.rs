//! Finding the authorization server that the resource names now, and what the store has for it.

use std::sync::Arc;
use std::time::Instant;

use lookout_schema::ScopeSet;

use super::{Session, State};
use crate::Error;
use crate::auth::discovery::{Authority, discover};
use crate::auth::{Challenge, Credentials};

impl Session {
    /// The scopes to ask for: those of the challenge, else those that the resource says it has, else whatever the server thinks fit.
    ///
    /// A client of less than full access keeps to its own scopes.
    pub(super) fn wanted(&self, state: &State) -> Vec<String> {
        let challenged = state.challenge.as_ref().map(Challenge::scopes).unwrap_or_default();
        let mut wanted = match (&state.authority, challenged.is_empty()) {
            (Some(authority), true) => authority.resource_scopes.clone(),
            _ => challenged,
        };
        if self.0.access != ScopeSet::all() {
            let own: Vec<String> =
                self.0.access.iter().map(|scope| scope.as_str().to_owned()).collect();
            wanted.retain(|scope| own.contains(scope));
            if wanted.is_empty() {
                wanted = own;
            }
        }
        wanted
    }

    async fn discover(&self, challenge: Option<&Challenge>) -> Result<Authority, Error> {
        let preferred = self.0.oauth.registration.issuer();
        discover(&self.0.wire, &self.0.endpoint, challenge, preferred).await
    }

    /// Discovers the authorization server and takes what the store has for it.
    pub(super) async fn load(
        &self,
        state: &mut State,
        challenge: Option<&Challenge>,
    ) -> Result<(), Error> {
        let authority = Arc::new(self.discover(challenge).await?);
        self.take_stored(state, authority).await
    }

    /// Whether the resource has another authorization server now; if so, the credentials are those that the store has for that one.
    pub(super) async fn moved(
        &self,
        state: &mut State,
        challenge: Option<&Challenge>,
    ) -> Result<bool, Error> {
        let known = state.authority.as_ref().map(|authority| authority.issuer.clone());
        let authority = match self.discover(challenge).await {
            Ok(authority) => Arc::new(authority),
            // That the metadata cannot be had for the moment does not say that it changed.
            Err(error) if known.is_some() && (error.is_transport() || error.is_timeout()) => {
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        if known.as_ref() == Some(&authority.issuer) {
            state.authority = Some(authority);
            state.discovered = Some(Instant::now());
            return Ok(false);
        }
        self.take_stored(state, authority).await?;
        Ok(true)
    }

    async fn take_stored(&self, state: &mut State, authority: Arc<Authority>) -> Result<(), Error> {
        let key = self.key(&authority);
        state.authority = Some(authority);
        state.discovered = Some(Instant::now());
        state.unsaved = false;
        state.credentials = None;
        let stored = self.store(move |store| store.load(&key)).await?;
        let authority = state.authority.as_deref().expect("it was set above");
        state.credentials = self.own(authority, stored)?;
        state.generation += 1;
        Ok(())
    }

    /// What was stored, if it is this client's: not what another client identifier got.
    ///
    /// A secret that the program was given is the program's of today, not the store's.
    pub(super) fn own(
        &self,
        authority: &Authority,
        stored: Option<Credentials>,
    ) -> Result<Option<Credentials>, Error> {
        match (&self.0.oauth.registration.known, stored) {
            (Some(known), Some(stored))
                if known.client_id == stored.client.id() && known.issuer == authority.issuer =>
            {
                Ok(Some(Credentials { client: known.identity(authority)?, ..stored }))
            }
            (Some(_), _) => Ok(None),
            (None, stored) => Ok(stored),
        }
    }
}
