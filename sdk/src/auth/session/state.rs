//! What a session knows, under one lock.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Bearer;
use crate::Error;
use crate::auth::discovery::Authority;
use crate::auth::token::Tokens;
use crate::auth::{Challenge, Credentials};
use crate::error::Kind;

#[derive(Default)]
pub(super) struct State {
    pub(super) authority: Option<Arc<Authority>>,
    /// The issuer that the credentials are of; known before its authority is, when the store remembered it.
    pub(super) issuer: Option<String>,
    /// The store was asked what it remembers.
    pub(super) recalled: bool,
    pub(super) credentials: Option<Credentials>,
    /// Grows with every change of the tokens, and with every attempt to find some.
    pub(super) generation: u64,
    /// The store does not have these credentials yet because saving them failed.
    pub(super) unsaved: bool,
    /// A request was refused and nothing but a sign-in helps.
    pub(super) needs_person: bool,
    /// What the request that led here was told; its scopes are those to ask for.
    pub(super) challenge: Option<Challenge>,
    /// The authorization server is not to be asked before this.
    pause: Option<Pause>,
}

struct Pause {
    until: Instant,
    status: Option<u16>,
}

impl State {
    pub(super) fn tokens(&self) -> Option<&Tokens> {
        self.credentials.as_ref()?.tokens.as_ref()
    }

    /// The tokens, unless they are past their time and cannot be renewed.
    pub(super) fn usable(&self) -> Option<&Tokens> {
        self.tokens().filter(|tokens| !tokens.is_expired() || tokens.refresh.is_some())
    }

    /// The scopes of earlier requests.
    pub(super) fn requested(&self) -> Vec<String> {
        self.credentials.as_ref().map(|known| known.requested.clone()).unwrap_or_default()
    }

    /// The access token; none that is past its time while there is nobody to renew it, so that the refusal tells whom to ask.
    pub(super) fn bearer(&self) -> Bearer {
        let tokens =
            self.tokens().filter(|tokens| self.authority.is_some() || !tokens.is_expired());
        let token = tokens.map(|tokens| tokens.access.clone());
        Bearer { token, generation: self.generation }
    }

    /// Makes the authority the one that counts from now on.
    pub(super) fn trust(&mut self, authority: Arc<Authority>) {
        self.issuer = Some(authority.issuer.clone());
        self.authority = Some(authority);
    }

    pub(super) fn replace(&mut self, credentials: Credentials) {
        self.credentials = Some(credentials);
        self.generation += 1;
        self.unsaved = true;
        self.needs_person = false;
        self.pause = None;
    }

    /// Takes what the store has.
    pub(super) fn take(&mut self, stored: Option<Credentials>) {
        self.credentials = stored;
        self.needs_person &= self.tokens().is_none();
        self.generation += 1;
        self.unsaved = false;
        self.pause = None;
    }

    pub(super) fn forget(&mut self) {
        self.credentials = None;
        self.generation += 1;
        self.unsaved = false;
        self.needs_person = false;
        self.challenge = None;
    }

    /// Treats the access token as expired because the server refused it.
    pub(super) fn distrust(&mut self) {
        if let Some(tokens) =
            self.credentials.as_mut().and_then(|credentials| credentials.tokens.as_mut())
        {
            tokens.expires_at = Some(0);
        }
    }

    pub(super) fn need_person(&mut self, challenge: Option<&Challenge>) {
        self.needs_person = true;
        self.challenge = challenge.cloned();
    }

    /// Leaves the authorization server alone for `wait`.
    pub(super) fn pause(&mut self, wait: Duration, status: Option<u16>) {
        self.pause = Instant::now().checked_add(wait).map(|until| Pause { until, status });
    }

    /// The error for a server that is still to be left alone.
    pub(super) fn check_pause(&self) -> Result<(), Error> {
        let Some(Pause { until, status }) = &self.pause else { return Ok(()) };
        let left = until.saturating_duration_since(Instant::now());
        match status {
            _ if left.is_zero() => Ok(()),
            Some(status) => Err(Error::new(Kind::Status(*status, Some(left)))),
            None => Err(Error::new(Kind::Transport(
                "the authorization server did not answer a moment ago; try again later".to_owned(),
            ))),
        }
    }
}
