//! Changing what goes in or comes out of a server, from outside of all its checks.
//!
//! A tampering is two functions over whole messages and a memory that they share. They are ordinary functions, not services, so that each fault is as small
//! as the mistake it stands for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use serde_json::Value;

/// More than any test sends.
const LONGEST: usize = 32 << 20;

#[derive(Clone, Copy, Debug)]
pub(super) struct Tampering {
    /// Sees every request first, and may answer it.
    pub(super) before: fn(&mut Incoming, &mut Memory) -> Option<Outgoing>,
    /// Sees every answer last, and may send further requests.
    pub(super) after: fn(&Incoming, &mut Outgoing, &mut Memory) -> Then,
}

/// The tampering that changes nothing, to be completed.
pub(super) const NOTHING: Tampering =
    Tampering { before: |_, _| None, after: |_, _, _| Then::Answer };

/// What happens after an answer was seen.
#[derive(Debug)]
pub(super) enum Then {
    /// It goes out.
    Answer,
    /// It goes out after these requests were made, whatever they are answered.
    Also(Vec<Incoming>),
    /// It goes out, and these requests are made a while later.
    Later(Duration, Vec<Incoming>),
    /// The answer to this request goes out in its place.
    Instead(Incoming),
}

#[derive(Clone, Debug)]
pub(super) struct Incoming {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// What a faulty server remembers although it should not.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) base: String,
    pub(super) texts: BTreeMap<String, String>,
}

impl Incoming {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(super) fn set_header(&mut self, name: &'static str, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
    }

    /// The body as a form.
    pub(super) fn form(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(&self.body).into_owned().collect()
    }

    pub(super) fn field(&self, name: &str) -> Option<String> {
        self.form().into_iter().find(|(have, _)| have == name).map(|(_, value)| value)
    }

    pub(super) fn set_form(&mut self, form: &[(String, String)]) {
        self.body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish()
            .into_bytes();
        self.set_header("content-type", "application/x-www-form-urlencoded");
    }

    /// The first value of a query parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let mut pairs = url::form_urlencoded::parse(self.query.as_bytes());
        pairs.find(|(have, _)| have == name).map(|(_, value)| value.into_owned())
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(super) fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }

    pub(super) fn is_endpoint(&self) -> bool {
        self.path == "/mcp" || self.path == "/mcp/readonly"
    }
}

impl Outgoing {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(super) fn set_json(&mut self, value: &Value) {
        self.body = value.to_string().into_bytes();
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(super) fn set_header(&mut self, name: &'static str, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
    }

    pub(super) fn is_html(&self) -> bool {
        self.header("content-type").is_some_and(|kind| kind.starts_with("text/html"))
    }

    /// An answer of the fault's own.
    pub(super) fn made_up(status: StatusCode, body: &Value) -> Self {
        let mut made_up =
            Self { status, headers: HeaderMap::new(), body: body.to_string().into_bytes() };
        made_up.set_header("content-type", "application/json");
        made_up
    }
}

impl Memory {
    pub(super) fn keep(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.texts.insert(key.into(), value.into());
    }

    pub(super) fn find(&self, key: &str) -> Option<&str> {
        self.texts.get(key).map(String::as_str)
    }
}

type Pause = Option<fn(&Incoming) -> Duration>;
type Shared = (Tampering, Pause, Arc<Mutex<Memory>>);

/// `router`, tampered with.
///
/// A layer of `router` itself would run after a route was chosen, too late to change the path or the method.
pub(super) fn layer(router: Router, tampering: Tampering, pause: Pause, base: String) -> Router {
    let memory = Memory { base, texts: BTreeMap::new() };
    let state = (tampering, pause, Arc::new(Mutex::new(memory)));
    Router::new().fallback_service(router).layer(from_fn_with_state(state, tampered))
}

async fn tampered(
    State((tampering, pause, memory)): State<Shared>,
    request: Request,
    next: Next,
) -> Response {
    let mut incoming = incoming(request).await;
    let answered = (tampering.before)(&mut incoming, &mut locked(&memory));
    let mut outgoing = match answered {
        Some(answer) => answer,
        None => {
            if let Some(pause) =
                pause.map(|pause| pause(&incoming)).filter(|pause| !pause.is_zero())
            {
                tokio::time::sleep(pause).await;
            }
            outgoing(next.clone().run(request_of(incoming.clone())).await).await
        }
    };
    let then = (tampering.after)(&incoming, &mut outgoing, &mut locked(&memory));
    match then {
        Then::Answer => {}
        Then::Also(requests) => {
            for request in requests {
                let _ = next.clone().run(request_of(request)).await;
            }
        }
        Then::Later(pause, requests) => {
            let next = next.clone();
            tokio::spawn(async move {
                tokio::time::sleep(pause).await;
                for request in requests {
                    let _ = next.clone().run(request_of(request)).await;
                }
            });
        }
        Then::Instead(request) => return next.run(request_of(request)).await,
    }
    let mut response = Response::new(Body::from(outgoing.body));
    *response.status_mut() = outgoing.status;
    *response.headers_mut() = outgoing.headers;
    response.headers_mut().remove(CONTENT_LENGTH);
    response
}

fn locked(memory: &Mutex<Memory>) -> std::sync::MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn incoming(request: Request) -> Incoming {
    let (parts, body) = request.into_parts();
    Incoming {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: to_bytes(body, LONGEST).await.unwrap_or_default().to_vec(),
    }
}

fn request_of(incoming: Incoming) -> Request {
    let separator = if incoming.query.is_empty() { "" } else { "?" };
    let target = format!("{}{separator}{}", incoming.path, incoming.query);
    let mut request = Request::new(Body::from(incoming.body));
    *request.method_mut() = incoming.method;
    *request.headers_mut() = incoming.headers;
    request.headers_mut().remove(CONTENT_LENGTH);
    *request.uri_mut() = target.parse().unwrap_or_else(|_| Uri::from_static("/"));
    request
}

async fn outgoing(response: Response) -> Outgoing {
    let (parts, body) = response.into_parts();
    Outgoing {
        status: parts.status,
        headers: parts.headers,
        body: to_bytes(body, LONGEST).await.unwrap_or_default().to_vec(),
    }
}
