//! Lists in pages, and how long they may be kept.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Area, HARDENING, MUST, SHOULD};
use crate::check::mcp;
use crate::outcome::{Outcome, Violation, ensure};
use crate::peer::ask::Ask;
use crate::peer::honest::mcp::is_modern;
use crate::peer::message::Message;
use crate::peer::offer::tool;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data, same};
use crate::peer::script::{Script, call_with, list_tools};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

const LAST: &str = "on_the_last_page";
const PAGED: &str = "the first page of a list";
const WHOLE: &str = "the last page of the list";
/// A list that comes round again is longer than any client should read.
const MOST: usize = 100;

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "paging/cursors",
        title: "The tools come in pages with odd cursors, for this token alone, and then the token \
                ends.",
        inputs: || {
            let odd = prop_oneof![
                "[!-~]{8,24}",
                "[a-z]{2,5}/\\+=%&?#\"\\\\[a-z]{2,5}",
                "[äöü日本☃]{3,9}",
            ];
            let padded = prop_oneof![" [a-z]{4,8} ", "[a-z]{4,8}  ", "\t[a-z]{4,8}"];
            data((odd, padded))
        },
        runs: 1,
        script: |case| {
            let cursors = case.as_array().cloned().unwrap_or_default();
            Script::honest()
                .task([list_tools(), call_with(LAST, &json!({})), list_tools()])
                .offering(vec![tool(LAST)])
                .on_rpc("tools/list", move |ask, world, answer| {
                    world.mark(PAGED);
                    let pages = pages(&cursors, ask);
                    let asked = ask.json()["params"]["cursor"].clone();
                    let found = pages.iter().position(|page| *page == asked);
                    let number = found.unwrap_or_default();
                    answer.change(|message| page(message, number, pages.get(number + 1)));
                    if number + 1 == pages.len() && world.mark(WHOLE) == 1 {
                        world.expire_access();
                    }
                })
        },
    },
    Scenario {
        id: "paging/circle",
        title: "The pages of a list come round again.",
        inputs: same,
        runs: 1,
        script: |_| {
            Script::honest().task([list_tools()]).on_rpc("tools/list", |_, world, answer| {
                let number = world.mark(PAGED);
                let next = json!(["one", "two"][number % 2]);
                answer.change(|message| page(message, 1, Some(&next).filter(|_| number < MOST)));
            })
        },
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "paging/cursor",
        level: MUST,
        clause: mcp("server/utilities/pagination#implementation-guidelines"),
        claim: "Every cursor that a client sends is one that it was given, unchanged.",
        on: On::Only(&["paging/cursors"]),
        judge: Judge::Each(cursors_are_unchanged),
    },
    ClientCheck {
        id: "paging/empty-cursor",
        level: MUST,
        clause: mcp("server/utilities/pagination#implementation-guidelines"),
        claim: "An empty cursor does not end a list.",
        on: On::Only(&["paging/cursors"]),
        judge: Judge::Each(empty_does_not_end),
    },
    ClientCheck {
        id: "paging/whole",
        level: SHOULD,
        clause: mcp("server/utilities/pagination#implementation-guidelines"),
        claim: "A client asks for the next page while there is one.",
        on: On::Only(&["paging/cursors"]),
        judge: Judge::Each(goes_on_to_the_next),
    },
    ClientCheck {
        id: "paging/end",
        level: SHOULD,
        clause: mcp("server/utilities/pagination#implementation-guidelines"),
        claim: "A page without a cursor ends the list.",
        on: On::Only(&["paging/cursors"]),
        judge: Judge::Each(ends_at_the_end),
    },
    ClientCheck {
        id: "paging/circle",
        level: HARDENING,
        clause: mcp("server/utilities/pagination#pagination-flow"),
        claim: "A client does not read a list that comes round again without end.",
        on: On::Only(&["paging/circle"]),
        judge: Judge::Each(leaves_the_circle),
    },
    ClientCheck {
        id: "paging/private",
        level: MUST,
        clause: mcp("server/utilities/caching#cache-scope-field"),
        claim: "A private list is asked for anew when the access token is another.",
        on: On::Only(&["paging/cursors"]),
        judge: Judge::Each(lists_again_with_a_new_token),
    },
];

/// The cursors of all pages, the first of which has none. That an empty one is one is said in
/// 2026-07-28 alone.
fn pages(cursors: &[Value], ask: &Ask) -> Vec<Value> {
    let mut pages = vec![Value::Null];
    pages.extend(cursors.first().cloned());
    if is_modern(ask) {
        pages.push(json!(""));
    }
    pages.extend(cursors.iter().skip(1).cloned());
    pages
}

