//! What a server of a scenario answers, and how.

use std::time::Duration;

use serde_json::Value;

/// One answer, honest or not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
    /// What an attacker does from outside before the answer is sent, in order.
    pub(crate) before: Vec<Visit>,
    /// The answer is held back until a mark has been set so often, or the time is over.
    pub(crate) hold: Option<Hold>,
    /// The client is killed instead of being answered.
    pub(crate) kills: bool,
}

/// How a body is sent.
#[derive(Clone, Debug, Default)]
pub(crate) enum Body {
    #[default]
    Empty,
    /// At once, with its length.
    Whole(Vec<u8>),
    /// Piece by piece, each after a pause.
    Pieces(Vec<(Duration, Vec<u8>)>),
    /// Piece by piece, and then the connection breaks.
    Broken(Vec<(Duration, Vec<u8>)>),
    /// The same piece again and again until the client goes or so many have been sent.
    Endless { piece: Vec<u8>, pause: Duration, most: usize },
}

/// A condition for an answer to leave.
#[derive(Clone, Debug)]
pub(crate) struct Hold {
    pub(crate) mark: &'static str,
    pub(crate) count: usize,
    pub(crate) most: Duration,
}

/// One request that the harness makes itself: the attacker's, or the person's browser's.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    pub(crate) method: &'static str,
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Visit {
    pub(crate) fn get(url: impl Into<String>) -> Self {
        Self { method: "GET", url: url.into(), headers: Vec::new() }
    }
}

impl Answer {
    pub(crate) fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::text(status, "application/json", body.to_string())
    }

    pub(crate) fn text(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { body: Body::Whole(body.into()), ..Self::status(status) }.with("content-type", kind)
    }

    pub(crate) fn redirect(status: u16, to: impl Into<String>) -> Self {
        Self::status(status).with("location", to)
    }

    /// A stream of server-sent events, one for each message.
    pub(crate) fn events(messages: &[Value]) -> Self {
        let event = |message: &Value| format!("event: message\ndata: {message}\n\n").into_bytes();
        let pieces = messages.iter().map(|message| (Duration::ZERO, event(message))).collect();
        Self { body: Body::Pieces(pieces), ..Self::status(200) }
            .with("content-type", "text/event-stream")
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Replaces a header.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.into()));
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Changes a JSON body.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Value)) {
        if let Body::Whole(bytes) = &mut self.body
            && let Ok(mut value) = serde_json::from_slice(bytes)
        {
            change(&mut value);
            *bytes = value.to_string().into_bytes();
        }
    }

    /// The body as JSON; null when it is none.
    pub(crate) fn value(&self) -> Value {
        match &self.body {
            Body::Whole(bytes) => serde_json::from_slice(bytes).unwrap_or_default(),
            _ => Value::Null,
        }
    }

    /// Changes one parameter of a redirect's query; `None` takes it away.
    pub(crate) fn redirect_param(&mut self, name: &str, value: Option<&str>) {
        let Some(mut to) = self.header("location").and_then(|to| url::Url::parse(to).ok()) else {
            return;
        };
        let kept: Vec<(String, String)> =
            to.query_pairs().into_owned().filter(|(known, _)| known != name).collect();
        to.query_pairs_mut().clear().extend_pairs(kept);
        if let Some(value) = value {
            to.query_pairs_mut().append_pair(name, value);
        }
        self.set("location", to.as_str());
    }

    /// Held back until `mark` has been set `count` times, for at most `most`.
    pub(crate) fn held(mut self, mark: &'static str, count: usize, most: Duration) -> Self {
        self.hold = Some(Hold { mark, count, most });
        self
    }
}
