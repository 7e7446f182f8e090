//! Asking the person: the code flow from the browser to stored tokens.

use tokio::time::timeout;

use super::Session;
use crate::Error;
use crate::auth::Credentials;
use crate::auth::flow::{Answered, Authorizing, Granted, Received};
use crate::auth::loopback::{self, Listener, Page};
use crate::error::Kind;
use crate::events::event;

impl Session {
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
            Some(client) => client,
            None => {
                let name = &shared.oauth.client_name;
                registration.identity(&shared.wire, &authority, name, redirect_uri).await?
            }
        };
        event!(AUTH, info, "registration", issuer = authority.issuer, how);
        Authorizing::start(shared.id, authority, client, redirect_uri, scopes)
    }

    /// Redeems the code and keeps what it brings; returns what was granted.
    pub(super) async fn redeem(&self, answered: Answered) -> Result<Vec<String>, Error> {
        let Granted { authority, client, redirect_uri, requested, tokens } =
            answered.exchange(&self.0.wire).await?;
        let scopes = tokens.scopes.clone();
        let mut state = self.lock().await;
        state.trust(authority);
        let redirect_uri = Some(redirect_uri).filter(|uri| !loopback::is_listener(uri));
        state.replace(Credentials { client, redirect_uri, tokens: Some(tokens), requested });
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
