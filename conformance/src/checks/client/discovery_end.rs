//! When a client stops to look for metadata, and what it does without.

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::discovery::{serve_resource_at_root, serve_server};
use super::{Area, HARDENING, near};
use crate::check::{lookout, mcp};
use crate::outcome::{Outcome, ensure};
use crate::peer::answer::Answer;
use crate::peer::ask::Ask;
use crate::peer::log::{Ending, What};
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Judge, On, Scenario, data, same};
use crate::peer::script::{Route, Script};

pub(super) const AREA: Area = Area { scenarios: SCENARIOS, checks: CHECKS };

/// Enough for every address that the texts name, each tried a few times.
const MOST_REQUESTS: usize = 20;

/// What libraries allow one chain of redirects, a few times.
const MOST_REDIRECTED: usize = 100;

/// How an address fails that has no document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Failure {
    NotFound,
    Page,
    Broken,
    Loop,
    Garbage,
    List,
    Nothing,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Case {
    /// The path of the issuer.
    path: String,
    resource: Failure,
    server: Failure,
}

fn failure() -> impl Strategy<Value = Failure> {
    use Failure::{Broken, Garbage, List, Loop, NotFound, Nothing, Page};
    prop::sample::select(vec![NotFound, Page, Broken, Loop, Garbage, List, Nothing])
}

impl Failure {
    /// What the address `ask` came to answers.
    pub(super) fn answer(self, ask: &Ask) -> Answer {
        match self {
            Self::NotFound => Answer::status(404),
            Self::Page => Answer::text(200, "text/html", "<!doctype html><title>Hello</title>"),
            Self::Broken => Answer::text(500, "text/plain", "internal error"),
            Self::Loop => Answer::redirect(302, ask.url.clone()),
            Self::Garbage => Answer::text(200, "application/json", "{\"issuer\": "),
            Self::List => Answer::text(200, "application/json", "[]"),
            Self::Nothing => Answer::text(200, "application/json", ""),
        }
    }
}

const SCENARIOS: &[Scenario] = &[
    Scenario {
        id: "discovery/failing",
        title: "Each document is at the second address, and the first address fails in some way.",
        inputs: || {
            data((near::path(), failure(), failure()).prop_map(|(path, resource, server)| Case {
                path,
                resource,
                server,
            }))
        },
        runs: 1,
        script: failing,
    },
    Scenario {
        id: "discovery/no-server",
        title: "There is no metadata of the authorization server.",
        inputs: same,
        runs: 1,
        script: |_| missing(Route::ServerMetadata),
    },
    Scenario {
        id: "discovery/no-resource",
        title: "There is no metadata of the resource.",
        inputs: same,
        runs: 1,
        script: |_| missing(Route::ResourceMetadata),
    },
];

const CHECKS: &[ClientCheck] = &[
    ClientCheck {
        id: "discovery/ends",
        level: HARDENING,
        clause: lookout("discovery ends by itself, after a bounded number of requests"),
        claim: "Whatever the well-known addresses answer, discovery ends by itself after a few \
                requests.",
        on: On::Only(&["discovery/failing", "discovery/no-server", "discovery/no-resource"]),
        judge: Judge::Each(ends),
    },
    ClientCheck {
        id: "discovery/no-guess",
        level: HARDENING,
        clause: mcp("basic/authorization/authorization-server-discovery#sequence-diagram"),
        claim: "Without metadata of the authorization server nothing is sent to a guessed endpoint.",
        on: On::Only(&["discovery/no-server", "discovery/no-resource"]),
        judge: Judge::Each(guesses_nothing),
    },
];

fn failing(case: &Value) -> Script {
    let fallback = Failure::NotFound;
    let read = serde_json::from_value(case.clone());
    let case = read.unwrap_or(Case { path: "/a".to_owned(), resource: fallback, server: fallback });
    Script::honest()
        .set(|setting| {
            setting.issuer_path = case.path;
            setting.names_metadata = false;
        })
        .instead(move |ask, world| serve_resource_at_root(ask, world, case.resource))
        .instead(move |ask, world| serve_server(ask, world, 1, case.server))
        .on(Route::ResourceMetadata, |_, world, _| {
            world.mark("discovery");
        })
}

fn missing(route: Route) -> Script {
    Script::honest().instead(move |ask, world| {
        let is_server = world.route(ask) == Route::ServerMetadata;
        // A resource without metadata of its own is no authorization server either.
        (is_server || world.route(ask) == route).then(|| {
            world.mark("discovery");
            Answer::status(404)
        })
    })
}

fn ends(run: &Run) -> Outcome {
    run.reached("discovery")?;
    let is_metadata = |ask: &Ask| {
        let route = run.world.route(ask);
        matches!(route, Route::ResourceMetadata | Route::ServerMetadata)
            || (route == Route::Elsewhere && ask.method == "GET")
    };
    let mut redirected = 0;
    let mut count = 0;
    let mut from: Option<&str> = None;
    for (ask, answer, _) in run.exchanges().filter(|(ask, ..)| is_metadata(ask)) {
        if from == Some(&ask.url) {
            redirected += 1;
        } else {
            count += 1;
        }
        from = answer.header("location").map(|_| ask.url.as_str());
    }
    ensure(
        count <= MOST_REQUESTS && redirected <= MOST_REDIRECTED,
        format!("at most {MOST_REQUESTS} requests for metadata, and few redirects"),
        || format!("{count} requests for metadata, and {redirected} redirects followed"),
    )?;
    let how = run.exit().map(|exit| exit.how);
    ensure(how == Some(Ending::Itself), "the client ends by itself", || {
        run.exit().map(ToString::to_string).unwrap_or_default()
    })
}

fn guesses_nothing(run: &Run) -> Outcome {
    run.reached("discovery")?;
    let mut posted =
        run.asks().filter(|ask| ask.method == "POST" && run.world.route(ask) != Route::Mcp);
    let guess = posted.next();
    ensure(guess.is_none(), "no request to an endpoint that no metadata names", || {
        guess.map(Ask::line).unwrap_or_default()
    })?;
    let opened = run.log.iter().any(|happened| matches!(happened.what, What::Opened(_)));
    ensure(!opened, "no browser is opened", || {
        let address = run.opened().next().and_then(<[String]>::first);
        format!("the browser is sent to {}", address.map_or("nothing", String::as_str))
    })
}
