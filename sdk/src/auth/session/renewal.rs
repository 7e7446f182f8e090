//! Replacing tokens, and ending them.
//!
//! All of it happens under the lock of the session's state, which is what makes it one at a time in this process,
//! and under the lock of the store, which does the same for the processes that share it.

use std::time::Duration;

use tokio::sync::OwnedMutexGuard;

use super::{Bearer, Session, State};
use crate::Error;
use crate::auth::Credentials;
use crate::auth::token::{self, Refusal, Tokens};
use crate::events::event;
use crate::http::jitter;

/// The longest wait for an overloaded server that a call sits through; a longer one is the caller's to sit through.
const SHORT: Duration = Duration::from_secs(5);
/// How long a server that does not say for how long is left alone, at least.
const PAUSE: Duration = Duration::from_secs(1);

impl Session {
    /// Refreshes in a task of its own: the server may have rotated the refresh token by the time a caller gives up.
    pub(super) async fn renew(&self, mut state: OwnedMutexGuard<State>) -> Result<Bearer, Error> {
        let session = self.clone();
        let renewal =
            tokio::spawn(async move { session.refresh(&mut state).await.map(|()| state.bearer()) });
        renewal.await.unwrap_or_else(|error| {
            Err(Error::authorization("the refresh was cut off by the end of the runtime")
                .caused_by(error))
        })
    }

    async fn refresh(&self, state: &mut State) -> Result<(), Error> {
        let Some(authority) = state.authority.clone() else { return Ok(()) };
        let is_expired = |state: &State| state.tokens().is_some_and(Tokens::is_expired);
        if is_expired(state) {
            state.check_pause()?;
        } else if !state.unsaved {
            return Ok(());
        }
        let _alone = self.alone(&authority.issuer).await?;
        if state.unsaved {
            self.save(state).await?;
        }
        if !is_expired(state) {
            return Ok(());
        }
        self.take_over(state).await?;
        let mut waited = false;
        loop {
            let Some(credentials) = state.credentials.clone() else { return Ok(()) };
            let Credentials { client, tokens: Some(tokens), .. } = &credentials else {
                return Ok(());
            };
            if !tokens.is_expired() {
                return Ok(());
            }
            let Some(refresh_token) = &tokens.refresh else {
                event!(AUTH, warn, "refresh.refused", reason = "there is no refresh token");
                return self.end_tokens(state, true).await;
            };
            event!(AUTH, debug, "refresh.begun", issuer = authority.issuer);
            let refreshed =
                token::refresh(&self.0.wire, &authority, client, tokens, refresh_token).await;
            let error = match refreshed {
                Ok(fresh) => {
                    let rotated = fresh.refresh != tokens.refresh;
                    event!(AUTH, info, "refresh.ended", scopes = fresh.scopes.join(" "), rotated);
                    state.replace(Credentials { tokens: Some(fresh), ..credentials });
                    return self.save(state).await;
                }
                Err(Refusal::Final(reason)) => {
                    event!(AUTH, warn, "refresh.refused", reason);
                    return self.end_tokens(state, true).await;
                }
                Err(Refusal::InvalidClient) => {
                    event!(AUTH, warn, "refresh.refused", reason = "invalid_client");
                    return self.end_tokens(state, false).await;
                }
                Err(Refusal::Other(error)) => error,
            };
            if !error.is_transport() && !error.is_timeout() {
                event!(AUTH, warn, "refresh.refused", reason = error.reason());
                state.need_person(None);
                return Err(error);
            }
            let wait = error.retry_after().unwrap_or_else(|| PAUSE + jitter(PAUSE));
            let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            event!(AUTH, warn, "refresh.postponed", reason = error.label(), wait_ms);
            // A server that says it is overloaded has not looked at the refresh token, so it can be shown again.
            if !waited && matches!(error.status(), Some(429 | 503)) && wait <= SHORT {
                waited = true;
                tokio::time::sleep(wait).await;
                continue;
            }
            state.pause(wait, error.status());
            return Err(error);
        }
    }

    /// Takes what another client that shares the store has made of the credentials since, so that a spent refresh token is not sent again.
    ///
    /// What was saved from here and is not there any more has ended.
    pub(super) async fn take_over(&self, state: &mut State) -> Result<(), Error> {
        let Some(authority) = state.authority.clone() else { return Ok(()) };
        let key = self.key(&authority.issuer);
        let stored = self.store("load", move |store| store.load(&key)).await?;
        let ended = stored.as_ref().is_none_or(|stored| stored.tokens.is_none());
        let theirs = if ended { stored } else { self.own(&authority, stored)? };
        let tokens = |credentials: Option<&Credentials>| {
            let tokens = credentials?.tokens.as_ref()?;
            Some((tokens.access.clone(), tokens.refresh.clone()))
        };
        let same = tokens(theirs.as_ref()) == tokens(state.credentials.as_ref());
        if same || (theirs.is_none() && !ended) {
            return Ok(());
        }
        event!(AUTH, debug, "refresh.shared", with = "process");
        state.take(theirs);
        Ok(())
    }

    /// Forgets the tokens, and the registration too unless the server still knows it.
    async fn end_tokens(&self, state: &mut State, keep_client: bool) -> Result<(), Error> {
        match state.credentials.take() {
            Some(credentials) if keep_client => {
                state.replace(Credentials { tokens: None, ..credentials });
                self.save(state).await
            }
            _ => {
                state.generation += 1;
                let Some(authority) = &state.authority else { return Ok(()) };
                let key = self.key(&authority.issuer);
                self.store("delete", move |store| store.delete(&key)).await
            }
        }
    }
}
