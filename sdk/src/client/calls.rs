//! A call on its way: with the headers that its tool wants, with the token of the moment, and again after what can be done about a refusal.

use lookout_schema::Scope;
use lookout_schema::protocol::code;
use serde_json::{Map, Value};

use super::{Client, Credential};
use crate::Error;
use crate::access::Access;
use crate::auth::Challenge;
use crate::generated::TOOLS;
use crate::listing::Listed;
use crate::reply::ToolReply;
use crate::transport::Request;

impl<S: Access> Client<S> {
    pub(super) async fn call_tool(&self, name: &str, arguments: Value) -> Result<ToolReply, Error> {
        let arguments = if arguments.is_null() { Value::Object(Map::new()) } else { arguments };
        let mut params = Map::new();
        params.insert("name".to_owned(), name.into());
        params.insert("arguments".to_owned(), arguments);
        let is_known = TOOLS.iter().any(|(known, _)| *known == name);
        if !is_known && self.inner.listing.is_blank() {
            // What the call of a tool outside the catalogue has to look like, the server's list alone can tell.
            match self.tools().await {
                Err(error) if !error.is_protocol() => return Err(error),
                _ => {}
            }
        }
        let listed = self.inner.listing.tool(name);
        let result = match self.call_listed(listed.as_deref(), &params).await {
            // The server wants headers that the list tells of; it has not run the tool.
            Err(error) if error.rpc_code() == Some(code::HEADER_MISMATCH) => {
                self.tools().await?;
                let listed = self.inner.listing.tool(name);
                self.call_listed(listed.as_deref(), &params).await?
            }
            other => other?,
        };
        let reply = ToolReply::from_result(result)?;
        if let Some(listed) = listed {
            listed.check(&reply)?;
        }
        Ok(reply)
    }

    async fn call_listed(
        &self,
        listed: Option<&Listed>,
        params: &Map<String, Value>,
    ) -> Result<Value, Error> {
        let headers = listed.map(|listed| listed.headers(&params["arguments"])).transpose()?;
        let headers = headers.unwrap_or_default();
        let needs = TOOLS.iter().find(|(known, _)| params["name"] == *known);
        let only_reads = needs.is_some_and(|(_, scopes)| !scopes.contains(Scope::McpWrite));
        let call = Request {
            mirrored: &headers,
            repeatable: only_reads,
            ..Request::plain("tools/call", params, None)
        };
        self.send(call).await
    }

    pub(super) async fn request(
        &self,
        method: &str,
        params: &Map<String, Value>,
    ) -> Result<Value, Error> {
        self.send(Request::plain(method, params, None)).await
    }

    /// Sends a request with the current token, and once more after each thing that can be done about a 401: loading stored tokens, and renewing them.
    async fn send(&self, request: Request<'_>) -> Result<Value, Error> {
        let transport = &self.inner.transport;
        let session = match &self.inner.credential {
            Credential::Token(token) => {
                return transport.request(Request { token: Some(token), ..request }).await;
            }
            Credential::OAuth(session) => session,
        };
        let operation = match request.params.get("name").and_then(Value::as_str) {
            Some(name) => format!("{} {name}", request.method),
            None => request.method.to_owned(),
        };
        let mut bearer = session.bearer().await?;
        let mut renewals_left = 1;
        loop {
            let token = bearer.token.as_ref();
            let refused = match transport.request(Request { token, ..request }).await {
                Err(error) if error.is_unauthorized() => error,
                other => {
                    let wants_scope = other.as_ref().is_err_and(Error::is_insufficient_scope);
                    if wants_scope || other.is_ok() {
                        session.observe(&operation, wants_scope);
                    }
                    return other;
                }
            };
            if bearer.token.is_some() {
                if renewals_left == 0 {
                    session.give_up(refused.challenge(), &bearer).await;
                    return Err(refused);
                }
                renewals_left -= 1;
            }
            bearer = session.answer(refused.challenge(), &bearer).await?;
            if bearer.token.is_none() {
                return Err(Error::unauthorized(
                    None,
                    "nobody is signed in; sign in with Client::sign_in",
                ));
            }
        }
    }

    pub(super) async fn challenge(&self) -> Result<Option<Challenge>, Error> {
        self.inner.transport.challenge().await
    }
}
