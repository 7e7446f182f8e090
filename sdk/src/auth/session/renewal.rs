//! Replacing tokens, and ending them.
//!
//! All of it happens under the lock of the session's state, which is what makes it one at a time.

use tokio::sync::OwnedMutexGuard;

use super::{Bearer, Session, State};
use crate::Error;
use crate::auth::Credentials;
use crate::auth::discovery::Authority;
use crate::auth::token::{self, Refusal};

impl Session {
    /// Refreshes in a task of its own: the server may have rotated the refresh token by the time a caller gives up.
    pub(super) async fn renew(
        &self,
        mut state: OwnedMutexGuard<State>,
    ) -> Result<Option<Bearer>, Error> {
        let session = self.clone();
        let renewal =
            tokio::spawn(async move { session.refresh(&mut state).await.map(|()| state.bearer()) });
        renewal.await.unwrap_or_else(|error| {
            Err(Error::authorization("the refresh was cut off by the end of the runtime")
                .caused_by(error))
        })
    }

    async fn refresh(&self, state: &mut State) -> Result<(), Error> {
        if state.unsaved {
            self.save(state).await?;
        }
        let (Some(authority), Some(credentials)) =
            (state.authority.clone(), state.credentials.clone())
        else {
            return Ok(());
        };
        if state.tokens().is_none_or(|tokens| !tokens.is_expired()) {
            return Ok(());
        }
        if self.take_over(state, &authority).await? {
            return Ok(());
        }
        let Some(tokens) = credentials.tokens else { return Ok(()) };
        let Some(refresh_token) = &tokens.refresh else {
            // Nothing renews it: the person has to sign in again.
            return self.end_tokens(state, true).await;
        };
        let client = credentials.client;
        let resource = self.0.endpoint.as_str();
        match token::refresh(&self.0.wire, &authority, &client, resource, &tokens, refresh_token)
            .await
        {
            Ok(fresh) => {
                state.replace(Credentials { client, tokens: Some(fresh) });
                self.save(state).await
            }
            Err(Refusal::InvalidGrant) => self.end_tokens(state, true).await,
            Err(Refusal::InvalidClient) => self.end_tokens(state, false).await,
            Err(Refusal::Other(error)) => Err(error),
        }
    }

    /// Takes the tokens of another process that shares the store and was quicker, so that a spent refresh token is not sent again.
    async fn take_over(&self, state: &mut State, authority: &Authority) -> Result<bool, Error> {
        let key = self.key(authority);
        let stored = self.store(move |store| store.load(&key)).await?;
        let Some(credentials) = stored else { return Ok(false) };
        let (Some(theirs), Some(ours)) = (&credentials.tokens, state.tokens()) else {
            return Ok(false);
        };
        if theirs.access == ours.access || theirs.is_expired() {
            return Ok(false);
        }
        state.replace(credentials);
        state.unsaved = false;
        Ok(true)
    }

    /// Forgets the tokens, and the registration too unless the server still knows it.
    async fn end_tokens(&self, state: &mut State, keep_client: bool) -> Result<(), Error> {
        match state.credentials.take() {
            Some(Credentials { client, .. }) if keep_client => {
                state.replace(Credentials { client, tokens: None });
                self.save(state).await
            }
            _ => {
                state.generation += 1;
                let Some(authority) = &state.authority else { return Ok(()) };
                let key = self.key(authority);
                self.store(move |store| store.delete(&key)).await
            }
        }
    }
}
