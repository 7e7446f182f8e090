//! Reading the JSON-RPC message that answers a request, from a JSON body or from an event stream.

use lookout_schema::protocol::RpcError;
use reqwest::Response as HttpResponse;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde::Deserialize;
use serde_json::Value;

use super::WHAT;
use super::sse::Events;
use crate::Error;
use crate::http;

/// The answer to a request.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) outcome: Outcome,
}

#[derive(Debug)]
pub(crate) enum Outcome {
    Result(Value),
    Error(RpcError),
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    id: Option<Value>,
    method: Option<String>,
    result: Option<Value>,
    error: Option<RpcError>,
}

/// The answer to the request `id`, if the response has one.
///
/// A body that is no JSON-RPC says nothing, which is an error only for a success; the caller knows by the status.
pub(crate) async fn receive(
    response: &mut HttpResponse,
    headers: &HeaderMap,
    id: u64,
    limit: usize,
) -> Result<Option<Response>, Error> {
    let media_type = http::text(headers, &CONTENT_TYPE).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match media_type.as_str() {
        "text/event-stream" => stream(response, id, limit).await.map(Some),
        "application/json" => {
            let body = http::read(response, WHAT, limit).await?;
            match parse(&body, id) {
                Some(answer) => Ok(Some(answer)),
                None if response.status().is_success() => {
                    Err(Error::protocol("the answer is not the JSON-RPC response to the request"))
                }
                None => Ok(None),
            }
        }
        _ => Ok(None),
    }
}

/// Reads events until the answer comes; progress and other notifications are passed over.
async fn stream(response: &mut HttpResponse, id: u64, limit: usize) -> Result<Response, Error> {
    let mut events = Events::default();
    let mut length = 0;
    while let Some(chunk) = response.chunk().await.map_err(|error| Error::http(WHAT, error))? {
        length += chunk.len();
        if length > limit {
            return Err(http::too_long(WHAT, limit));
        }
        for data in events.feed(&chunk) {
            if let Some(answer) = parse(&data, id) {
                return Ok(answer);
            }
        }
    }
    Err(Error::new(crate::error::Kind::Transport(
        "the stream ended before the answer; the call may have run".to_owned(),
    )))
}

/// The message as the answer to `id`; an error may lack the id when the server could not read it.
fn parse(bytes: &[u8], id: u64) -> Option<Response> {
    let message: Message = serde_json::from_slice(bytes).ok()?;
    if message.method.is_some() {
        return None;
    }
    let ours = message.id.as_ref().and_then(Value::as_u64) == Some(id);
    let outcome = match (message.result, message.error) {
        (Some(result), None) if ours => Outcome::Result(result),
        (None, Some(error)) if ours || message.id.is_none_or(|id| id.is_null()) => {
            Outcome::Error(error)
        }
        _ => return None,
    };
    Some(Response { outcome })
}
