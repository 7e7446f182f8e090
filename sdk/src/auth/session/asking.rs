//! Asking the person: the code flow from the browser to stored tokens.

use std::sync::Arc;

use tokio::time::timeout;

use super::Session;
use crate::Error;
use crate::auth::Credentials;
use crate::auth::flow::{Answered, Authorizing, Received};
use crate::auth::loopback::{Listener, Page};
use crate::error::Kind;

impl Session {
    /// Asks for `scopes`, sorted and each once, and returns what was granted.
    pub(super) async fn authorize(&self, mut scopes: Vec<String>) -> Result<Vec<String>, Error> {
        scopes.sort_unstable();
        scopes.dedup();
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
        let request =
            Authorizing::start(Arc::clone(&authority), client, &redirect_uri, scopes.clone())?;
        shared.oauth.presenter.present(request.url())?;
        let wait = wait_for_answer(&mut listener, request);
        let answered = timeout(shared.oauth.patience, wait).await.map_err(|_| {
            Error::new(Kind::Timeout("nobody finished the sign-in in time; start it again"))
        })??;
        drop(listener);
        let (client, tokens) = answered.exchange(&shared.wire).await?;
        let granted = tokens.scopes.clone();
        let mut state = self.lock().await;
        state.trust(authority);
        state.replace(Credentials { client, tokens: Some(tokens), requested: scopes });
        self.save(&mut state).await?;
        Ok(granted)
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
