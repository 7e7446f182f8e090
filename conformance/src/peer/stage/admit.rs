//! What stands between a request and the script: who is answered, how much, and a person's click.
//!
//! A request that is turned away here, and the page that asks for the click, are not part of what
//! happened: the log has the authorization request once, when it came, and its answer is the one
//! that the click led to.

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Response;
use hyper::header::{HeaderName, HeaderValue};
use sha2::{Digest as _, Sha256};

use super::{Inner, Sending, Stage, made, whole};
use crate::peer::answer::{Answer, Body, Visit};
use crate::peer::ask::Ask;
use crate::peer::honest;
use crate::peer::log::{Happened, Sent, What};
use crate::peer::script::Route;
use crate::report::visible::visible;

/// How consent comes about at the authorization servers of a scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Approval {
    /// By itself: the authorization endpoint redirects at once.
    #[default]
    Auto,
    /// By a click on a page that says who asks for what.
    Click,
}

/// How a stage treats those who come to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policy {
    pub(crate) approval: Approval,
    /// Whether it stays open for whoever comes, so that what it takes has to be bounded.
    pub(crate) is_attended: bool,
    /// The host under which clients elsewhere reach this machine.
    pub(crate) public_host: Option<String>,
}

/// An attended scenario takes no more requests than this until it is started again.
const MOST_REQUESTS: usize = 2_000;

/// Nor more than this many bytes.
const MOST_BYTES: usize = 8 << 20;

/// Nor one that is longer than this.
const LONGEST_BODY: usize = 256 << 10;

/// An authorization request that waits for a person's click.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    ticket: String,
    ask: Ask,
    /// Where the log has it.
    at: usize,
}

/// What becomes of a request.
pub(super) enum Received {
    /// It is in the log at this place, and answered so.
    Noted(Box<Answer>, usize),
    /// It is answered so, and not part of what happened.
    Aside(Box<Answer>),
}

impl Stage {
    /// Sets how those who come are treated; to be called before anybody does.
    pub(crate) fn govern(&self, policy: Policy) {
        self.inner().policy = policy;
    }

    /// What the servers answer to `ask`, without doing any of what goes with it.
    pub(crate) fn rehearse(&self, ask: Ask) -> Answer {
        self.decide(&mut self.inner(), ask).0
    }

    /// How many authorization requests wait for a click.
    pub(crate) fn waiting(&self) -> usize {
        self.inner().pending.len()
    }

    /// Whether the scenario wants the client killed by now.
    pub(crate) fn wants_kill(&self) -> bool {
        self.inner().is_killing
    }

    /// What an attacker does before `answer`. Not to clients elsewhere: their loopback addresses are
    /// not those of this machine, and nobody elsewhere may have this machine visited.
    pub(super) fn visits(&self, answer: &Answer) -> Vec<Visit> {
        if self.inner().policy.public_host.is_some() {
            return Vec::new();
        }
        answer.before.clone()
    }

    pub(super) fn receive(&self, ask: Ask) -> Received {
        let mut inner = self.inner();
        let inner = &mut *inner;
        if inner.policy.is_attended
            && let Some(refused) = refused(inner, &ask)
        {
            return Received::Aside(Box::new(refused));
        }
        if inner.policy.approval == Approval::Click {
            if let Some(decision) = Decision::of(&ask) {
                return self.decided(inner, &decision);
            }
            if inner.world.route(&ask) == Route::Authorize {
                return Received::Aside(Box::new(self.asked(inner, ask)));
            }
        }
        inner.kept += size(&ask);
        let (answer, at) = self.decide(inner, ask);
        Received::Noted(Box::new(answer), at)
    }

    /// The page for an authorization request, which is noted unless it is one that was loaded again.
    fn asked(&self, inner: &mut Inner, ask: Ask) -> Answer {
        let known = inner.pending.iter().find(|pending| pending.ask.url == ask.url);
        let ticket = known.map_or_else(ticket, |pending| pending.ticket.clone());
        let page = page(inner, &ask, &ticket);
        if known.is_none() {
            inner.kept += size(&ask);
            let noted = Answer::text(200, "text/html", "the page that asks the person");
            let what = What::Asked { ask: ask.clone(), answer: noted, sent: Sent::Pending };
            let at = self.push(inner, what);
            inner.pending.push(Pending { ticket, ask, at });
        }
        page
    }

    fn decided(&self, inner: &mut Inner, decision: &Decision) -> Received {
        let found = inner.pending.iter().position(|pending| pending.ticket == decision.ticket);
        let Some(found) = found else {
            let text = "this request has been decided already: begin again in the client";
            return Received::Aside(Box::new(Answer::text(400, "text/plain", text)));
        };
        let Pending { ask, at, .. } = inner.pending.remove(found);
        let (mut answer, kept) = if decision.is_allowed {
            made(inner, &ask)
        } else {
            inner.world.mark("the person denied");
            let answer = denial(inner, &ask);
            (answer.clone(), answer)
        };
        if let Some(Happened { what: What::Asked { answer, .. }, .. }) = inner.log.get_mut(at) {
            *answer = kept;
        }
        inner.revision += 1;
        self.0.changed.notify_waiters();
        if matches!(answer.status, 301 | 302 | 307 | 308) {
            // The decision is a POST, and must not be sent on to the client (RFC 9700 section 4.12).
            answer.status = 303;
        }
        Received::Noted(Box::new(answer), at)
    }
}

