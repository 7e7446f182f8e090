//! Challenges in every form that the grammar allows.
//!
//! Each names resource metadata at an address that nobody can guess, so that the requests show
//! whether it was understood. Forms whose meaning RFC 9110 leaves open, such as a parameter that
//! is there twice, are absent.

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Area, HARDENING, MUST, near};
use crate::check::{lookout, rfc};
use crate::outcome::{Outcome, ensure};
use crate::peer::answer::Answer;
use crate::peer::ask::Ask;
use crate::peer::honest::resource_document;
use crate::peer::log::Ending;
use crate::peer::place::Role;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data};
use crate::peer::script::{Route, Script};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const SENT: &str = "the 401 with the challenge";

/// Where the right address is written in a header line.
const METADATA: &str = "{metadata}";

/// Where the address of a trap is written.
const TRAP: &str = "{trap}";

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Case {
    /// The path of the resource metadata.
    path: String,
    /// The `WWW-Authenticate` lines.
    lines: Vec<String>,
    /// Whether characters of the address are escaped.
    is_escaped: bool,
}

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "challenge/several",
        title: "The Bearer challenge is one of several, in one header line or more.",
        inputs: || data(several()),
        runs: 2,
        script: challenged,
    },
    Scenario {
        id: "challenge/spelled",
        title: "The Bearer challenge is written in an unusual way that the grammar allows.",
        inputs: || data(spelled()),
        runs: 2,
        script: challenged,
    },
    Scenario {
        id: "challenge/long",
        title: "The Bearer challenge has 64 KiB.",
        inputs: || data(long()),
        runs: 1,
        script: challenged,
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "challenge/among-others",
        level: MUST,
        clause: rfc(9110, "11.6.1"),
        claim: "A client finds the Bearer challenge among others, in whichever line it is.",
        on: On::Only(&["challenge/several"]),
        judge: Judge::Each(finds_metadata),
    },
    ClientCheck {
        id: "challenge/grammar",
        level: MUST,
        clause: rfc(9110, "11.2"),
        claim: "A client reads schemes and names in any case, quoted strings with commas and \
                escapes, white space, and parameters that it does not know.",
        on: On::Only(&["challenge/spelled"]),
        judge: Judge::Each(finds_metadata),
    },
    ClientCheck {
        id: "challenge/quoted-text",
        level: MUST,
        clause: rfc(9110, "5.6.4"),
        claim: "What stands between quotes in another parameter is not read as a parameter.",
        on: On::Only(&["challenge/several", "challenge/spelled"]),
        judge: Judge::Each(avoids_trap),
    },
    ClientCheck {
        id: "challenge/long",
        level: HARDENING,
        clause: lookout("a long header does no harm"),
        claim: "A challenge of 64 KiB makes a client neither crash nor hang.",
        on: On::Only(&["challenge/long"]),
        judge: Judge::Each(ends),
    },
];

/// Text between quotes that looks like a challenge to whoever splits at commas.
fn quoted() -> impl Strategy<Value = String> {
    let plain = ["\"a, b\"", "\"a, Bearer realm=x, b\"", "\"a \\\\\"", "\"(=;,)\""];
    let plain = prop::sample::select(plain.map(str::to_owned).to_vec());
    let trap = prop::sample::select(vec![
        format!("\"a, resource_metadata={TRAP}, b\""),
        format!("\"a \\\"b\\\", resource_metadata=\\\"{TRAP}\\\", c\""),
    ]);
    prop_oneof![1 => plain, 2 => trap]
}

fn other_challenge() -> impl Strategy<Value = String> {
    prop_oneof![
        quoted().prop_map(|realm| format!("Basic realm={realm}, charset=\"UTF-8\"")),
        Just("Negotiate".to_owned()),
        "[A-Za-z0-9+/]{4,24}={0,2}".prop_map(|token| format!("Negotiate {token}")),
        quoted().prop_map(|realm| {
            format!("Digest realm={realm}, qop=\"auth, auth-int\", nonce=\"7ypf/xlj9XXwfDPEoM4U\"")
        }),
        "[A-Z][a-z]{3,8}".prop_map(|word| format!("X-{word} key={word}, other=\"1, 2\"")),
    ]
}

fn several() -> impl Strategy<Value = Case> {
    let before = prop::collection::vec(other_challenge(), 1..4);
    let after = prop::collection::vec(other_challenge(), 0..2);
    (near::path(), before, after, 0..3_usize).prop_map(|(path, before, after, lines)| {
        let bearer = format!("Bearer resource_metadata=\"{METADATA}\", scope=\"mcp:read\"");
        let all: Vec<String> = before.into_iter().chain([bearer]).chain(after).collect();
        // The first line ends before the Bearer challenge, or there is only one.
        let first = lines.min(all.len() - 1);
        let (first, second) = all.split_at(first);
        let lines = [first, second].into_iter().filter(|line| !line.is_empty());
        let lines = lines.map(|line| line.join(", ")).collect();
        Case { path, lines, is_escaped: false }
    })
}

