//! Finding the authorization server that the resource names now, and what the store has for it.

use std::sync::Arc;

use lookout_schema::ScopeSet;

use super::{Session, State};
use crate::Error;
use crate::auth::discovery::{Authority, discover};
use crate::auth::{Challenge, Credentials};
use crate::events::event;

impl Session {
    /// The scopes to ask for: those of the challenge, else those that the resource says it has, else whatever the server thinks fit.
    ///
    /// Those of earlier requests are among them. A client of less than full access keeps to its own scopes.
    pub(super) fn wanted(&self, state: &State) -> Vec<String> {
        let challenged = state.challenge.as_ref().map(Challenge::scopes).unwrap_or_default();
        let mut wanted = match (&state.authority, challenged.is_empty()) {
            (Some(authority), true) => authority.resource_scopes.clone(),
            _ => challenged,
        };
        wanted.extend(state.requested());
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
        let authority = match self.discover(challenge).await {
            Ok(authority) => Arc::new(authority),
            // That the metadata cannot be had for the moment does not say that it changed.
            Err(error)
                if state.authority.is_some() && (error.is_transport() || error.is_timeout()) =>
            {
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        if state.issuer.as_ref() == Some(&authority.issuer) {
            if state.authority.is_none() {
                state.credentials = self.own(&authority, state.credentials.take())?;
            }
            state.trust(authority);
            return Ok(false);
        }
        if let Some(before) = &state.issuer {
            event!(AUTH, warn, "issuer.changed", issuer = authority.issuer, before);
        }
        self.take_stored(state, authority).await?;
        Ok(true)
    }

    async fn take_stored(&self, state: &mut State, authority: Arc<Authority>) -> Result<(), Error> {
        let key = self.key(&authority.issuer);
        state.trust(Arc::clone(&authority));
        state.unsaved = false;
        state.credentials = None;
        let stored = self.store("load", move |store| store.load(&key)).await?;
        state.take(self.own(&authority, stored)?);
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

    /// Takes what the store remembers for this endpoint, once, before anybody has said which authorization server it trusts.
    ///
    /// An access token is for the endpoint and goes nowhere else, so it can be shown there without asking; nothing else of the credentials is used
    /// until the authorization server is discovered and has the issuer that they are of.
    pub(super) async fn recall(&self, state: &mut State) {
        if state.authority.is_some() || std::mem::replace(&mut state.recalled, true) {
            return;
        }
        let Some(issuer) = self.remembered().await else { return };
        let key = self.key(&issuer);
        // What cannot be read now is read again after the discovery, and says then why it cannot.
        let stored = self.store("recall", move |store| store.load(&key)).await.ok().flatten();
        let known = self.0.oauth.registration.known.as_ref();
        let is_own = |stored: &Credentials| {
            known.is_none_or(|known| known.client_id == stored.client.id())
                && stored.tokens.as_ref().is_some_and(|tokens| !tokens.is_expired())
        };
        if let Some(stored) = stored.filter(is_own) {
            state.issuer = Some(issuer);
            state.credentials = Some(stored);
            state.generation += 1;
        }
    }

    /// The issuer that the endpoint's credentials were of when they were saved last.
    pub(super) async fn remembered(&self) -> Option<String> {
        let resource = self.0.endpoint.as_str().to_owned();
        let issuer =
            self.store("recall", move |store| store.issuer(&resource)).await.ok().flatten()?;
        let known = self.0.oauth.registration.issuer();
        known.is_none_or(|known| known == issuer).then_some(issuer)
    }
}
