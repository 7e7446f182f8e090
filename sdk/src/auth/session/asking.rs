//! Asking the person: the code flow from the question to stored tokens, in a browser on this machine or wherever the application sends them.

use tokio::time::timeout;

use super::{Session, State};
use crate::Error;
use crate::auth::flow::{Answered, Authorizing, Granted, Received};
use crate::auth::loopback::{self, Listener, Page};
use crate::auth::{Challenge, Credentials};
use crate::endpoint;
use crate::error::Kind;
use crate::events::event;

impl Session {
    /// Makes sure that there are tokens, asking the person if there are none; returns the granted scopes.
    ///
    /// Callers that waited while somebody else asked get the same refusal, if that is what it came to.
    pub(crate) async fn sign_in(
        &self,
        probe: impl AsyncFnOnce() -> Result<Option<Challenge>, Error>,
    ) -> Result<Vec<String>, Error> {
        let turn = self.0.turns.take().await;
        if let Some(Err(refused)) = turn.awaited() {
            let state = self.lock().await;
            // What was refused may have been no more than further scopes.
            let tokens = state.tokens().filter(|_| !state.needs_person);
            return tokens.map(|tokens| tokens.scopes.clone()).ok_or(refused);
        }
        let signed_in = self.sign_in_in_turn(probe).await;
        turn.end(&signed_in);
        signed_in
    }

    async fn sign_in_in_turn(
        &self,
        probe: impl AsyncFnOnce() -> Result<Option<Challenge>, Error>,
    ) -> Result<Vec<String>, Error> {
        let mut state = self.lock().await;
        self.recall(&mut state).await;
        if !state.needs_person {
            if state.usable().is_none() {
                let challenge = probe().await?;
                self.load(&mut state, challenge.as_ref()).await?;
                state.challenge = challenge;
            }
            if let Some(tokens) = state.usable() {
                return Ok(tokens.scopes.clone());
            }
        } else {
            let challenge = state.challenge.clone();
            self.moved(&mut state, challenge.as_ref()).await?;
            // Somebody may have signed in with another client of the store.
            self.take_over(&mut state).await?;
            if let Some(tokens) = state.usable().filter(|_| !state.needs_person) {
                return Ok(tokens.scopes.clone());
            }
        }
        let scopes = self.wanted(&state);
        drop(state);
        self.authorize(scopes).await
    }

    /// Asks the person for `required` in addition to what was asked for before; returns the granted scopes.
    ///
    /// Callers that waited while somebody else asked for the same get the same answer.
    pub(crate) async fn step_up(
        &self,
        probe: impl AsyncFnOnce() -> Result<Option<Challenge>, Error>,
        required: &[String],
    ) -> Result<Vec<String>, Error> {
        let turn = self.0.turns.take().await;
        match turn.awaited() {
            Some(Err(refused)) => return Err(refused),
            Some(Ok(())) => {
                let state = self.lock().await;
                let asked = state.requested();
                if let Some(tokens) = state.tokens()
                    && required.iter().all(|scope| asked.contains(scope))
                {
                    return Ok(tokens.scopes.clone());
                }
            }
            None => {}
        }
        self.0.step_ups.spend()?;
        event!(AUTH, info, "step_up", required = required.join(" "));
        let stepped_up = self.step_up_in_turn(probe, required).await;
        turn.end(&stepped_up);
        stepped_up
    }

    async fn step_up_in_turn(
        &self,
        probe: impl AsyncFnOnce() -> Result<Option<Challenge>, Error>,
        required: &[String],
    ) -> Result<Vec<String>, Error> {
        let mut state = self.lock().await;
        self.find(&mut state, probe).await?;
        let union = self.union(&state, required);
        drop(state);
        self.authorize(union).await
    }

    /// Finds the authorization server that the resource names now; what was known may be as old as the process.
    async fn find(
        &self,
        state: &mut State,
        probe: impl AsyncFnOnce() -> Result<Option<Challenge>, Error>,
    ) -> Result<(), Error> {
        let challenge = match state.challenge.clone().filter(|_| state.needs_person) {
            None => probe().await?,
            known => known,
        };
        if state.authority.is_some() {
            self.moved(state, challenge.as_ref()).await?;
        } else {
            self.load(state, challenge.as_ref()).await?;
        }
        state.challenge = challenge;
        Ok(())
    }

    /// The scopes of a step-up: none that was granted or asked for before gets lost.
    fn union(&self, state: &State, required: &[String]) -> Vec<String> {
        let mut union = match state.tokens() {
            Some(tokens) => tokens.scopes.clone(),
            None => self.wanted(state),
        };
        union.extend(state.requested());
        union.extend_from_slice(required);
        union
    }

