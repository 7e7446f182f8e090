//! One HTTP exchange, and nothing else.
//!
//! Redirects are never followed here and no status is an error: what a status means is for the
//! check to say. Only the absence of an answer is an error.

use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use ureq::http;

use crate::outcome::ProbeError;
use crate::probe::litter::Leftovers;
use crate::probe::throttle::Throttle;
use crate::secret::Secret;
use crate::target::Target;
use crate::target::ownership::{Hosts, is_loopback};

#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) url: String,
    /// Names in lower case, in the order sent. A name may occur twice.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Vec<u8>>,
}

impl Request {
    pub(crate) fn new(method: &str, url: impl Into<String>) -> Self {
        Self { method: method.to_owned(), url: url.into(), headers: Vec::new(), body: None }
    }

    pub(crate) fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    pub(crate) fn post(url: impl Into<String>, content_type: &str, body: Vec<u8>) -> Self {
        Self { body: Some(body), ..Self::new("POST", url) }.header("content-type", content_type)
    }

    pub(crate) fn post_form<K: AsRef<str>, V: AsRef<str>>(
        url: impl Into<String>,
        form: &[(K, V)],
    ) -> Self {
        Self::post(url, "application/x-www-form-urlencoded", encode_form(form).into_bytes())
    }

    pub(crate) fn post_json(url: impl Into<String>, body: &Value) -> Self {
        Self::post(url, "application/json", body.to_string().into_bytes())
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.into()));
        self
    }

    /// The same request with no more than `longest` bytes of its body, to be remembered.
    pub(crate) fn abridged(&self, longest: usize) -> Self {
        Self {
            method: self.method.clone(),
            url: self.url.clone(),
            headers: self.headers.clone(),
            body: self.body.as_ref().map(|body| body[..body.len().min(longest)].to_vec()),
        }
    }

    /// Method and path, the way a person would name this request.
    pub(crate) fn name(&self) -> String {
        let path = url::Url::parse(&self.url)
            .map_or_else(|_| self.url.clone(), |url| url.path().to_owned());
        format!("{} {path}", self.method)
    }
}

/// `a=1&b=2`, percent-encoded.
pub(crate) fn encode_form<K: AsRef<str>, V: AsRef<str>>(form: &[(K, V)]) -> String {
    let pairs = form.iter().map(|(name, value)| (name.as_ref(), value.as_ref()));
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// The request this answers, as [`Request::name`] says it.
    pub(crate) to: String,
    pub(crate) status: u16,
    /// Names in lower case, in the order received.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn is_redirect(&self) -> bool {
        (300..400).contains(&self.status)
    }

    pub(crate) fn is_html(&self) -> bool {
        self.header("content-type").is_some_and(|kind| kind.trim_start().starts_with("text/html"))
    }

    /// The body as JSON, or `Null`.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// A string member of a JSON body, or nothing.
    pub(crate) fn text(&self, member: &str) -> Option<String> {
        Some(self.json().get(member)?.as_str()?.to_owned())
    }
}

/// A client of its own connections, for one target: it adds the target's headers, keeps to its
/// limits, and contacts none but its hosts. Cloning shares connections and limits.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    agent: ureq::Agent,
    rules: Arc<Rules>,
    sent: Arc<AtomicU64>,
    leftovers: Arc<Leftovers>,
    /// Whether what is sent takes away what was made, and so is sent in any case.
    owed: bool,
}

#[derive(Debug)]
struct Rules {
    headers: Vec<(String, Secret)>,
    hosts: Hosts,
    longest_answer: u64,
    throttle: Throttle,
    begun: Instant,
}

impl Http {
    pub(crate) fn new(target: &Target, timeout: Duration) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(target.limits.timeout.unwrap_or(timeout)))
            .allow_non_standard_methods(true)
            .user_agent(concat!("lookout-conformance/", env!("CARGO_PKG_VERSION")));
        // A proxy from the environment cannot reach this machine's own loopback.
        let config = if is_loopback(&target.url) { config.proxy(None) } else { config };
        let limits = &target.limits;
        let rules = Rules {
            headers: target.headers.clone(),
            hosts: Hosts::of(target),
            longest_answer: limits.body_bytes,
            throttle: Throttle::new(limits.requests_per_second, limits.total_requests),
            begun: Instant::now(),
        };
        let agent = config.build().new_agent();
        Self {
            agent,
            rules: Arc::new(rules),
            sent: Arc::default(),
            leftovers: Arc::default(),
            owed: false,
        }
    }

    /// A client that may go where discovery leads, for reading public documents.
    pub(crate) fn anywhere(target: &Target, timeout: Duration) -> Self {
        let mut http = Self::new(target, timeout);
        if let Some(rules) = Arc::get_mut(&mut http.rules) {
            rules.hosts = Hosts::anywhere();
        }
        http
    }

    /// How many requests were sent through this client and its clones.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// What was made through this client and its clones and could not be taken away.
    pub(crate) fn leftovers(&self) -> &Leftovers {
        &self.leftovers
    }

    /// The same client for taking away what was made: it waits its turn, but is never refused it.
    pub(crate) fn owed(&self) -> Self {
        Self { owed: true, ..self.clone() }
    }

    /// Whether `url` may be contacted.
    pub(crate) fn may_contact(&self, url: &str) -> bool {
        self.rules.hosts.include(url)
    }

    /// `request` with the target's headers, where it has none of that name.
    pub(crate) fn dressed(&self, request: &Request) -> Request {
        let mut request = request.clone();
        for (name, value) in &self.rules.headers {
            if !request.headers.iter().any(|(have, _)| have == name) {
                request = request.header(name, value.expose());
            }
        }
        request
    }

    /// Sends one request as it is, when its turn comes.
    pub(crate) fn send(&self, request: &Request) -> Result<Reply, ProbeError> {
        if !self.may_contact(&request.url) {
            return Err(ProbeError::unavailable(self.rules.hosts.refusal(&request.url)));
        }
        let turn = self.rules.throttle.admit(self.rules.begun.elapsed(), self.owed);
        let Some(wait) = turn else {
            return Err(ProbeError::unavailable(format!(
                "the {} requests of limits.total_requests are spent",
                self.rules.throttle.most().unwrap_or_default()
            )));
        };
        if !wait.is_zero() {
            thread::sleep(wait);
        }
        self.sent.fetch_add(1, Ordering::Relaxed);
        let no_answer = |cause: String| ProbeError::NoAnswer { request: request.name(), cause };
        let mut builder =
            http::Request::builder().method(request.method.as_str()).uri(&request.url);
        for (name, value) in &request.headers {
            builder = builder.header(name, value.as_bytes());
        }
        let answer = match &request.body {
            Some(body) => builder
                .body(body.as_slice())
                .map_err(ureq::Error::from)
                .and_then(|request| self.agent.run(request)),
            None => builder
                .body(())
                .map_err(ureq::Error::from)
                .and_then(|request| self.agent.run(request)),
        };
        let answer = answer.map_err(|error| no_answer(error.to_string()))?;
        let (parts, body) = answer.into_parts();
        let mut bytes = Vec::new();
        body.into_reader()
            .take(self.rules.longest_answer)
            .read_to_end(&mut bytes)
            .map_err(|error| no_answer(format!("the answer broke off: {error}")))?;
        let headers = parts.headers.iter().map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        Ok(Reply {
            to: request.name(),
            status: parts.status.as_u16(),
            headers: headers.collect(),
            body: String::from_utf8_lossy(&bytes).into_owned(),
        })
    }
}
