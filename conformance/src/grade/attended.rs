//! Runs of a client that a person drives: nobody sees how its process ends, what it writes, what it
//! keeps or what it hands to the browser.
//!
//! A judge reads such a run as it reads any other, so it would find nothing in the output of a
//! client whose output nobody has. Therefore every run is judged with several ends that it may have
//! had, and what depends on them is not tested.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::peer::answer::Body;
use crate::peer::launch::Output;
use crate::peer::log::{Ending, Exit, Happened, What};
use crate::peer::run::{Kept, Run};
use crate::peer::stage::Stage;

/// What happened on `stage` so far.
pub(crate) fn run(scenario: &'static str, number: u32, case: &Value, stage: &Stage) -> Run {
    let (log, world) = stage.snapshot();
    let case = case.clone();
    let (exits, outputs, files) = (Vec::new(), Vec::new(), Vec::new());
    let duration = log.last().map_or(Duration::ZERO, |happened| happened.at);
    Run { scenario, number, duration, case, log, world, exits, outputs, files }
}

/// `run` with ends that it may have had.
pub(crate) fn supposed(run: &Run) -> Vec<Run> {
    let ends = [(Ending::Itself, Some(0)), (Ending::Itself, Some(1)), (Ending::Quiet, None)];
    let mut supposed: Vec<Run> = ends
        .into_iter()
        .map(|(how, code)| {
            let exit = Exit { how, code };
            let mut ended = run.clone();
            ended.log.push(happened(run, What::Ended));
            Run { exits: vec![exit], outputs: vec![Output::default()], ..ended }
        })
        .collect();
    supposed.push(careless(run));
    supposed
}

/// The client wrote every secret that it was given, kept them for everybody to read, and opened
/// whatever address it was told.
fn careless(run: &Run) -> Run {
    let secrets: Vec<&str> = run.world.secrets.iter().map(|(_, value)| value.as_str()).collect();
    let bytes = secrets.join("\n").into_bytes();
    let mut ended = run.clone();
    for address in addresses(run) {
        ended.log.push(happened(run, What::Opened(vec![address])));
    }
    let exit = Exit { how: Ending::Itself, code: Some(0) };
    ended.log.push(happened(run, What::Ended));
    Run {
        exits: vec![exit],
        outputs: vec![Output { stdout: bytes.clone(), stderr: bytes.clone() }],
        files: vec![Kept { name: "credentials".to_owned(), mode: Some(0o666), bytes }],
        ..ended
    }
}

/// Everything that a client may have taken for an address to open.
fn addresses(run: &Run) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(&run.case, &mut found);
    for (_, answer, _) in run.exchanges() {
        if let Body::Whole(bytes) = &answer.body
            && let Ok(body) = serde_json::from_slice::<Value>(bytes)
            && let Some(address) = body.get("authorization_endpoint").and_then(Value::as_str)
        {
            found.insert(address.to_owned());
        }
    }
    found
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            found.insert(text.clone());
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        Value::Object(members) => members.values().for_each(|value| collect(value, found)),
        _ => {}
    }
}

fn happened(run: &Run, what: What) -> Happened {
    Happened { at: run.log.last().map_or(Duration::ZERO, |last| last.at), what }
}
