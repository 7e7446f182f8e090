//! A call on its way: with the headers that its tool wants, with the token of the moment, and again after what can be done about a refusal.
//!
//! What few calls go through is boxed, so that the future of every call stays small: it is moved several times.

use lookout_schema::protocol::code;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Client, Credential, retries};
use crate::Error;
use crate::access::Access;
use crate::auth::Challenge;
use crate::error::Kind;
use crate::events::event;
use crate::generated::TOOLS;
use crate::listing::Listed;
use crate::reply::ToolReply;
use crate::transport::{Request, Slot, Take};

impl<S: Access> Client<S> {
    pub(super) async fn call_tool(&self, name: &str, arguments: Value) -> Result<ToolReply, Error> {
        let reply = self.in_time(self.call_tool_at_leisure(name, arguments, None)).await?;
        Ok(reply.expect("nobody takes the result on the way"))
    }

    /// Calls a tool whose structured result is a `T`.
    pub(super) async fn call_typed<T: DeserializeOwned + Send>(
        &self,
        name: &str,
        arguments: Value,
    ) -> Result<T, Error> {
        let slot = Slot::empty();
        let call = self.call_tool_at_leisure(name, arguments, Some(&slot));
        let reply = self.in_time(call).await?;
        let json = match (slot.into_inner(), reply) {
            (Some(output), _) => return Ok(output),
            (None, reply) => reply.expect("nobody took the result").into_json()?,
        };
        T::deserialize(json).map_err(|error| {
            Error::protocol(format!(
                "the result of {name} does not have the documented shape; compare the catalogues with Client::discover"
            ))
            .caused_by(error)
        })
    }

    /// The reply, unless `taker` got the result of it.
    async fn call_tool_at_leisure(
        &self,
        name: &str,
        arguments: Value,
        taker: Option<&dyn Take>,
    ) -> Result<Option<ToolReply>, Error> {
        let arguments = if arguments.is_null() { Value::Object(Map::new()) } else { arguments };
        let mut params = Map::new();
        params.insert("name".to_owned(), name.into());
        params.insert("arguments".to_owned(), arguments);
        let is_known = TOOLS.iter().any(|(known, _)| *known == name);
        if !is_known && self.inner.listing.is_blank() {
            // What the call of a tool outside the catalogue has to look like, the server's list alone can tell.
            match Box::pin(self.tools()).await {
                Err(error) if !error.is_protocol() => return Err(error),
                _ => {}
            }
        }
        let listed = self.inner.listing.tool(name);
        let result = match self.call_listed(listed.as_deref(), &params, taker).await {
            // The server wants headers that the list tells of; it has not run the tool.
            Err(error) if error.rpc_code() == Some(code::HEADER_MISMATCH) => {
                Box::pin(self.tools()).await?;
                let listed = self.inner.listing.tool(name);
                Box::pin(self.call_listed(listed.as_deref(), &params, taker)).await?
            }
            other => other?,
        };
        if result.is_null() {
            return Ok(None);
        }
        let reply = ToolReply::from_result(result)?;
        if let Some(listed) = listed {
            listed.check(&reply)?;
        }
        Ok(Some(reply))
    }

    async fn call_listed(
        &self,
        listed: Option<&Listed>,
        params: &Map<String, Value>,
        taker: Option<&dyn Take>,
    ) -> Result<Value, Error> {
        // A result that is to fit a schema is looked at as JSON.
        let taker = taker.filter(|_| !listed.is_some_and(Listed::has_output));
        let headers = listed.map(|listed| listed.headers(&params["arguments"])).transpose()?;
        let headers = headers.unwrap_or_default();
        let name = params["name"].as_str().unwrap_or_default();
        let call = Request {
            mirrored: &headers,
            repeatable: retries::is_repeatable(name, &params["arguments"]),
            taker,
            ..Request::plain("tools/call", params, None)
        };
        self.send(call).await
    }

    pub(super) async fn request(
        &self,
        method: &str,
        params: &Map<String, Value>,
    ) -> Result<Value, Error> {
        self.in_time(self.send(Request::plain(method, params, None))).await
    }

    /// Lets a call run until the deadline of this handle; dropped there, it is cancelled.
    pub(crate) async fn in_time<T>(
        &self,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let Some(deadline) = self.deadline else { return call.await };
        tokio::time::timeout(deadline, call).await.unwrap_or_else(|_| {
            Err(Error::new(Kind::Timeout("the call did not end within its deadline")))
        })
    }

    /// Sends a request with the current token, and once more after each thing that can be done about a 401: loading stored tokens, and renewing them.
    async fn send(&self, request: Request<'_>) -> Result<Value, Error> {
        let session = match &self.inner.credential {
            Credential::Token(token) => {
                let done = self.persist(Request { token: Some(token), ..request }).await;
                if let Err(error) = &done
                    && (error.is_unauthorized() || error.is_insufficient_scope())
                {
                    tell_refusal(request, error, "give_up");
                }
                return done;
            }
            Credential::OAuth(session) => session,
        };
        let mut bearer = session.bearer().await?;
        let mut renewals_left = 1;
        loop {
            let token = bearer.token.as_ref();
            let refused = match self.persist(Request { token, ..request }).await {
                Err(error) if error.is_unauthorized() => error,
                other => {
                    let lacking = other.as_ref().err().filter(|e| e.is_insufficient_scope());
                    if let Some(error) = lacking {
                        tell_refusal(request, error, "step_up");
                    }
                    if lacking.is_some() || other.is_ok() {
                        session.observe(|| request.operation(), lacking.is_some());
                    }
                    return other;
                }
            };
            if bearer.token.is_some() {
                if renewals_left == 0 {
                    tell_refusal(request, &refused, "give_up");
                    Box::pin(session.give_up(refused.challenge(), &bearer)).await;
                    return Err(refused);
                }
                renewals_left -= 1;
            }
            bearer = Box::pin(session.answer(refused.challenge(), &bearer)).await?;
            if bearer.token.is_none() {
                tell_refusal(request, &refused, "sign_in");
                return Err(Error::unauthorized(
                    None,
                    "nobody is signed in; sign in with Client::sign_in",
                ));
            }
            tell_refusal(request, &refused, "again");
        }
    }

    /// Sends a request, and again while that changes nothing and may help.
    async fn persist(&self, request: Request<'_>) -> Result<Value, Error> {
        let mut attempts = self.inner.retries.start();
        loop {
            let error = match self.inner.transport.request(request).await {
                Err(error) => error,
                done => return done,
            };
            let reason = error.label();
            let wait = if request.repeatable { attempts.next(&error) } else { None };
            let Some(wait) = wait else {
                // What a missing token or scope leads to is told where it is known.
                if !error.is_unauthorized() && !error.is_insufficient_scope() {
                    let retries = attempts.made;
                    event!(
                        CALL,
                        debug,
                        "call.failed",
                        operation = request.operation(),
                        reason,
                        retries
                    );
                }
                return Err(error);
            };
            let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            let (operation, attempt) = (request.operation(), attempts.made);
            event!(CALL, debug, "call.retry", operation, reason, attempt, wait_ms);
            tokio::time::sleep(wait).await;
        }
    }

    pub(super) async fn challenge(&self) -> Result<Option<Challenge>, Error> {
        self.inner.transport.challenge().await
    }
}

fn tell_refusal(request: Request<'_>, error: &Error, next: &str) {
    let reason = error.label();
    event!(CALL, info, "call.refused", operation = request.operation(), reason, next);
}
