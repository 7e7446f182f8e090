//! The pages: all scenarios, and one of them.
//!
//! What a client sent is escaped by the templates, characters that do not show themselves are
//! written out over the whole document, and the policy of the page runs no script but its own.

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::open::{Current, Judged, OpenScenario};
use super::{Approval, House, words};
use crate::peer::evidence;
use crate::peer::scenario::On;
use crate::report::html::{Tally, name, tallies, word};
use crate::report::visible::visible;
use crate::report::{CheckReport, Verdict};
use crate::transcript::Exchange;

const STYLE: &str =
    concat!(include_str!("../../templates/report.css"), include_str!("../../templates/serve.css"));
const SCRIPT: &str = include_str!("../../templates/serve.js");

#[derive(Template)]
#[template(path = "serve_index.html")]
struct Index<'a> {
    style: &'static str,
    script: &'static str,
    version: &'static str,
    public: Option<&'a str>,
    asks: bool,
    areas: Vec<Area<'a>>,
    visited: usize,
    count: usize,
    tallies: Vec<Tally>,
}

struct Area<'a> {
    name: &'a str,
    scenarios: Vec<Line<'a>>,
}

/// One scenario on the index.
struct Line<'a> {
    id: &'a str,
    title: &'a str,
    url: String,
    closed: Option<&'static str>,
    state: State,
}

/// What a scenario has come to, in a few words.
struct State {
    class: &'static str,
    words: String,
}

/// The page with all scenarios, and its policy.
pub(super) fn index(house: &House) -> (String, String) {
    let report = house.report();
    let mut areas: Vec<Area<'_>> = Vec::new();
    let mut visited = 0;
    for open in &house.scenarios {
        let (current, judged) = (open.current(), open.judged());
        visited += usize::from(judged.is_visited());
        let name = open.scenario.id.split('/').next().unwrap_or_default();
        let line = Line {
            id: open.scenario.id,
            title: open.scenario.title,
            url: current.stage.world().endpoint(),
            closed: current.closed,
            state: state(house, &judged),
        };
        match areas.iter_mut().find(|area| area.name == name) {
            Some(area) => area.scenarios.push(line),
            None => areas.push(Area { name, scenarios: vec![line] }),
        }
    }
    let page = Index {
        style: STYLE,
        script: SCRIPT,
        version: env!("CARGO_PKG_VERSION"),
        public: house.public.as_ref().map(|public| public.origin.as_str()),
        asks: house.approval == Approval::Click,
        areas,
        visited,
        count: house.scenarios.len(),
        tallies: tallies(&report),
    };
    finished(&page)
}

/// The scenarios as data.
pub(super) fn list(house: &House) -> Value {
    let entry = |open: &OpenScenario| {
        let (current, judged) = (open.current(), open.judged());
        let mut entry = json!({
            "id": open.scenario.id,
            "title": open.scenario.title,
            "url": current.stage.world().endpoint(),
            "number": current.number,
            "task": { "steps": current.steps },
            "requests": judged.requests,
        });
        if let Some(reason) = current.closed {
            entry["url"] = Value::Null;
            entry["closed"] = reason.into();
        }
        entry
    };
    house.scenarios.iter().map(entry).collect()
}

fn state(house: &House, judged: &Judged) -> State {
    let requests = match judged.requests {
        0 if !judged.is_visited() => {
            return State { class: "not-tested", words: "nothing arrived yet".to_owned() };
        }
        1 => "1 request".to_owned(),
        more => format!("{more} requests"),
    };
    let so_far = verdicts(&house.checks(judged).iter().collect::<Vec<_>>());
    State { words: format!("{requests}, {}", so_far.words), ..so_far }
}

/// What these checks come to together.
fn verdicts(checks: &[&CheckReport]) -> State {
    let count = |verdict| checks.iter().filter(|check| check.verdict == verdict).count();
    let [failed, warned, passed] = [Verdict::Fail, Verdict::Warn, Verdict::Pass].map(count);
    let (class, words) = match (failed, warned, passed) {
        (0, 0, 0) => ("not-tested", "no verdict yet".to_owned()),
        (0, 0, passed) => ("pass", format!("{passed} passed")),
        (0, warned, _) => ("warn", format!("{warned} warned")),
        (failed, ..) => ("fail", format!("{failed} failed")),
    };
    State { class, words }
}