fn spelled() -> impl Strategy<Value = Case> {
    let cased = |word: &'static str| {
        let length = word.len();
        let is_upper = prop::collection::vec(prop::bool::ANY, length);
        let spell = move |is_upper: Vec<bool>| -> String {
            let letters = word.chars().zip(is_upper);
            letters.map(|(c, up)| if up { c.to_ascii_uppercase() } else { c }).collect()
        };
        prop_oneof![1 => Just(word.to_owned()), 4 => is_upper.prop_map(spell)]
    };
    let space = || prop_oneof![2 => Just(""), 1 => Just(" "), 1 => Just("\t")];
    let unknown = ("[a-z]{2,6}", prop_oneof![quoted(), "[a-z0-9]{1,8}"])
        .prop_map(|(name, value)| format!("x-{name}={value}"));
    let realm = quoted().prop_map(|realm| format!("realm={realm}"));
    let others = prop_oneof![realm, unknown];
    let others = prop::collection::vec(others, 1..2);
    let names = (cased("bearer"), cased("resource_metadata"));
    let spaces = (space(), space(), space(), space());
    (near::path(), names, others, spaces, prop::bool::weighted(0.7)).prop_map(
        |(path, (scheme, name), others, (before, after, left, right), is_escaped)| {
            let others = others.join(&format!("{left},{right}"));
            let line = format!(
                "{scheme} {others}{left},{right}{name}{before}={after}\"{METADATA}\"{left},{right}\
                 error_uri=\"https://example.com/a,b\""
            );
            Case { path, lines: vec![line], is_escaped }
        },
    )
}

fn long() -> impl Strategy<Value = Case> {
    let piece = prop::sample::select(vec!["a", "\\\"", "\\\\", ", b=c", "%", " "]);
    (near::path(), piece).prop_map(|(path, piece)| {
        let text = piece.repeat((64 << 10) / piece.len());
        let line = format!("Bearer realm=\"{text}\", resource_metadata=\"{METADATA}\"");
        Case { path, lines: vec![line], is_escaped: false }
    })
}

fn challenged(case: &Value) -> Script {
    let read = serde_json::from_value(case.clone());
    let empty = Case { path: "/about".to_owned(), lines: Vec::new(), is_escaped: false };
    let case: Case = read.unwrap_or(empty);
    let document = case.path.clone();
    Script::honest()
        .on(Route::Mcp, move |_, world, answer| {
            if answer.status != 401 {
                return;
            }
            world.mark(SENT);
            let base = world.places.base(Role::Resource);
            let mut metadata = format!("{base}{}", case.path);
            if case.is_escaped {
                metadata = metadata.replace('/', "\\/").replace('.', "\\.");
            }
            let trap = format!("{}/trap", world.places.base(Role::Stranger));
            answer.headers.retain(|(name, _)| name != "www-authenticate");
            for line in &case.lines {
                let line = line.replace(METADATA, &metadata).replace(TRAP, &trap);
                answer.headers.push(("www-authenticate".to_owned(), line));
            }
        })
        .instead(move |ask, world| {
            if ask.role == Role::Resource && ask.path == document {
                return Some(Answer::json(200, &resource_document(world)));
            }
            let is_other = world.route(ask) == Route::ResourceMetadata;
            is_other.then(|| Answer::status(404))
        })
}

fn finds_metadata(run: &Run) -> Outcome {
    run.reached(SENT)?;
    let path = run.case["path"].as_str().unwrap_or_default();
    let has_found = run.at(Role::Resource).any(|ask| ask.method == "GET" && ask.path == path);
    ensure(has_found, format!("a GET of {path}, which the Bearer challenge names"), || {
        let asked = run.asks().filter(|ask| run.world.route(ask) != Route::Mcp);
        let asked: Vec<String> = asked.map(Ask::line).collect();
        if asked.is_empty() { "no request for metadata".to_owned() } else { asked.join(", then ") }
    })
}

fn avoids_trap(run: &Run) -> Outcome {
    run.reached(SENT)?;
    let lines = run.case["lines"].as_array().into_iter().flatten();
    if !lines.filter_map(Value::as_str).any(|line| line.contains(TRAP)) {
        return Err(run.never("a challenge with text that looks like a parameter"));
    }
    let trapped = run.at(Role::Stranger).next();
    ensure(trapped.is_none(), "no request to an address inside of a quoted string", || {
        trapped.map(Ask::line).unwrap_or_default()
    })
}

fn ends(run: &Run) -> Outcome {
    run.reached(SENT)?;
    let how = run.exit().map(|exit| exit.how);
    ensure(how == Some(Ending::Itself), "the client ends by itself", || {
        run.exit().map(ToString::to_string).unwrap_or_default()
    })
}
