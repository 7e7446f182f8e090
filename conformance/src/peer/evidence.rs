//! What a report may show of a run: everything but secrets.

use crate::peer::answer::{Answer, Body};
use crate::peer::ask::Ask;
use crate::peer::log::{Sent, Visitor, What};
use crate::peer::place::Role;
use crate::peer::run::Run;
use crate::peer::script::Route;
use crate::probe::http::{Reply, Request};
use crate::secret::Redactor;
use crate::transcript::{Exchange, Party, exchange};

/// Exchanges beyond this many are left out, oldest first.
const LONGEST: usize = 48;

/// Of a request's body, bytes beyond this many are not looked at.
const LONGEST_BODY: usize = 16 << 10;

/// `text` without the secrets of `run`.
pub(crate) fn redact(run: &Run, text: &str) -> String {
    redactor(run).redact(text)
}

fn redactor(run: &Run) -> Redactor {
    let mut redactor = Redactor::default();
    for (kind, value) in &run.world.secrets {
        redactor.learn(kind, value);
    }
    for ask in run.asks() {
        for (name, kind) in [
            ("code_verifier", "verifier"),
            ("client_secret", "client secret"),
            ("refresh_token", "refresh token"),
            ("code", "code"),
        ] {
            if let Some(value) = ask.param(name) {
                redactor.learn(kind, &value);
            }
        }
        if let Some(value) = ask.param("state") {
            redactor.learn("state", &value);
        }
    }
    redactor
}

/// What went over the wire in `run`, redacted.
pub(crate) fn transcript(run: &Run) -> Vec<Exchange> {
    let redactor = redactor(run);
    let shown = |what: &What| match what {
        What::Asked { ask, answer, sent } => Some(shown(run, ask, answer, *sent, &redactor)),
        What::Visited { by: Visitor::Attacker, visit, got } => {
            let request = Request {
                method: visit.method.to_owned(),
                url: visit.url.clone(),
                headers: visit
                    .headers
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), value.clone()))
                    .collect(),
                body: None,
            };
            let answer = got.clone().map(|page| Reply {
                to: format!("{} {}", visit.method, visit.url),
                status: page.status,
                headers: page.headers,
                body: page.body,
            });
            let parties = (Party::Attacker, Party::Client);
            Some(exchange(&request, &answer, &redactor, parties))
        }
        _ => None,
    };
    // The servers are gone: a line that sends the request again would lead nowhere.
    let without_curl = |exchange: Exchange| Exchange { curl: String::new(), ..exchange };
    let is_shown = |what: &&What| match what {
        What::Asked { .. } => true,
        What::Visited { by, .. } => *by == Visitor::Attacker,
        _ => false,
    };
    let all: Vec<&What> = run.log.iter().map(|happened| &happened.what).filter(is_shown).collect();
    let surplus = all.len().saturating_sub(LONGEST);
    all[surplus..].iter().filter_map(|what| shown(what)).map(without_curl).collect()
}

fn shown(run: &Run, ask: &Ask, answer: &Answer, sent: Sent, redactor: &Redactor) -> Exchange {
    let from =
        if run.world.route(ask) == Route::Authorize { Party::Browser } else { Party::Client };
    let to = match ask.role {
        Role::Resource => Party::McpEndpoint,
        Role::Authority | Role::OtherAuthority => Party::AuthorizationServer,
        Role::Stranger => Party::Stranger,
    };
    let request = Request {
        method: ask.method.clone(),
        url: ask.url.clone(),
        headers: ask.headers.clone(),
        // Far more than is shown in the end, and cheap to redact.
        body: Some(&ask.body)
            .filter(|body| !body.is_empty())
            .map(|body| body[..body.len().min(LONGEST_BODY)].to_vec()),
    };
    let body = match &answer.body {
        Body::Empty => String::new(),
        Body::Whole(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Body::Pieces(pieces) | Body::Broken(pieces) => {
            let bytes: Vec<u8> = pieces.iter().flat_map(|(_, piece)| piece).copied().collect();
            String::from_utf8_lossy(&bytes).into_owned()
        }
        Body::Endless { piece, .. } => format!("{}… without end", String::from_utf8_lossy(piece)),
    };
    let reply =
        Reply { to: ask.line(), status: answer.status, headers: answer.headers.clone(), body };
    let reply = match sent {
        Sent::Cut => Err("the client closed the connection before the whole answer".to_owned()),
        Sent::Pending | Sent::Whole => Ok(reply),
    };
    exchange(&request, &reply, redactor, (from, to))
}
