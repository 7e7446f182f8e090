//! F6, F10 and F14: whole requests to a whole server.
//!
//! The bytes are a request as it is written: a line with method and target, headers, an empty line, a body. The words TOKEN, SESSION and CLIENT stand for
//! real ones, so that what lies behind them is reached.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request, Uri};
use serde_json::Value;

use super::whole::{CALLBACK, HOST, Reply, Whole, whole};

pub(crate) fn check(bytes: &[u8]) {
    let whole = whole();
    let Some(sent) = Sent::read(bytes, whole) else { return };
    let Some(request) = sent.request() else { return };
    let reply = whole.send(request);
    no_fault_shows(&sent, &reply);
    whoever_proves_nothing_gets_nothing(&sent, &reply, whole);
    nobody_is_sent_away(&sent, &reply, whole);
    an_answer_answers_its_question(&sent, &reply, whole);
}

struct Sent {
    method: Method,
    target: Uri,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
}

impl Sent {
    fn read(bytes: &[u8], whole: &Whole) -> Option<Self> {
        let (head, body) = match bytes.windows(2).position(|pair| pair == b"\n\n") {
            Some(end) => (&bytes[..end], &bytes[end + 2..]),
            None => (bytes, &b""[..]),
        };
        let filled = |text: &str| {
            text.replace("TOKEN", &whole.token)
                .replace("SESSION", &whole.session)
                .replace("CLIENT", &whole.client)
        };
        let head = filled(std::str::from_utf8(head).ok()?);
        let (first, rest) = head.split_once('\n').unwrap_or((&head, ""));
        let (method, target) = first.split_once(' ')?;
        // A request in origin form, as every client of a server sends it (RFC 9112 section 3.2.1).
        let target: Uri = target.starts_with('/').then(|| target.parse().ok())??;
        let mut headers = Vec::new();
        for line in rest.split('\n').filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':')?;
            let value = HeaderValue::from_str(value.trim()).ok()?;
            headers.push((name.parse().ok()?, value));
        }
        let body = match std::str::from_utf8(body) {
            Ok(text) => filled(text).into_bytes(),
            Err(_) => body.to_owned(),
        };
        Some(Self { method: method.parse().ok()?, target, headers, body })
    }

    fn request(&self) -> Option<Request<Body>> {
        let mut request = Request::builder().method(&self.method).uri(&self.target);
        if !self.headers.iter().any(|(name, _)| name == "host") {
            request = request.header("host", HOST);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(Body::from(self.body.clone())).ok()
    }

    fn has_header(&self, what: &str) -> bool {
        self.headers.iter().any(|(_, value)| value.to_str().is_ok_and(|text| text.contains(what)))
    }

    fn shown(&self) -> String {
        let body = String::from_utf8_lossy(&self.body);
        format!("{} {}\n{:?}\n{body}", self.method, self.target, self.headers)
    }
}

fn no_fault_shows(sent: &Sent, reply: &Reply) {
    let is_fault = reply.status.is_server_error() && reply.status != 503;
    assert!(!is_fault, "{}\n{reply:?}", sent.shown());
    let retry = reply.status == 503 && reply.header("retry-after").is_empty();
    assert!(!retry, "{}\n{reply:?}", sent.shown());
    let kind = reply.header("content-type");
    if kind == "application/json" && sent.method != Method::HEAD {
        let parsed = serde_json::from_str::<Value>(&reply.text);
        assert!(parsed.is_ok(), "{}\n{reply:?}", sent.shown());
    }
    if kind.starts_with("text/html") {
        let policy = reply.header("content-security-policy");
        let is_closed =
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'");
        assert!(is_closed, "{}\n{reply:?}", sent.shown());
    }
}

fn whoever_proves_nothing_gets_nothing(sent: &Sent, reply: &Reply, whole: &Whole) {
    let path = sent.target.path();
    if path.starts_with("/mcp") && sent.method != Method::OPTIONS && !sent.has_header(&whole.token)
    {
        assert!(!reply.status.is_success(), "{}\n{reply:?}", sent.shown());
    }
    if path == "/oauth/token" {
        assert!(!reply.text.contains("access_token"), "{}\n{reply:?}", sent.shown());
    }
    if path.starts_with("/w/") && !sent.has_header(&whole.session) {
        assert!(!reply.status.is_success(), "{}\n{reply:?}", sent.shown());
    }
    assert!(!reply.text.contains(&whole.token), "{}\n{reply:?}", sent.shown());
}

/// A redirect stays here, unless a signed-in person is sent to a client's own address.
fn nobody_is_sent_away(sent: &Sent, reply: &Reply, whole: &Whole) {
    let location = reply.header("location");
    let stays = location.is_empty() || location.starts_with('/') && !location.starts_with("//");
    let is_answer = sent.has_header(&whole.session) && location.starts_with(CALLBACK);
    assert!(stays || is_answer, "{}\n{reply:?}", sent.shown());
}

/// JSON-RPC 2.0 section 5: an answer has the identifier of its question, and a result or an error.
fn an_answer_answers_its_question(sent: &Sent, reply: &Reply, whole: &Whole) {
    if sent.target.path() != "/mcp" || sent.method != Method::POST || reply.status != 200 {
        return;
    }
    assert!(sent.has_header(&whole.token));
    let asked: Value = serde_json::from_slice(&sent.body).expect("only JSON is answered");
    let text = match reply.header("content-type") {
        "application/json" => reply.text.as_str(),
        // Of a stream, the last event is the answer.
        _ => {
            reply.text.lines().rev().find_map(|line| line.strip_prefix("data: ")).unwrap_or("null")
        }
    };
    let answer: Value = serde_json::from_str(text).expect("an answer is JSON");
    assert_eq!(answer["jsonrpc"], "2.0", "{}\n{reply:?}", sent.shown());
    assert_eq!(answer["id"], asked["id"], "{}\n{reply:?}", sent.shown());
    let members = ["result", "error"].iter().filter(|name| answer.get(**name).is_some());
    assert_eq!(members.count(), 1, "{}\n{reply:?}", sent.shown());
}
