//! Answers without end: size, time, compression.

use std::time::Duration;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Area, HARDENING, gzip};
use crate::check::lookout;
use crate::outcome::{Outcome, ensure};
use crate::peer::answer::{Answer, Body};
use crate::peer::ask::Ask;
use crate::peer::log::Sent;
use crate::peer::place::Role;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data};
use crate::peer::script::{Route, Script};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

/// A document of this many bytes is more than any client needs.
const TOO_MUCH: usize = 32 << 20;

const PIECE: usize = 64 << 10;

/// So long does the slow document take; two seconds more than a client should give it.
const TOO_LONG: Duration = Duration::from_secs(12);

const DRIP: Duration = Duration::from_millis(250);

const ENDLESS: &str = "a document without end";
const SLOW: &str = "a document that drips";
const PACKED: &str = "a compressed document, to a client that accepts gzip";

/// Which document it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Document {
    Resource,
    Server,
    Registration,
    Token,
}

impl Document {
    fn route(self) -> Route {
        match self {
            Self::Resource => Route::ResourceMetadata,
            Self::Server => Route::ServerMetadata,
            Self::Registration => Route::Register,
            Self::Token => Route::Token,
        }
    }
}

fn any_document() -> impl Strategy<Value = Document> {
    use Document::{Registration, Resource, Server, Token};
    prop::sample::select(vec![Resource, Server, Registration, Token])
}

fn metadata() -> impl Strategy<Value = Document> {
    prop::sample::select(vec![Document::Resource, Document::Server])
}

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "bound/endless",
        title: "A document of the authorization goes on and on.",
        inputs: || data(any_document()),
        runs: 1,
        script: endless,
    },
    Scenario {
        id: "bound/slow",
        title: "A document of the authorization arrives byte by byte.",
        inputs: || data(any_document()),
        runs: 1,
        script: slow,
    },
    Scenario {
        id: "bound/packed",
        title: "A metadata document unpacks to much more than was sent.",
        inputs: || data(metadata()),
        runs: 1,
        script: packed,
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "bound/size",
        level: HARDENING,
        clause: lookout("a document of the authorization has a largest size"),
        claim: "A client does not read 32 MiB of metadata, registration or token response.",
        on: On::Only(&["bound/endless"]),
        judge: Judge::Each(|run| is_cut(run, ENDLESS)),
    },
    ClientCheck {
        id: "bound/time",
        level: HARDENING,
        clause: lookout("a document of the authorization has a longest time"),
        claim: "A client does not wait longer than ten seconds for a document of the authorization.",
        on: On::Only(&["bound/slow"]),
        judge: Judge::Each(|run| is_cut(run, SLOW)),
    },
    ClientCheck {
        id: "bound/unpacked",
        level: HARDENING,
        clause: lookout("a document of the authorization has a largest size"),
        claim: "A client does not use metadata that unpacks to 32 MiB.",
        on: On::Only(&["bound/packed"]),
        judge: Judge::Each(is_not_used),
    },
];

fn read(case: &Value) -> Document {
    serde_json::from_value(case.clone()).unwrap_or(Document::Server)
}

/// The document as far as its last member, which has begun.
fn begun(answer: &Answer) -> String {
    let mut text = answer.value().to_string();
    text.pop();
    text.push_str(",\"padding\":\"");
    text
}

fn endless(case: &Value) -> Script {
    Script::honest().on(read(case).route(), |_, world, answer| {
        if matches!(answer.status, 200 | 201) {
            world.mark(ENDLESS);
            // White space, after which any document may still begin.
            let piece = vec![b' '; PIECE];
            answer.body = Body::Endless { piece, pause: Duration::ZERO, most: TOO_MUCH / PIECE };
        }
    })
}

fn slow(case: &Value) -> Script {
    Script::honest().on(read(case).route(), |_, world, answer| {
        if matches!(answer.status, 200 | 201) {
            world.mark(SLOW);
            let begin = begun(answer).into_bytes();
            let count = TOO_LONG.as_millis() / DRIP.as_millis();
            let drops = std::iter::repeat_n(vec![b'x'], usize::try_from(count).unwrap_or(48));
            let pieces = std::iter::once(begin).chain(drops);
            answer.body = Body::Pieces(pieces.map(|piece| (DRIP, piece)).collect());
        }
    })
}

fn packed(case: &Value) -> Script {
    Script::honest().on(read(case).route(), |ask, world, answer| {
        let accepted = ask.header("accept-encoding").unwrap_or_default().to_ascii_lowercase();
        if answer.status == 200 && accepted.contains("gzip") {
            world.mark(PACKED);
            let file = gzip::bomb(&begun(answer), b'x', TOO_MUCH, "\"}");
            answer.body = Body::Whole(file);
            answer.set("content-encoding", "gzip");
        }
    })
}

/// The client went away before all of it was sent.
fn is_cut(run: &Run, mark: &str) -> Outcome {
    run.reached(mark)?;
    let route = read(&run.case).route();
    let asked = run.exchanges().filter(|(ask, ..)| run.world.route(ask) == route);
    let whole = asked
        .filter(|(_, answer, _)| matches!(answer.body, Body::Pieces(_) | Body::Endless { .. }));
    let whole: Vec<&Ask> =
        whole.filter(|(.., sent)| *sent == Sent::Whole).map(|(ask, ..)| ask).collect();
    ensure(whole.is_empty(), "the client closes the connection before the end", || {
        format!(
            "it takes all of the answer to {}",
            whole.first().map(|ask| ask.line()).unwrap_or_default()
        )
    })
}

fn is_not_used(run: &Run) -> Outcome {
    run.reached(PACKED)?;
    let next: &[Route] = match read(&run.case) {
        Document::Resource => &[Route::ServerMetadata],
        _ => &[Route::Register, Route::Authorize],
    };
    let used =
        run.asks().find(|ask| ask.role != Role::Resource && next.contains(&run.world.route(ask)));
    ensure(used.is_none(), "the flow ends at the document", || {
        format!("the client goes on to {}", used.map(Ask::line).unwrap_or_default())
    })
}
