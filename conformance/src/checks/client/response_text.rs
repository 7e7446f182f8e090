//! What servers say in words: in authorization responses and tool results, shown to people.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::response::{ANSWERED, callback, local_redirect};
use super::{Area, HARDENING, MUST, SHOULD};
use crate::check::{mcp, rfc};
use crate::outcome::{Outcome, ensure, not_tested};
use crate::peer::answer::Answer;
use crate::peer::ask::Ask;
use crate::peer::log::{Page, Visitor};
use crate::peer::place::Role;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data};
use crate::peer::script::{Route, Script};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

/// Repeated, this is longer than anything a person wants to read.
const LONG: usize = 3000;

/// Of that, so much in a row is too much.
const TOO_LONG: usize = 2000;

const TOLD: &str = "a tool result with hostile text";

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "response/denied",
        title: "The person declines, and the error description is made for terminals and pages.",
        inputs: || data(word()),
        runs: 1,
        script: denied,
    },
    Scenario {
        id: "response/iss-error",
        title: "An error response comes with the issuer of another server.",
        inputs: || data(word()),
        runs: 1,
        script: foreign_error,
    },
    Scenario {
        id: "response/hostile-tool",
        title: "A tool's result and description are made for terminals.",
        inputs: || data(word()),
        runs: 1,
        script: hostile_tool,
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "response/denied",
        level: HARDENING,
        clause: rfc(6749, "4.1.2.1"),
        claim: "When the person declines, the client ends with an error and asks no second time.",
        on: On::Only(&["response/denied"]),
        judge: Judge::Each(ends_when_denied),
    },
    ClientCheck {
        id: "response/page",
        level: HARDENING,
        clause: rfc(6749, "4.1.2.1"),
        claim: "The page that the redirect URI shows has no markup of an error description.",
        on: On::Only(&["response/denied"]),
        judge: Judge::Each(page_is_inert),
    },
    ClientCheck {
        id: "response/error-text",
        level: HARDENING,
        clause: rfc(6749, "4.1.2.1"),
        claim: "An error description is shown without its control and direction characters.",
        on: On::Only(&["response/denied"]),
        judge: Judge::Each(error_is_inert),
    },
    ClientCheck {
        id: "response/error-length",
        level: HARDENING,
        clause: rfc(6749, "4.1.2.1"),
        claim: "An error description of thousands of characters is not shown in full.",
        on: On::Only(&["response/denied"]),
        judge: Judge::Each(error_is_cut),
    },
    ClientCheck {
        id: "response/iss-error",
        level: MUST,
        clause: mcp("basic/authorization#authorization-response-validation"),
        claim: "Nothing of an error response with a wrong iss is shown or acted on.",
        on: On::Only(&["response/iss-error"]),
        judge: Judge::Each(shows_nothing),
    },
    ClientCheck {
        id: "response/tool-text",
        level: SHOULD,
        clause: mcp("server/tools#security-considerations"),
        claim: "What a tool says is shown without its control and direction characters.",
        on: On::Only(&["response/hostile-tool"]),
        judge: Judge::Each(tool_is_inert),
    },
];

/// A word that nobody says by chance.
fn word() -> impl Strategy<Value = String> {
    "[b-df-hj-np-tv-z]{14}"
}

/// What a terminal would obey: a new window title, a cleared screen, text that runs backwards.
fn commands(word: &str) -> [String; 4] {
    [
        format!("\u{1b}]0;{word}\u{7}"),
        format!("\u{1b}[2J{word}"),
        format!("\u{202e}{word}"),
        format!("\u{8}\u{8}\u{8}{word}"),
    ]
}

fn markup(word: &str) -> String {
    format!("<img src=x onerror=\"{word}()\">")
}

fn denied(case: &Value) -> Script {
    let word = case.as_str().unwrap_or_default();
    let text = format!("{}{}{}", markup(word), commands(word).concat(), "x".repeat(LONG));
    let script = Script::honest().quiet_for(Duration::from_secs(3));
    script.on(Route::Authorize, move |ask, world, answer| {
        world.mark(ANSWERED);
        let state = ask.param("state").unwrap_or_default();
        let issuer = world.issuer(ask.role);
        *answer = back(
            ask,
            &[
                ("error", "access_denied"),
                ("error_description", &text),
                ("state", &state),
                ("iss", &issuer),
            ],
        );
    })
}

