//! What only the revisions with a session know: requests of the server, cancellation by a message, and resuming a stream.
//!
//! The server of today is sent none of this: a dropped connection cancels, and nothing is answered or resumed.

use std::sync::Arc;
use std::time::Duration;

use lookout_schema::protocol::code;
use reqwest::header::{ACCEPT, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::era::Era;
use super::post::{Head, Post};
use super::{MODERN, Request};
use crate::Error;
use crate::auth::AccessToken;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// How long to wait before a stream is resumed when the server does not say.
const RETRY: Duration = Duration::from_secs(1);
/// How often a stream is resumed without a new event before the server is taken to go in circles.
const MOST_RESUMPTIONS: u32 = 5;

/// Tells the server that a request is no longer waited for, if it is dropped before it is disarmed (MCP 2025-11-25 basic/utilities/cancellation).
pub(super) struct Cancellation(Option<(Arc<Post>, Head, Value)>);

impl Cancellation {
    /// For a request that is about to be sent; `initialize` is not cancelled.
    pub(super) fn of(post: &Arc<Post>, era: &Era, request: Request<'_>, id: u64) -> Self {
        const METHOD: &str = "notifications/cancelled";
        Self(match era {
            Era::Legacy { .. } if request.method != "initialize" => {
                let params = json!({ "requestId": id, "reason": "the caller no longer waits" });
                let body = json!({ "jsonrpc": "2.0", "method": METHOD, "params": params });
                Some((Arc::clone(post), Head::of(era, METHOD, request.token), body))
            }
            _ => None,
        })
    }

    /// The request has ended.
    pub(super) fn disarm(&mut self) {
        self.0.take();
    }
}

impl Drop for Cancellation {
    fn drop(&mut self) {
        if let Some((post, head, body)) = self.0.take() {
            post.send_aside(head, body);
        }
    }
}

/// The exchange around one stream of the server.
pub(super) struct Conversation<'a> {
    post: &'a Arc<Post>,
    era: &'a Era,
    token: Option<&'a AccessToken>,
    last_event: Option<HeaderValue>,
    retry: Duration,
    resumptions: u32,
}

impl<'a> Conversation<'a> {
    pub(super) fn of(post: &'a Arc<Post>, era: &'a Era, token: Option<&'a AccessToken>) -> Self {
        Self { post, era, token, last_event: None, retry: RETRY, resumptions: 0 }
    }

    /// Answers a request of the server: `ping` as it must be, and everything else with what this client did not offer.
    pub(super) fn answer(&self, id: &Value, method: &str) {
        if let Era::Modern = self.era {
            return;
        }
        let body = match method {
            "ping" => json!({ "jsonrpc": "2.0", "id": id, "result": {} }),
            _ => {
                let error = json!({ "code": code::METHOD_NOT_FOUND, "message": "the client has no such method" });
                json!({ "jsonrpc": "2.0", "id": id, "error": error })
            }
        };
        self.post.send_aside(Head::of(self.era, method, self.token), body);
    }

    /// Notes where the stream is, so that it can be resumed there.
    pub(super) fn note(&mut self, id: Option<&[u8]>, retry: Option<u64>) {
        if let Some(id) = id {
            self.last_event = HeaderValue::from_bytes(id).ok().filter(|id| !id.is_empty());
            self.resumptions = 0;
        }
        if let Some(milliseconds) = retry {
            self.retry = Duration::from_millis(milliseconds);
        }
    }

    /// Opens the stream again after its last event (MCP 2025-11-25 basic/transports#resumability-and-redelivery); `None` if that is not possible.
    pub(super) async fn resume(&mut self) -> Result<Option<reqwest::Response>, Error> {
        let last_event = match (self.era, &self.last_event) {
            (Era::Legacy { .. }, Some(id)) if self.resumptions < MOST_RESUMPTIONS => id.clone(),
            _ => return Ok(None),
        };
        self.resumptions += 1;
        tokio::time::sleep(self.retry).await;
        let mut head = Head::of(self.era, MODERN, self.token);
        head.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        head.insert(LAST_EVENT_ID, last_event);
        let response = self.post.get(head).await?;
        Ok((response.status() == 200).then_some(response))
    }
}
