//! Revisions of the protocol: which one is spoken, and how the other is found.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Area, MUST, SHOULD};
use crate::check::mcp;
use crate::outcome::{Outcome, Violation, ensure, not_tested};
use crate::peer::answer::Answer;
use crate::peer::honest::mcp::is_modern;
use crate::peer::message::Message;
use crate::peer::offer::tool;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data};
use crate::peer::script::{READ_TOOL, Revisions, Route, Script, call, call_with, list_tools};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

pub(super) const REFUSED: &str = "a request of 2026-07-28";
/// Every scenario with a server that knows no revision but those with `initialize`.
pub(super) const OLD_SERVERS: &[&str] =
    &["initialize/older", "initialize/unknown-version", "session/lost", "stream/earlier", LISTED];
const LISTED: &str = "era/listed";

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "era/modern-only",
        title: "The server speaks no revision but 2026-07-28, and has tools whose names fit into \
                no header.",
        inputs: || {
            data((
                "[a-z]{2,6}[äöß日本語]{1,4}",
                "=\\?base64\\?[A-Za-z0-9]{4,12}\\?=",
                prop_oneof![" [a-z]{3,8}", "[a-z]{3,8} "],
            ))
        },
        runs: 1,
        script: |case| {
            let names = case.as_array().cloned().unwrap_or_default();
            let names: Vec<String> =
                names.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            let mut steps = vec![list_tools(), call(READ_TOOL)];
            steps.extend(names.iter().map(|name| call_with(name, &json!({}))));
            Script::honest()
                .set(|setting| setting.revisions = Revisions::Modern)
                .task(steps)
                .offering(names.iter().map(|name| tool(name)).collect())
        },
    },
    Scenario {
        id: "era/listed",
        title: "The server refuses 2026-07-28 and lists revisions, of which those with initialize \
                are some.",
        inputs: || {
            let listed = vec!["2025-11-25", "2025-06-18", "2031-04-01", "2025-03-26"];
            data(Just(listed).prop_shuffle())
        },
        runs: 1,
        script: |case| {
            let supported = case.clone();
            Script::honest().set(|setting| setting.revisions = Revisions::Legacy).on(
                Route::Mcp,
                move |ask, world, answer| {
                    if is_modern(ask) && answer.status == 400 {
                        world.mark(REFUSED);
                        *answer = refused(&ask.json(), -32022, &supported);
                    }
                },
            )
        },
    },
    Scenario {
        id: "era/no-overlap",
        title: "The server refuses 2026-07-28 and lists revisions that nobody has heard of.",
        inputs: || data(prop::collection::vec("20[3-9][0-9]-0[1-9]-1[0-9]", 1..4)),
        runs: 1,
        script: |case| modern_error(-32022, case.clone()),
    },
    Scenario {
        id: "era/modern-error",
        title: "The server answers every request of 2026-07-28 with an error of that revision.",
        inputs: || data(prop::sample::select(vec![-32020, -32021])),
        runs: 1,
        script: |case| modern_error(case.as_i64().unwrap_or(-32020), Value::Null),
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "era/modern",
        level: MUST,
        clause: mcp("basic/versioning#compatibility-matrix"),
        claim: "A client that speaks 2026-07-28 completes with a server that speaks nothing else.",
        on: On::Only(&["era/modern-only"]),
        judge: Judge::Each(completes_modern),
    },
    ClientCheck {
        id: "era/no-initialize",
        level: MUST,
        clause: mcp("basic/versioning#compatibility-matrix"),
        claim: "A client that a server of 2026-07-28 has answered sends it no initialize.",
        on: On::Only(&["era/modern-only", "flow/plain"]),
        judge: Judge::Each(stays_modern),
    },
    ClientCheck {
        id: "era/falls-back",
        level: SHOULD,
        clause: mcp("basic/transports/streamable-http#backward-compatibility"),
        claim: "A client of both kinds of revision sends initialize wherever a refusal is no error \
                of 2026-07-28.",
        on: On::Only(OLD_SERVERS),
        judge: Judge::Together(falls_back_everywhere),
    },
    ClientCheck {
        id: "era/listed",
        level: SHOULD,
        clause: mcp("basic/versioning#protocol-version-negotiation"),
        claim: "A client whose revision is refused goes on with one that the server lists, or ends.",
        on: On::Only(OLD_SERVERS),
        judge: Judge::Together(picks_a_listed_one),
    },
    ClientCheck {
        id: "era/no-overlap",
        level: SHOULD,
        clause: mcp("basic/versioning#protocol-version-negotiation"),
        claim: "A client that knows none of the revisions a server lists ends with an error.",
        on: On::Only(&["era/no-overlap"]),
        judge: Judge::Each(does_not_fall_back),
    },
    ClientCheck {
        id: "era/modern-error",
        level: SHOULD,
        clause: mcp("basic/transports/streamable-http#backward-compatibility"),
        claim: "A client reads a 400, and does not fall back to initialize where it is an error of \
                2026-07-28.",
        on: On::Only(&["era/modern-error"]),
        judge: Judge::Each(does_not_fall_back),
    },
];

/// How servers from before 2026-07-28 refuse a request of it: without a word, in their own words,
/// or with errors that say nothing about revisions.
pub(super) fn refusal() -> impl Strategy<Value = Value> {
    let error = |code: i64, message: &str| json!({ "jsonrpc": "2.0", "id": null, "error": { "code": code, "message": message } });
    prop::sample::select(vec![
        Value::Null,
        json!("Bad Request: no valid session"),
        json!("<html><body>400</body></html>"),
        error(-32000, "Bad Request: Server not initialized"),
        error(-32000, "Bad Request: Unsupported protocol version"),
        error(-32600, "Invalid Request"),
    ])
}