#[derive(Template)]
#[template(path = "serve_scenario.html")]
struct Page<'a> {
    style: &'static str,
    script: &'static str,
    id: &'a str,
    area: &'a str,
    title: &'a str,
    url: String,
    closed: Option<&'static str>,
    known: Option<(String, String)>,
    todo: Vec<String>,
    notes: Vec<String>,
    number: u32,
    input: Vec<(String, String)>,
    /// How often the client was started, and how often it is to be.
    started: usize,
    starts: usize,
    waiting: usize,
    wants_kill: bool,
    /// Claims about this scenario, then those about whatever happens.
    groups: Vec<Group<'a>>,
    exchanges: Vec<Numbered<'a>>,
    earlier: usize,
}

struct Group<'a> {
    id: &'static str,
    title: &'static str,
    state: State,
    is_open: bool,
    entries: Vec<Entry<'a>>,
}

struct Entry<'a> {
    check: &'a CheckReport,
    verdict: &'static str,
    word: &'static str,
    level: &'static str,
}

/// An exchange with its number, counted from the start of the scenario.
struct Numbered<'a> {
    number: usize,
    exchange: &'a Exchange,
}

/// The page of one scenario, and its policy.
pub(super) fn scenario(house: &House, open: &OpenScenario) -> (String, String) {
    let (current, judged) = (open.current(), open.judged());
    let redact = |text: &str| evidence::redact(&judged.run, text);
    let (own, every): (Vec<&CheckReport>, Vec<&CheckReport>) =
        house.checks(&judged).iter().partition(|check| is_own(house, &check.id));
    let is_open = matches!(verdicts(&every).class, "fail" | "warn");
    let groups = [
        group("own", "Claims about this scenario", own, true),
        group("every", "Claims about whatever happens", every, is_open),
    ];
    let shown = judged.exchanges();
    let earlier = judged.happened().saturating_sub(shown.len());
    let numbered = |(at, exchange)| Numbered { number: earlier + at + 1, exchange };
    let page = Page {
        style: STYLE,
        script: SCRIPT,
        id: open.scenario.id,
        area: open.scenario.id.split('/').next().unwrap_or_default(),
        title: open.scenario.title,
        url: current.stage.world().endpoint(),
        closed: current.closed,
        known: words::known_client(&current),
        todo: words::todo(house, &current),
        notes: words::notes(house, &current),
        number: current.number + 1,
        input: words::input(&current.case)
            .into_iter()
            .map(|(name, text)| (redact(&name), redact(&text)))
            .collect(),
        started: started(&current),
        starts: current.starts,
        waiting: current.stage.waiting(),
        wants_kill: current.stage.wants_kill(),
        groups: groups.into_iter().filter(|group| !group.entries.is_empty()).collect(),
        exchanges: shown.iter().enumerate().map(numbered).rev().collect(),
        earlier,
    };
    finished(&page)
}

fn group<'a>(
    id: &'static str,
    title: &'static str,
    checks: Vec<&'a CheckReport>,
    is_open: bool,
) -> Group<'a> {
    let state = verdicts(&checks);
    Group { id, title, state, is_open, entries: checks.into_iter().map(entry).collect() }
}

fn is_own(house: &House, id: &str) -> bool {
    let check = house.checks.iter().find(|check| check.id == id);
    check.is_some_and(|check| matches!(check.on, On::Only(_)))
}

fn started(current: &Current) -> usize {
    if current.starts > 1 { current.started() } else { 1 }
}

fn entry(check: &CheckReport) -> Entry<'_> {
    Entry {
        check,
        verdict: name(check.verdict),
        word: word(check.verdict),
        level: check.level.word(),
    }
}

/// The document, and a policy that allows its own style and script and nothing else.
fn finished(page: &impl Template) -> (String, String) {
    let text = page.render().expect("writing to a string does not fail");
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        digest(STYLE),
        digest(SCRIPT)
    );
    (visible(&text).into_owned(), policy)
}
