//! A counterexample drawn as a sequence diagram: who asked whom, and what came back.
//!
//! Positions are computed here and drawn by the template as SVG, so that nothing has to run. The
//! last exchange is the decisive one: a check stops at the answer that contradicts its claim.

use crate::report::visible::in_brief;
use crate::transcript::{Exchange, Party};

/// Distance between two lifelines, between two exchanges, and around everything.
const COLUMN: usize = 232;
const ROW: usize = 58;
const TOP: usize = 64;
const SIDE: usize = 92;

/// Earlier exchanges are counted and not drawn.
const MOST: usize = 14;

/// A drawing, in units of one CSS pixel.
#[derive(Debug)]
pub(crate) struct Sequence {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Where lifelines end.
    pub(crate) foot: usize,
    pub(crate) lifelines: Vec<Lifeline>,
    pub(crate) arrows: Vec<Arrow>,
    /// Exchanges that came before the first one drawn.
    pub(crate) earlier: usize,
}

#[derive(Debug)]
pub(crate) struct Lifeline {
    pub(crate) name: String,
    pub(crate) x: usize,
}

/// One exchange.
#[derive(Debug)]
pub(crate) struct Arrow {
    pub(crate) number: usize,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) x1: usize,
    pub(crate) x2: usize,
    pub(crate) middle: usize,
    /// Where the request is drawn; the answer is below it.
    pub(crate) y: usize,
    pub(crate) y_answer: usize,
    pub(crate) y_label: usize,
    pub(crate) y_status: usize,
    /// Method and path, cut to the width.
    pub(crate) label: String,
    pub(crate) request: String,
    pub(crate) status: String,
    /// Arrow heads, as SVG paths.
    pub(crate) head: String,
    pub(crate) head_answer: String,
    /// `ok`, `redirect`, `refused` or `failed`.
    pub(crate) outcome: &'static str,
    pub(crate) is_decisive: bool,
}

/// Draws the latest exchanges of `transcript`.
pub(crate) fn sequence(transcript: &[Exchange]) -> Sequence {
    let earlier = transcript.len().saturating_sub(MOST);
    let drawn = &transcript[earlier..];
    let mut parties: Vec<Party> =
        drawn.iter().flat_map(|exchange| [exchange.from, exchange.to]).collect();
    parties.sort_unstable();
    parties.dedup();
    let x = |party: Party| {
        SIDE + COLUMN * parties.iter().position(|known| *known == party).unwrap_or_default()
    };
    let arrows = drawn.iter().enumerate().map(|(index, exchange)| {
        let y = TOP + 30 + index * ROW;
        let (x1, x2) = (x(exchange.from), x(exchange.to));
        // The label of a long arrow has the room of all the columns it crosses.
        let room = x1.abs_diff(x2).saturating_sub(30) / 7;
        Arrow {
            number: earlier + index + 1,
            from: exchange.from.to_string(),
            to: exchange.to.to_string(),
            x1,
            x2,
            middle: usize::midpoint(x1, x2),
            y,
            y_answer: y + 22,
            y_label: y - 7,
            y_status: y + 16,
            label: in_brief(&label(exchange), room),
            request: exchange.request.clone(),
            status: in_brief(&status(exchange), room),
            head: head(x1, x2, y),
            head_answer: head(x2, x1, y + 22),
            outcome: outcome(&exchange.answer),
            is_decisive: earlier + index + 1 == transcript.len(),
        }
    });
    let arrows: Vec<Arrow> = arrows.collect();
    let height = TOP + 30 + drawn.len() * ROW;
    Sequence {
        width: 2 * SIDE + COLUMN * parties.len().saturating_sub(1),
        height,
        foot: height - 14,
        lifelines: parties
            .iter()
            .map(|party| Lifeline { name: party.to_string(), x: x(*party) })
            .collect(),
        arrows,
        earlier,
    }
}

/// A triangle whose tip is at `to`.
fn head(from: usize, to: usize, y: usize) -> String {
    let back = if from < to { to.saturating_sub(8) } else { to + 8 };
    format!("M{to} {y}L{back} {}L{back} {}Z", y - 4, y + 4)
}

fn outcome(answer: &str) -> &'static str {
    match answer.as_bytes().first() {
        Some(b'2') => "ok",
        Some(b'3') => "redirect",
        Some(b'4') => "refused",
        _ => "failed",
    }
}

/// Method and path, and what tells requests to one address apart: the grant or the method called.
fn label(exchange: &Exchange) -> String {
    let what = value_after(&exchange.request_body, "grant_type=")
        .or_else(|| value_after(&exchange.request_body, "\"method\":\""));
    let short = short(&exchange.request);
    what.map_or(short.clone(), |what| format!("{short} {what}"))
}

/// The status, with the error it names.
fn status(exchange: &Exchange) -> String {
    let error = value_after(&exchange.answer_body, "\"error\":\"");
    error.map_or(exchange.answer.clone(), |error| format!("{} {error}", exchange.answer))
}

fn value_after<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(name)?;
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"_/.-".contains(c));
    Some(&rest[..end.unwrap_or(rest.len())]).filter(|value| !value.is_empty())
}

/// Method and path: the address without its origin and query.
fn short(request: &str) -> String {
    let (method, address) = request.split_once(' ').unwrap_or(("", request));
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let path = rest.find('/').map_or("/", |at| &rest[at..]);
    let path = path.split(['?', '#']).next().unwrap_or(path);
    format!("{method} {path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(from: Party, to: Party) -> Exchange {
        Exchange {
            from,
            to,
            request: "GET http://h:1/a/b?c=d".to_owned(),
            request_headers: vec![],
            request_body: String::new(),
            answer: "200".to_owned(),
            answer_headers: vec![],
            answer_body: String::new(),
            curl: String::new(),
        }
    }

    #[test]
    fn requests_to_one_address_are_told_apart() {
        let mut one = exchange(Party::Client, Party::AuthorizationServer);
        one.request_body = "client_id=c&grant_type=refresh_token&x=y".to_owned();
        one.answer_body = r#"{"error":"invalid_grant"}"#.to_owned();
        assert_eq!(label(&one), "GET /a/b refresh_token");
        assert_eq!(status(&one), "200 invalid_grant");
        one.request_body = r#"{"id":1,"method":"tools/list"}"#.to_owned();
        assert_eq!(label(&one), "GET /a/b tools/list");
    }

    #[test]
    fn only_those_who_took_part_have_a_lifeline() {
        let drawn = sequence(&[exchange(Party::Client, Party::McpEndpoint)]);
        let names: Vec<&str> = drawn.lifelines.iter().map(|line| line.name.as_str()).collect();
        assert_eq!(names, ["client", "MCP endpoint"]);
        assert_eq!(drawn.arrows[0].label, "GET /a/b");
        assert!(drawn.arrows[0].is_decisive);
    }

    #[test]
    fn a_long_transcript_is_drawn_from_its_end() {
        let many = vec![exchange(Party::Browser, Party::AuthorizationServer); MOST + 3];
        let drawn = sequence(&many);
        assert_eq!((drawn.earlier, drawn.arrows.len()), (3, MOST));
        assert_eq!(drawn.arrows.iter().filter(|arrow| arrow.is_decisive).count(), 1);
        assert!(drawn.arrows.last().is_some_and(|arrow| arrow.y_answer < drawn.foot));
    }
}