/// What a person decided on the page.
struct Decision {
    ticket: String,
    is_allowed: bool,
}

const DECISION: &str = "/decision";

impl Decision {
    fn of(ask: &Ask) -> Option<Self> {
        if ask.method != "POST" || !ask.path.ends_with(DECISION) {
            return None;
        }
        let is_allowed = ask.param("decision").as_deref() == Some("allow");
        Some(Self { ticket: ask.param("ticket")?, is_allowed })
    }
}

/// RFC 6749 section 4.1.2.1; where the honest server would not redirect, what it answers instead.
fn denial(inner: &Inner, ask: &Ask) -> Answer {
    let mut answer = honest::answer(ask, &mut inner.world.clone());
    answer.redirect_param("code", None);
    answer.redirect_param("error", Some("access_denied"));
    answer
}

/// The answer to somebody who is not served.
fn refused(inner: &Inner, ask: &Ask) -> Option<Answer> {
    let host = ask.header("host").unwrap_or_default();
    let public = inner.policy.public_host.as_deref();
    if !is_loopback(host) && public.is_none_or(|known| !known.eq_ignore_ascii_case(host)) {
        return Some(Answer::text(421, "text/plain", "this host is not served here"));
    }
    if ask.header("sec-purpose").is_some_and(|purpose| purpose.contains("prefetch")) {
        // A browser that looks ahead is not a person who goes there.
        return Some(Answer::status(503));
    }
    if ask.body.len() > LONGEST_BODY {
        return Some(Answer::text(413, "text/plain", "this is more than any client needs to say"));
    }
    let is_full = inner.log.len() >= MOST_REQUESTS || inner.kept >= MOST_BYTES;
    let text = "this scenario has seen as much as it takes: start it again on its page";
    is_full.then(|| Answer::text(503, "text/plain", text))
}

/// Whether a `Host` names this machine, on whatever port.
pub(crate) fn is_loopback(host: &str) -> bool {
    let name = match host.rfind(':') {
        Some(colon) if !host[colon..].contains(']') => &host[..colon],
        _ => host,
    };
    matches!(name, "127.0.0.1" | "[::1]") || name.eq_ignore_ascii_case("localhost")
}

/// The answer as it is, noted nowhere.
pub(super) fn aside(answer: Answer) -> Sending {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        let name = HeaderName::try_from(name.as_str());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            response = response.header(name, value);
        }
    }
    let Body::Whole(bytes) = answer.body else {
        return response.body(whole(Vec::new()).0).unwrap_or_else(|_| empty());
    };
    response.body(whole(bytes).0).unwrap_or_else(|_| empty())
}

fn empty() -> Sending {
    Response::new(whole(Vec::new()).0)
}

fn size(ask: &Ask) -> usize {
    let headers = ask.headers.iter().map(|(name, value)| name.len() + value.len());
    ask.url.len() + ask.body.len() + headers.sum::<usize>()
}

fn ticket() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system has random bytes");
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

const STYLE: &str = concat!(
    include_str!("../../../templates/report.css"),
    include_str!("../../../templates/serve.css")
);

#[derive(Template)]
#[template(path = "serve_consent.html")]
struct Page<'a> {
    style: &'static str,
    name: Option<String>,
    client_id: String,
    redirect_uri: String,
    scopes: Vec<String>,
    resource: Option<String>,
    /// Where the decision goes.
    action: String,
    ticket: &'a str,
}

fn page(inner: &Inner, ask: &Ask, ticket: &str) -> Answer {
    let param = |name| ask.param(name).unwrap_or_default();
    let client_id = param("client_id");
    let known = inner.world.client(ask.role, &client_id);
    let name = known.and_then(|client| client.asked["client_name"].as_str()).map(str::to_owned);
    let address = ask.url.split(['?', '#']).next().unwrap_or_default();
    let page = Page {
        style: STYLE,
        name,
        client_id,
        redirect_uri: param("redirect_uri"),
        scopes: param("scope").split_whitespace().map(str::to_owned).collect(),
        resource: ask.param("resource"),
        action: format!("{address}{DECISION}"),
        ticket,
    };
    let text = page.render().expect("writing to a string does not fail");
    // No `form-action`: browsers hold it against the redirect to the client, too.
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; frame-ancestors 'none'",
        STANDARD.encode(Sha256::digest(STYLE))
    );
    Answer::text(200, "text/html; charset=utf-8", visible(&text).into_owned())
        .with("content-security-policy", policy)
        .with("cache-control", "no-store")
        .with("referrer-policy", "no-referrer")
        .with("x-content-type-options", "nosniff")
}