    /// Starts a sign-in whose answer the application receives; with `required`, a step-up.
    pub(crate) async fn start(
        &self,
        probe: impl AsyncFnOnce() -> Result<Option<Challenge>, Error>,
        required: Option<&[String]>,
        redirect_uri: &str,
    ) -> Result<Authorizing, Error> {
        endpoint::check_redirect_uri(redirect_uri).map_err(|why| {
            Error::configuration(format!("the redirect URI is not accepted: {why}"))
        })?;
        if let Some(required) = required {
            self.0.step_ups.spend()?;
            event!(AUTH, info, "step_up", required = required.join(" "));
        }
        let mut state = self.lock().await;
        self.find(&mut state, probe).await?;
        let scopes = match required {
            Some(required) => self.union(&state, required),
            None => self.wanted(&state),
        };
        drop(state);
        self.prepare(scopes, redirect_uri).await
    }

    /// Ends what [`Session::start`] began; returns the granted scopes.
    pub(crate) async fn finish(&self, answered: Answered) -> Result<Vec<String>, Error> {
        if answered.session() != self.0.id {
            return Err(Error::configuration(
                "the response answers a request of another client; finish it with the client that started it, or a clone of that",
            ));
        }
        self.redeem(answered).await
    }

    /// Asks for `scopes` in a browser on this machine, and returns what was granted.
    pub(super) async fn authorize(&self, scopes: Vec<String>) -> Result<Vec<String>, Error> {
        let oauth = &self.0.oauth;
        let mut listener = Listener::bind().await?;
        let request = self.prepare(scopes, &listener.redirect_uri()).await?;
        oauth.presenter.present(request.url())?;
        let wait = wait_for_answer(&mut listener, request);
        let answered = timeout(oauth.patience, wait).await.map_err(|_| {
            event!(AUTH, warn, "authorization.unanswered");
            Error::new(Kind::Timeout("nobody finished the sign-in in time; start it again"))
        })??;
        drop(listener);
        self.redeem(answered).await
    }

    /// Prepares a request for `scopes`, sorted and each once, of a client that registers if it has to.
    pub(super) async fn prepare(
        &self,
        mut scopes: Vec<String>,
        redirect_uri: &str,
    ) -> Result<Authorizing, Error> {
        scopes.sort_unstable();
        scopes.dedup();
        let shared = &self.0;
        let (authority, known) = {
            let state = self.lock().await;
            let known = state.credentials.as_ref().filter(|known| known.redirects_to(redirect_uri));
            let known = known.map(|credentials| credentials.client.clone());
            (state.authority.clone().expect("loading the state discovers the authority"), known)
        };
        let registration = &shared.oauth.registration;
        let how = match &known {
            Some(_) => "stored",
            None => registration.way(&authority),
        };
        let client = match known {
            Some(client) => Ok(client),
            None => {
                let name = &shared.oauth.client_name;
                registration.identity(&shared.wire, &authority, name, redirect_uri).await
            }
        };
        let issuer = &authority.issuer;
        match &client {
            Ok(_) => event!(AUTH, info, "registration", issuer, how, outcome = "done"),
            Err(error) => {
                let reason = error.reason();
                event!(AUTH, warn, "registration", issuer, how, outcome = "failed", reason);
            }
        }
        let client = client?;
        Authorizing::start(shared.id, authority, client, redirect_uri, scopes)
    }

    /// Redeems the code and keeps what it brings; returns what was granted.
    pub(super) async fn redeem(&self, answered: Answered) -> Result<Vec<String>, Error> {
        let Granted { authority, client, redirect_uri, requested, tokens } =
            answered.exchange(&self.0.wire).await?;
        let scopes = tokens.scopes.clone();
        let mut state = self.lock().await;
        let alone = self.alone(&authority.issuer).await;
        state.trust(authority);
        let redirect_uri = Some(redirect_uri).filter(|uri| !loopback::is_listener(uri));
        state.replace(Credentials { client, redirect_uri, tokens: Some(tokens), requested });
        // Tokens without the lock are as good as tokens that were not saved: a later call tries again, and they are not lost.
        let _alone = alone?;
        self.save(&mut state).await?;
        Ok(scopes)
    }
}

/// Waits until a callback belongs to the request; what does not belong is turned away and changes nothing.
async fn wait_for_answer(
    listener: &mut Listener,
    mut request: Authorizing,
) -> Result<Answered, Error> {
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