pub(super) fn refusals() -> BoxedStrategy<Value> {
    data(refusal())
}

/// Servers of the revisions with `initialize`, which refuse others in the given way.
pub(super) fn old(refusal: &Value) -> Script {
    let refusal = refusal.clone();
    Script::honest().set(|setting| setting.revisions = Revisions::Legacy).on(
        Route::Mcp,
        move |ask, world, answer| {
            if is_modern(ask) && answer.status == 400 {
                world.mark(REFUSED);
                *answer = match &refusal {
                    Value::Null => Answer::status(400),
                    Value::String(text) => Answer::text(400, "text/html", text.as_str()),
                    error => Answer::json(400, error),
                };
            }
        },
    )
}

/// A server that refuses everything of 2026-07-28 with an error of that revision.
fn modern_error(code: i64, supported: Value) -> Script {
    Script::honest().on(Route::Mcp, move |ask, world, answer| {
        if answer.status != 401 && answer.status != 403 && is_modern(ask) {
            world.mark(REFUSED);
            *answer = refused(&ask.json(), code, &supported);
        }
    })
}

fn refused(body: &Value, code: i64, supported: &Value) -> Answer {
    let data = match code {
        -32022 => json!({ "supported": supported, "requested": "2026-07-28" }),
        -32021 => json!({ "requiredCapabilities": { "sampling": {} } }),
        _ => Value::Null,
    };
    let mut error = json!({ "code": code, "message": "not like this" });
    if !data.is_null() {
        error["data"] = data;
    }
    Answer::json(400, &json!({ "jsonrpc": "2.0", "id": body["id"], "error": error }))
}

fn completes_modern(run: &Run) -> Outcome {
    run.modern()?;
    let called = run.calls(READ_TOOL).is_ok();
    ensure(called && run.takes(READ_TOOL)?, "the tools are listed and one is called", || {
        let last = run.asks().last().map_or("nothing".to_owned(), |ask| ask.line());
        format!("{}; its last request was {last}", run.ending())
    })
}

fn stays_modern(run: &Run) -> Outcome {
    let messages: Vec<_> = run.messages().collect();
    run.modern()?;
    let is_answered = |message: &Message<'_>| message.is_modern() && message.is_accepted();
    let Some(first) = messages.iter().position(is_answered) else {
        return Err(run.never("a request of 2026-07-28 that the server answers"));
    };
    match messages[first..].iter().find(|message| message.method() == "initialize") {
        None => Ok(()),
        Some(_) => Err(Violation::new("requests of 2026-07-28 alone", "initialize").into()),
    }
}

fn falls_back_everywhere(runs: &[&Run]) -> Outcome {
    let is_one = |run: &&&Run| run.scenario != LISTED && run.world.marked(REFUSED) > 0;
    let refused: Vec<&&Run> = runs.iter().filter(is_one).collect();
    let opens = |run: &Run| run.rpc("initialize").next().is_some();
    if refused.is_empty() {
        return Err(not_tested("the client does not begin with a request of 2026-07-28"));
    }
    if !runs.iter().any(|run| opens(run)) {
        return Err(not_tested("the client speaks no revision with initialize"));
    }
    match refused.iter().find(|run| !opens(run)) {
        None => Ok(()),
        Some(run) => {
            let observed = format!("none in {}, but in other scenarios", run.scenario);
            let violation = Violation::new("initialize after the refusal", observed);
            Err(violation.on(format!("{}: {}", run.scenario, run.case)).into())
        }
    }
}

fn picks_a_listed_one(runs: &[&Run]) -> Outcome {
    let refused = runs.iter().filter(|run| run.scenario == LISTED && run.world.marked(REFUSED) > 0);
    let asked = |run: &Run| {
        run.rpc("initialize").next().map(|ask| ask.json()["params"]["protocolVersion"].clone())
    };
    let mut any = false;
    for run in refused {
        any = true;
        let listed = run.case.as_array().cloned().unwrap_or_default();
        if let Some(asked) = asked(run) {
            let expected = format!("one of {}", run.case);
            ensure(listed.contains(&asked), expected, || asked.to_string())?;
            ensure(run.is_success(), "every step is done in it", || run.ending())?;
            continue;
        }
        ensure(!run.is_success(), "initialize, or an error", || run.ending())?;
        // What it knows is seen where it was not told.
        if let Some(known) = runs.iter().find_map(|run| asked(run)).filter(|it| listed.contains(it))
        {
            let observed = format!("no initialize, but one for {known} in other scenarios");
            let violation = Violation::new(format!("initialize for one of {}", run.case), observed);
            return Err(violation.on(format!("{}: {}", run.scenario, run.case)).into());
        }
    }
    if any {
        Ok(())
    } else {
        Err(not_tested("the client does not begin with a request of 2026-07-28"))
    }
}

fn does_not_fall_back(run: &Run) -> Outcome {
    run.reached(REFUSED)?;
    ensure(!run.is_success(), "an error", || run.ending())?;
    let messages: Vec<_> = run.messages().collect();
    let refused = messages.iter().position(|message| message.answer.status == 400);
    let after = messages.iter().skip(refused.map_or(0, |at| at + 1));
    match after.into_iter().find(|message| message.method() == "initialize") {
        None => Ok(()),
        Some(_) => Err(Violation::new("no initialize after that error", "initialize").into()),
    }
}
