//! HTTP as this client speaks it: no redirects, no decompression, bounded sizes, bounded time.
//!
//! Every request has a connection of its own, so that giving one up closes it for the server too.

use std::io::Read;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use ureq::http::{HeaderMap, Request, Response};
use ureq::tls::TlsConfig;
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Body, Error};
use url::Url;

use crate::address::{Guard, Reach};
use crate::failure::{Failure, Outcome, fail};
use crate::faults::{self, Fault, has};

/// The longest OAuth answer that is read.
const LONGEST_DOCUMENT: u64 = 1 << 20;
/// How long one OAuth request may take.
const DOCUMENT_TIME: Duration = Duration::from_secs(5);
/// Challenges may be long; ureq's own bound is lower than a generous server's.
const LONGEST_HEADERS: usize = 256 << 10;

/// An answer that was read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

pub(crate) struct Web {
    agent: Agent,
    pub(crate) reach: Reach,
    end: Mutex<Instant>,
}

impl Web {
    pub(crate) fn new(reach: Reach) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections(0)
            .max_response_header_size(LONGEST_HEADERS)
            .user_agent("scripted-client")
            .build();
        let agent =
            Agent::with_parts(config, DefaultConnector::default(), Guard::new(reach.clone()));
        Self { agent, reach, end: Mutex::new(Instant::now()) }
    }

    /// Begins a step, which has this long.
    pub(crate) fn begin(&self, time: Duration) {
        *self.end.lock().expect("no holder panics") = Instant::now() + time;
    }

    /// What is left of the step's time.
    pub(crate) fn left(&self) -> Duration {
        let end = *self.end.lock().expect("no holder panics");
        end.saturating_duration_since(Instant::now())
    }

    /// Sends one request and gives back the answer with its body unread.
    pub(crate) fn open(
        &self,
        request: Request<Vec<u8>>,
        time: Duration,
    ) -> Outcome<Response<Body>> {
        let time = time.min(self.left());
        if time.is_zero() {
            return Err(Failure::late("the time for this step is over"));
        }
        let plain = request.clone();
        let is_secure = request.uri().scheme_str() == Some("https");
        let mut request = self.agent.configure_request(request).timeout_global(Some(time));
        if is_secure && has(Fault::TlsUnverified) {
            request = request.tls_config(TlsConfig::builder().disable_verification(true).build());
        }
        let request = request.build();
        match self.agent.run(request) {
            Err(_) if is_secure && has(Fault::FallsBackToHttp) => {
                let (mut parts, body) = plain.into_parts();
                let uri = parts.uri.to_string().replacen("https", "http", 1);
                parts.uri = uri.parse().expect("one scheme for another");
                self.agent.run(Request::from_parts(parts, body)).map_err(told)
            }
            outcome => outcome.map_err(told),
        }
    }

    /// GETs a document of OAuth.
    pub(crate) fn document(&self, url: &Url) -> Outcome<Answer> {
        let request = Request::get(url.as_str()).header("accept", "application/json");
        let answer =
            self.exchange(request.body(Vec::new()).map_err(|error| unsendable(&error))?)?;
        self.followed(answer, url, Fault::MetadataRedirectsFollowed, |url| {
            self.exchange(
                Request::get(url.as_str()).body(Vec::new()).map_err(|error| unsendable(&error))?,
            )
        })
    }

    /// POSTs to an endpoint of OAuth.
    pub(crate) fn post(
        &self,
        url: &Url,
        kind: &str,
        authorization: Option<&str>,
        body: &str,
    ) -> Outcome<Answer> {
        let send = |url: &Url| {
            let mut request = Request::post(url.as_str())
                .header("accept", "application/json")
                .header("content-type", kind);
            if let Some(value) = authorization {
                request = request.header("authorization", value);
            }
            self.exchange(
                request.body(body.as_bytes().to_vec()).map_err(|error| unsendable(&error))?,
            )
        };
        self.followed(send(url)?, url, Fault::OauthPostRedirectsFollowed, send)
    }

    /// The answer itself, unless a fault makes the client go where it points.
    fn followed(
        &self,
        answer: Answer,
        from: &Url,
        fault: Fault,
        send: impl Fn(&Url) -> Outcome<Answer>,
    ) -> Outcome<Answer> {
        let target = answer.headers.get("location").and_then(|to| to.to_str().ok());
        match target.and_then(|to| from.join(to).ok()) {
            Some(to) if (300..400).contains(&answer.status) && has(fault) => send(&to),
            _ => Ok(answer),
        }
    }

    fn exchange(&self, request: Request<Vec<u8>>) -> Outcome<Answer> {
        let is_patient = faults::is_on(Fault::OauthTimeUnbounded);
        let time = if is_patient { Duration::from_mins(2) } else { DOCUMENT_TIME };
        if is_patient {
            self.begin(time);
        }
        let outcome = self.exchange_within(request, time);
        if outcome.as_ref().is_err_and(|failure| failure.is_late) {
            faults::note(Fault::OauthTimeUnbounded);
        }
        outcome
    }

    fn exchange_within(&self, request: Request<Vec<u8>>, time: Duration) -> Outcome<Answer> {
        let mut response = self.open(request, time)?;
        if response.headers().get("content-encoding").is_some_and(|how| how != "identity") {
            return fail("an answer is compressed, which was not asked for");
        }
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let is_bounded = !faults::is_on(Fault::OauthSizeUnbounded);
        let longest = if is_bounded { LONGEST_DOCUMENT } else { u64::MAX - 1 };
        let body = whole(response.body_mut().as_reader(), longest);
        if body.is_err() {
            faults::note(Fault::OauthSizeUnbounded);
        }
        let body = body?;
        Ok(Answer { status, headers, body })
    }
}

/// Everything there is to read, if it is no longer than `longest`.
pub(crate) fn whole(reader: impl Read, longest: u64) -> Outcome<Vec<u8>> {
    let mut body = Vec::new();
    reader.take(longest + 1).read_to_end(&mut body).map_err(broken)?;
    if body.len() as u64 > longest {
        return fail(format!("an answer is longer than {longest} bytes"));
    }
    Ok(body)
}

/// What a failed read means.
pub(crate) fn broken(error: std::io::Error) -> Failure {
    told(Error::from(error))
}

fn unsendable(error: &ureq::http::Error) -> Failure {
    Failure::new(format!("a request cannot be sent: {error}"))
}

fn told(error: Error) -> Failure {
    match error {
        Error::Timeout(_) => Failure::late("no whole answer in time"),
        Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => {
            Failure::late("no whole answer in time")
        }
        error => Failure::new(format!("no whole answer: {error}")),
    }
}
