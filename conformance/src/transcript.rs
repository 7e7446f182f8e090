//! What went over the wire, for the report of a failing check.
//!
//! A transcript is held raw in memory, bounded, and can leave only through
//! [`Transcript::redacted`], so that no report can be given one with secrets in it.

use std::collections::VecDeque;
use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use crate::probe::http::{Reply, Request};
use crate::probe::site::Site;
use crate::secret::Redactor;

/// Exchanges beyond this many are forgotten, oldest first.
const LONGEST: usize = 32;

/// Bodies are cut to this many characters in a report.
const LONGEST_BODY: usize = 1_200;

/// One request and its answer, with every secret replaced.
#[derive(Clone, Debug, Serialize, JsonSchema, PartialEq, Eq)]
pub struct Exchange {
    /// Who sent the request.
    pub from: Party,
    /// Who answered it.
    pub to: Party,
    /// Method and address.
    pub request: String,
    /// Header lines of the request.
    pub request_headers: Vec<String>,
    /// Body of the request, cut.
    pub request_body: String,
    /// The status, or why there was no answer.
    pub answer: String,
    /// Header lines of the answer.
    pub answer_headers: Vec<String>,
    /// Body of the answer, cut.
    pub answer_body: String,
    /// A shell line that sends the request again, once the placeholders are filled in; empty where
    /// nobody is left to answer it.
    pub curl: String,
}

/// Somebody who takes part in an exchange.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum Party {
    /// The client: the harness plays its part where a server is tested.
    Client,
    /// The person's browser, whose part the harness plays too.
    Browser,
    /// The authorization server, with its pages.
    AuthorizationServer,
    /// The MCP endpoint, or another protected resource.
    McpEndpoint,
    /// A host that has no business with the client's secrets.
    Stranger,
    /// Somebody who sends the client what it did not ask for.
    Attacker,
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Client => "client",
            Self::Browser => "browser",
            Self::AuthorizationServer => "authorization server",
            Self::McpEndpoint => "MCP endpoint",
            Self::Stranger => "strange host",
            Self::Attacker => "attacker",
        })
    }
}

/// Bodies of requests are kept up to this many bytes.
const LONGEST_KEPT: usize = 16 << 10;

#[derive(Debug, Default)]
pub(crate) struct Transcript {
    exchanges: VecDeque<(Request, Result<Reply, String>)>,
}

impl Transcript {
    pub(crate) fn push(&mut self, request: &Request, answer: Result<Reply, String>) {
        if self.exchanges.len() == LONGEST {
            self.exchanges.pop_front();
        }
        self.exchanges.push_back((request.abridged(LONGEST_KEPT), answer));
    }

    /// Forgets what came before: the next case of a property starts here.
    pub(crate) fn clear(&mut self) {
        self.exchanges.clear();
    }

    pub(crate) fn redacted(&self, redactor: &Redactor, site: &Site) -> Vec<Exchange> {
        let exchanges = self.exchanges.iter();
        exchanges
            .map(|(request, answer)| {
                exchange(request, answer, redactor, parties(request, answer, site))
            })
            .collect()
    }
}

/// A browser sends cookies and reads pages; everything else is the client's.
fn parties(request: &Request, answer: &Result<Reply, String>, site: &Site) -> (Party, Party) {
    let address = request.url.split(['?', '#']).next().unwrap_or_default();
    let second = site.second.iter().any(|second| second.endpoint == address);
    if address == site.endpoint || second || address.contains("/oauth-protected-resource") {
        return (Party::Client, Party::McpEndpoint);
    }
    let is_page = answer.as_ref().is_ok_and(Reply::is_html)
        || request.headers.iter().any(|(name, _)| name == "cookie")
        || site.endpoint_of("authorization_endpoint").is_ok_and(|asked| asked == address);
    (if is_page { Party::Browser } else { Party::Client }, Party::AuthorizationServer)
}

pub(crate) fn exchange(
    request: &Request,
    answer: &Result<Reply, String>,
    redactor: &Redactor,
    (from, to): (Party, Party),
) -> Exchange {
    let body = String::from_utf8_lossy(request.body.as_deref().unwrap_or_default());
    let request_headers: Vec<String> =
        request.headers.iter().map(|pair| header_line(pair, redactor)).collect();
    let address = redactor.redact(&request.url);
    let request_body = cut(&redactor.redact(&body));
    let (status, answer_headers, answer_body) = match answer {
        Ok(reply) => (
            reply.status.to_string(),
            reply.headers.iter().map(|pair| header_line(pair, redactor)).collect(),
            cut(&redactor.redact(&reply.body)),
        ),
        Err(cause) => (format!("no answer: {}", redactor.redact(cause)), vec![], String::new()),
    };
    Exchange {
        from,
        to,
        curl: curl(&request.method, &address, &request_headers, &request_body),
        request: format!("{} {address}", request.method),
        request_headers,
        request_body,
        answer: status,
        answer_headers,
        answer_body,
    }
}

/// Cookies are credentials whoever set them, so their values never pass by looks alone.
fn header_line((name, value): &(String, String), redactor: &Redactor) -> String {
    let value = match name.as_str() {
        "cookie" | "set-cookie" => value.split_inclusive(';').map(hide_cookie).collect(),
        _ => redactor.redact_header(name, value),
    };
    format!("{name}: {value}")
}

fn hide_cookie(part: &str) -> String {
    const ATTRIBUTES: [&str; 6] = ["path", "max-age", "expires", "samesite", "domain", "priority"];
    match part.split_once('=') {
        Some((name, _)) if !ATTRIBUTES.contains(&name.trim().to_ascii_lowercase().as_str()) => {
            format!("{name}=<cookie>{}", if part.ends_with(';') { ";" } else { "" })
        }
        _ => part.to_owned(),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST_BODY) {
        Some((end, _)) => format!("{} … ({} characters)", &text[..end], text.chars().count()),
        None => text.to_owned(),
    }
}

fn curl(method: &str, address: &str, headers: &[String], body: &str) -> String {
    let mut line = format!("curl -i -X {method} {}", quoted(address));
    for header in headers {
        line.push_str(" -H ");
        line.push_str(&quoted(header));
    }
    if !body.is_empty() {
        line.push_str(" --data-raw ");
        line.push_str(&quoted(body));
    }
    line
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_hidden_even_when_nobody_learnt_its_value() {
        let line = header_line(
            &("set-cookie".to_owned(), "session=abc; Path=/; HttpOnly; SameSite=Lax".to_owned()),
            &Redactor::default(),
        );
        assert_eq!(line, "set-cookie: session=<cookie>; Path=/; HttpOnly; SameSite=Lax");
    }

    #[test]
    fn a_curl_line_survives_quotes_in_the_body() {
        let line = curl("POST", "http://h/p", &["a: b".to_owned()], "it's");
        assert_eq!(line, r"curl -i -X POST 'http://h/p' -H 'a: b' --data-raw 'it'\''s'");
    }
}
