//! Signing in when the application receives the redirect itself.

use super::{Client, Credential, owned};
use crate::Error;
use crate::access::Access;
use crate::auth::{AuthorizationRequest, AuthorizationResponse, Session};

impl<S: Access> Client<S> {
    /// Starts a sign-in whose answer the application receives at `redirect_uri`, and asks the person in any case.
    ///
    /// The redirect URI is https, http to loopback, or of a scheme that is a domain name backwards (RFC 8252 section 7), such as `com.example.app:/callback`.
    /// A client that registers itself registers with it; an identifier from elsewhere must be registered with it already.
    /// How the answer is received is shown at [`AuthorizationRequest`].
    /// A service that signs several people in has a client for each, told apart by [`OAuth::account`](crate::auth::OAuth::account).
    ///
    /// ```no_run
    /// # async fn run(client: lookout_sdk::Client) -> Result<(), lookout_sdk::Error> {
    /// let request = client.start_sign_in("https://app.example/lookout/callback").await?;
    /// println!("303 See Other, Location: {}", request.url());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::is_configuration`] when the redirect URI is none of these; otherwise as [`Client::sign_in`], up to the question.
    pub async fn start_sign_in(&self, redirect_uri: &str) -> Result<AuthorizationRequest, Error> {
        let start = self.session()?.start(async || self.challenge().await, None, redirect_uri);
        start.await.map(AuthorizationRequest::new)
    }

    /// Starts to ask for further scopes, such as [`Error::required_scopes`], as [`Client::start_sign_in`] starts to ask at all.
    ///
    /// ```no_run
    /// # async fn run(client: lookout_sdk::Client, error: lookout_sdk::Error) -> Result<(), lookout_sdk::Error> {
    /// let uri = "https://app.example/lookout/callback";
    /// let request = client.start_step_up(error.required_scopes(), uri).await?;
    /// # drop(request);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Client::start_sign_in`], and when the person was asked often enough, as with [`Client::step_up`].
    pub async fn start_step_up(
        &self,
        required: &[impl AsRef<str>],
        redirect_uri: &str,
    ) -> Result<AuthorizationRequest, Error> {
        let session = self.session()?;
        let required = owned(required);
        let start = session.start(async || self.challenge().await, Some(&required), redirect_uri);
        start.await.map(AuthorizationRequest::new)
    }

    /// Redeems the response that [`AuthorizationRequest::receive`] accepted, keeps the tokens, and returns the scopes that were granted.
    ///
    /// ```no_run
    /// # use lookout_sdk::{Client, Error, auth::AuthorizationRequest};
    /// # async fn run(client: Client, request: AuthorizationRequest, query: &str) -> Result<(), Error> {
    /// let response = request.receive(query)?;
    /// let granted = client.finish_sign_in(response).await?;
    /// println!("may use {granted:?}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::is_configuration`] when this is neither the client that started the sign-in nor a clone of it;
    /// [`Error::is_authorization`] when the authorization server does not take the code, or the store does not take the tokens;
    /// [`Error::is_timeout`] and [`Error::is_transport`] when the server cannot be reached. The code is spent in any case: start again.
    pub async fn finish_sign_in(
        &self,
        response: AuthorizationResponse,
    ) -> Result<Vec<String>, Error> {
        self.session()?.finish(response.into_answered()).await
    }

    fn session(&self) -> Result<&Session, Error> {
        match &self.inner.credential {
            Credential::OAuth(session) => Ok(session),
            Credential::Token(_) => Err(Error::authorization(
                "a client with a programmatic token has nobody to sign in; build it with ClientBuilder::oauth",
            )),
        }
    }
}
