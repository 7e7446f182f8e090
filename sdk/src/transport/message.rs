//! Reading the JSON-RPC message that answers a request, from a JSON body or from an event stream.

use lookout_schema::protocol::RpcError;
use reqwest::Response as HttpResponse;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde::Deserialize;
use serde_json::Value;

use super::WHAT;
use super::direct::Take;
use super::legacy::Conversation;
use super::sse::Events;
use crate::Error;
use crate::error::Kind;
use crate::http;

/// How long one answer may be, in bytes.
const LIMIT: usize = 16 * 1024 * 1024;

/// The answer to a request.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) outcome: Outcome,
}

#[derive(Debug)]
pub(crate) enum Outcome {
    Result(Value),
    /// The result is where the caller wants it.
    Taken,
    Error(RpcError),
}

/// A message of the server, as far as it concerns this client.
enum Incoming {
    Answer(Response),
    Request { id: Value, method: String },
    Other,
}

#[derive(Deserialize)]
struct Message {
    jsonrpc: String,
    #[serde(default)]
    id: Option<Value>,
    method: Option<String>,
    result: Option<Value>,
    error: Option<RpcError>,
}

/// The answer to the request `id`, if the response has one.
///
/// A body that is no JSON-RPC says nothing, which is an error only for a success; the caller knows by the status.
pub(super) async fn receive(
    mut response: HttpResponse,
    headers: &HeaderMap,
    id: u64,
    taker: Option<&dyn Take>,
    conversation: Conversation<'_>,
) -> Result<Option<Response>, Error> {
    let media_type = http::text(headers, &CONTENT_TYPE).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    // What a refusal holds is for the long way.
    let taker = taker.filter(|_| response.status().is_success());
    match media_type {
        _ if media_type.eq_ignore_ascii_case("text/event-stream") => {
            Box::pin(stream(response, id, taker, conversation)).await.map(Some)
        }
        _ if media_type.eq_ignore_ascii_case("application/json") => {
            let mut body = Vec::new();
            http::read_into(&mut body, &mut response, WHAT, LIMIT).await?;
            match parse(&body, id, taker) {
                Incoming::Answer(answer) => Ok(Some(answer)),
                _ if response.status().is_success() => {
                    Err(Error::protocol("the answer is not the JSON-RPC response to the request"))
                }
                _ => Ok(None),
            }
        }
        _ => Ok(None),
    }
}

/// Reads events until the answer comes; progress and other notifications are passed over.
async fn stream(
    mut response: HttpResponse,
    id: u64,
    taker: Option<&dyn Take>,
    mut conversation: Conversation<'_>,
) -> Result<Response, Error> {
    let mut length = 0;
    loop {
        let mut events = Events::default();
        let failure = loop {
            let chunk = match response.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break None,
                Err(error) => break Some(error),
            };
            length += chunk.len();
            if length > LIMIT {
                return Err(http::too_long(WHAT, LIMIT));
            }
            for event in events.feed(&chunk) {
                conversation.note(event.id.as_deref(), event.retry);
                match parse(event.data.as_deref().unwrap_or_default(), id, taker) {
                    Incoming::Answer(answer) => return Ok(answer),
                    Incoming::Request { id, method } => conversation.answer(&id, &method),
                    Incoming::Other => {}
                }
            }
        };
        match conversation.resume().await? {
            Some(resumed) => response = resumed,
            None => {
                let error = Error::new(Kind::BrokenStream);
                return Err(match failure {
                    Some(failure) => error.caused_by(failure.without_url()),
                    None => error,
                });
            }
        }
    }
}

/// The message as the answer to `id`; an error may lack the id when the server could not read it.
fn parse(bytes: &[u8], id: u64, taker: Option<&dyn Take>) -> Incoming {
    if taker.is_some_and(|taker| taker.take(bytes, id)) {
        return Incoming::Answer(Response { outcome: Outcome::Taken });
    }
    let Ok(message) = serde_json::from_slice::<Message>(bytes) else { return Incoming::Other };
    let Message { jsonrpc, id: theirs, method, result, error } = message;
    if jsonrpc != "2.0" {
        return Incoming::Other;
    }
    if let Some(method) = method {
        return match theirs {
            Some(id @ (Value::String(_) | Value::Number(_))) => Incoming::Request { id, method },
            _ => Incoming::Other,
        };
    }
    let ours = theirs.as_ref().and_then(Value::as_u64) == Some(id);
    let outcome = match (result, error) {
        (Some(result), None) if ours => Outcome::Result(result),
        (None, Some(error)) if ours || theirs.is_none_or(|id| id.is_null()) => {
            Outcome::Error(error)
        }
        _ => return Incoming::Other,
    };
    Incoming::Answer(Response { outcome })
}