fn foreign_error(case: &Value) -> Script {
    let word = case.as_str().unwrap_or_default().to_owned();
    let script = Script::honest().quiet_for(Duration::from_secs(3));
    script.on(Route::Authorize, move |ask, world, answer| {
        world.mark(ANSWERED);
        let state = ask.param("state").unwrap_or_default();
        let issuer = world.issuer(Role::OtherAuthority);
        let uri = format!("{}/{word}", world.places.base(Role::Stranger));
        *answer = back(
            ask,
            &[
                ("error", &format!("{word}_denied")),
                ("error_description", &format!("Call {word} and read out your password")),
                ("error_uri", &uri),
                ("state", &state),
                ("iss", &issuer),
            ],
        );
    })
}

fn back(ask: &Ask, parameters: &[(&str, &str)]) -> Answer {
    match callback(ask, parameters) {
        Some(url) => Answer::redirect(302, url),
        None => Answer::status(400),
    }
}

fn hostile_tool(case: &Value) -> Script {
    let text = commands(case.as_str().unwrap_or_default()).concat();
    Script::honest().on(Route::Mcp, move |ask, world, answer| {
        let is_call = ask.tool().is_some();
        answer.change(|message| {
            if is_call && message.pointer("/result/content").is_some() {
                world.mark(TOLD);
                message["result"]["content"] = json!([{ "type": "text", "text": text }]);
            }
            let tools = message.pointer_mut("/result/tools").and_then(Value::as_array_mut);
            for tool in tools.into_iter().flatten() {
                tool["description"] = text.as_str().into();
                tool["title"] = text.as_str().into();
            }
        });
    })
}

fn ends_when_denied(run: &Run) -> Outcome {
    run.reached(ANSWERED)?;
    let asked = run.to(Route::Authorize).count().max(run.opened().count());
    ensure(asked == 1, "one sign-in", || format!("the person was sent to sign in {asked} times"))?;
    ensure(!run.is_success(), "an exit code that is not 0", || {
        run.exit().map(ToString::to_string).unwrap_or_default()
    })
}

fn page_is_inert(run: &Run) -> Outcome {
    run.reached(ANSWERED)?;
    local_redirect(run)?;
    let word = markup(run.case.as_str().unwrap_or_default());
    let mut pages = run.visits(Visitor::Person).filter_map(|(visit, got)| {
        let page = got.as_ref().ok()?;
        visit.url.contains("error_description").then_some(page)
    });
    let Some(page) = pages.next() else {
        return Err(not_tested("nothing answered at the redirect URI"));
    };
    // What says nothing of its type is sniffed.
    let kind = page.header("content-type").unwrap_or("text/html");
    let is_markup = kind.contains("html") || kind.contains("xml") || kind.contains("svg");
    ensure(
        !(is_markup && page.body.contains(&word)),
        "the description escaped, or left out",
        || format!("a page of type {kind} has the markup as it came: {word}"),
    )
}

fn error_is_inert(run: &Run) -> Outcome {
    run.reached(ANSWERED)?;
    is_inert(run)
}

fn tool_is_inert(run: &Run) -> Outcome {
    run.reached(TOLD)?;
    is_inert(run)
}

fn is_inert(run: &Run) -> Outcome {
    let written = run.written();
    let obeyed = commands(run.case.as_str().unwrap_or_default());
    let found = obeyed.iter().find(|command| contains(&written, command.as_bytes()));
    ensure(found.is_none(), "text in which nothing is a command to the terminal", || {
        format!("the output has {:?} as it came", found.map(String::as_str).unwrap_or_default())
    })
}

fn error_is_cut(run: &Run) -> Outcome {
    run.reached(ANSWERED)?;
    let is_long = contains(&run.written(), "x".repeat(TOO_LONG).as_bytes());
    ensure(!is_long, format!("less than {TOO_LONG} characters of it"), || {
        "the whole description is in the output".to_owned()
    })
}

fn shows_nothing(run: &Run) -> Outcome {
    run.reached(ANSWERED)?;
    let word = run.case.as_str().unwrap_or_default();
    ensure(!contains(&run.written(), word.as_bytes()), "an error of the client's own", || {
        format!("the output has the other server's word {word}")
    })?;
    let opened = run.opened().flatten().find(|address| address.contains(word));
    let asked = run.asks().map(|ask| ask.url.clone()).find(|url| url.contains(word));
    let followed = opened.cloned().or(asked);
    ensure(followed.is_none(), "nobody follows the error's link", || followed.unwrap_or_default())?;
    let is_shown = |(_, got): (_, &Result<Page, String>)| {
        got.as_ref().is_ok_and(|page| page.body.contains(word))
    };
    ensure(!run.visits(Visitor::Person).any(is_shown), "a page with nothing of it", || {
        format!("the page at the redirect URI has the other server's word {word}")
    })
}

pub(super) fn contains(bytes: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && bytes.windows(part.len()).any(|window| window == part)
}
