//! Signing in when the application receives the redirect itself: a web service, or a plug-in of an editor.
//!
//! The steps are types. [`Client::start_sign_in`](crate::Client::start_sign_in) makes an [`AuthorizationRequest`];
//! [`AuthorizationRequest::receive`] alone makes an [`AuthorizationResponse`], after it checked `state` and `iss`;
//! [`Client::finish_sign_in`](crate::Client::finish_sign_in) takes nothing else and uses it up.
//! So a code that was not checked, or was used before, cannot be redeemed: it does not compile.

use std::fmt;

use super::flow::{Answered, Authorizing, Received};
use crate::Error;

/// A sign-in that a person has yet to answer.
///
/// Keep it with the session of the browser that asked for it, and use it for nobody else: that the browser which comes back is the one that was sent
/// away is what no check of this crate can see (RFC 9700 section 4.7).
/// It holds secrets and is not meant to leave the process; a sign-in that gets lost is started again.
///
/// ```no_run
/// use lookout_sdk::auth::{AuthorizationRequest, Rejected};
/// use lookout_sdk::{Client, Error};
///
/// async fn begin(client: &Client) -> Result<(AuthorizationRequest, String), Error> {
///     let request = client.start_sign_in("https://app.example/lookout/callback").await?;
///     let location = request.url().to_owned();
///     Ok((request, location)) // the request into the session, the location into a 303
/// }
///
/// /// Answers a request to `/lookout/callback`; gives back the request if it is still open.
/// async fn callback(
///     client: &Client,
///     request: AuthorizationRequest,
///     query: &str,
/// ) -> Result<Option<AuthorizationRequest>, Error> {
///     match request.receive(query) {
///         Ok(response) => client.finish_sign_in(response).await.map(|_scopes| None),
///         Err(Rejected::Stray(request)) => Ok(Some(request)),
///         Err(rejected) => Err(rejected.into()),
///     }
/// }
/// ```
pub struct AuthorizationRequest(Box<Authorizing>);

/// A response that belongs to its request and comes from the authorization server that was asked; good for one
/// [`Client::finish_sign_in`](crate::Client::finish_sign_in).
///
/// It has no constructor and no copy:
///
/// ```compile_fail,E0382
/// # use lookout_sdk::{Client, auth::AuthorizationResponse};
/// async fn twice(client: Client, response: AuthorizationResponse) {
///     client.finish_sign_in(response).await;
///     client.finish_sign_in(response).await;
/// }
/// ```
#[must_use = "nobody is signed in before the response is finished"]
pub struct AuthorizationResponse(Box<Answered>);

/// What arrived at the redirect URI is not a response to finish.
///
/// ```
/// use lookout_sdk::auth::{AuthorizationRequest, Rejected};
///
/// /// The status of the page to show, and the request if it is still open.
/// fn status(rejected: Rejected) -> (u16, Option<AuthorizationRequest>) {
///     match rejected {
///         Rejected::Stray(request) => (400, Some(request)),
///         _ => (200, None), // a page that says that it did not work, and why
///     }
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Rejected {
    /// It is not the answer to this request, which is still open: answer 400, and wait on.
    Stray(AuthorizationRequest),
    /// It is the answer, and the sign-in is over: the person declined, or the response failed a check.
    Failed(Error),
}

impl AuthorizationRequest {
    pub(crate) fn new(authorizing: Authorizing) -> Self {
        Self(Box::new(authorizing))
    }

    /// Where to send the person: https, or http on this machine.
    ///
    /// It identifies the sign-in, so it belongs into a redirect and not into a log.
    #[must_use]
    pub fn url(&self) -> &str {
        self.0.url().as_str()
    }

    /// Judges the query of a request to the redirect URI, with or without its question mark.
    ///
    /// The parameters `state` and `iss` are compared byte for byte (RFC 6749 section 10.12, RFC 9207 section 2.4), and none may come twice.
    ///
    /// # Errors
    ///
    /// [`Rejected::Stray`] gives the request back, [`Rejected::Failed`] says why there is nothing to wait for any more.
    pub fn receive(self, query: &str) -> Result<AuthorizationResponse, Rejected> {
        match self.0.receive(query.strip_prefix('?').unwrap_or(query)) {
            Received::Answered(answered) => Ok(AuthorizationResponse(Box::new(answered))),
            Received::Stray(waiting) => Err(Rejected::Stray(Self::new(waiting))),
            Received::Failed(error) => Err(Rejected::Failed(error)),
        }
    }
}

impl AuthorizationResponse {
    pub(crate) fn into_answered(self) -> Answered {
        *self.0
    }
}

/// A stray response is an [`Error::is_authorization`] too, for callers that wait for one response only.
impl From<Rejected> for Error {
    fn from(rejected: Rejected) -> Self {
        match rejected {
            Rejected::Stray(_) => {
                Self::authorization("this is not the answer to the sign-in that was started")
            }
            Rejected::Failed(error) => error,
        }
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stray(_) => f.write_str("this is not the answer to the sign-in that was started"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Rejected {}

impl fmt::Debug for AuthorizationRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for AuthorizationResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