/// One page of the list: some tools of the catalogue are on the first, the scenario's on the last.
/// Not all of them, because the log keeps no answer that long.
fn page(message: &mut Value, number: usize, next: Option<&Value>) {
    let result = &mut message["result"];
    if let Some(tools) = result["tools"].as_array_mut() {
        let mut left = if number == 0 { 3 } else { 0 };
        tools.retain(|tool| {
            if tool["name"] == LAST {
                return next.is_none();
            }
            left -= 1;
            left >= 0
        });
    }
    if result.get("ttlMs").is_some() {
        result["ttlMs"] = json!(3_600_000);
    }
    if let Some(next) = next {
        result["nextCursor"] = next.clone();
    }
}

fn lists(run: &Run) -> Outcome<Vec<Message<'_>>> {
    run.reached(PAGED)?;
    let is_one = |message: &Message<'_>| message.method() == "tools/list" && message.is_accepted();
    Ok(run.messages().filter(is_one).collect())
}

fn cursors_are_unchanged(run: &Run) -> Outcome {
    let mut any = false;
    for list in lists(run)? {
        let Some(cursor) = list.body["params"].get("cursor").filter(|it| !it.is_null()) else {
            continue;
        };
        any = true;
        let cursors = run.case.as_array().cloned().unwrap_or_default();
        ensure(pages(&cursors, list.ask).contains(cursor), "a cursor that was given", || {
            cursor.to_string()
        })?;
    }
    if any { Ok(()) } else { Err(run.never("the second page of a list")) }
}

/// The cursor that the answer to `list` had; null on the last page.
fn next(run: &Run, list: &Message<'_>) -> Value {
    let cursors = run.case.as_array().cloned().unwrap_or_default();
    let pages = pages(&cursors, list.ask);
    let asked = list.body["params"]["cursor"].clone();
    let number = pages.iter().position(|page| *page == asked).unwrap_or_default();
    pages.get(number + 1).cloned().unwrap_or_default()
}

fn empty_does_not_end(run: &Run) -> Outcome {
    run.modern()?;
    let lists = lists(run)?;
    let Some(empty) = lists.iter().position(|list| next(run, list) == "") else {
        return Err(run.never("a page with an empty cursor"));
    };
    let followed = lists[empty + 1..].iter().any(|list| list.body["params"]["cursor"] == "");
    ensure(followed, "a request with the empty cursor", || run.ending())
}

fn goes_on_to_the_next(run: &Run) -> Outcome {
    let lists = lists(run)?;
    let Some(first) = lists.iter().find(|list| next(run, list).is_string()) else {
        return Err(run.never(PAGED));
    };
    let wanted = next(run, first);
    let followed = lists.iter().any(|list| list.body["params"].get("cursor").is_some());
    ensure(followed, format!("a request with the cursor {wanted}"), || run.ending())
}

fn ends_at_the_end(run: &Run) -> Outcome {
    run.reached(WHOLE)?;
    let lists = lists(run)?;
    let last = lists.iter().position(|list| next(run, list).is_null()).unwrap_or_default();
    // What follows begins the list anew.
    match lists.get(last + 1).filter(|list| list.body["params"].get("cursor").is_some()) {
        None => Ok(()),
        Some(list) => {
            let cursor = list.body["params"]["cursor"].to_string();
            Err(Violation::new("no cursor after the last page", cursor).into())
        }
    }
}

fn leaves_the_circle(run: &Run) -> Outcome {
    run.reached(PAGED)?;
    let read = run.world.marked(PAGED);
    ensure(read < MOST, format!("an end before the page {MOST}"), || format!("{read} pages read"))
}

fn lists_again_with_a_new_token(run: &Run) -> Outcome {
    run.modern()?;
    run.reached(WHOLE)?;
    if !run.is_success() {
        return Err(run.never("the second list, with another token"));
    }
    let lists = lists(run)?;
    let tokens: Vec<Option<&str>> = lists.iter().map(|list| list.ask.bearer()).collect();
    let called = run.calls(LAST)?;
    let new = called.last().and_then(|call| call.ask.bearer());
    if tokens.first().copied().flatten() == new {
        return Err(run.never("a call with a new token"));
    }
    ensure(tokens.contains(&new), "tools/list with the new token", || {
        "none: the list of the old token was used".to_owned()
    })
}
