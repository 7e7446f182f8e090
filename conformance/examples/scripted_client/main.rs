//! A small MCP client that does everything right, and of which much can be made wrong by name.
//!
//! It measures the harness: `lookout-conformance client -- scripted_client --fault NAME {url}` has
//! to find each fault, and nothing wrong without one. It is also the shortest complete example of
//! what `lookout-conformance client` expects of a client. It shares no code with the harness, so
//! that both cannot be wrong in the same way.
//!
//! `scripted_client [--fault NAME]… [--document URL] [--notes FILE] [URL]`, and `--fault list` for
//! the names. The document is the client's metadata, as its identifier where servers read such.
//! With `--notes`, the faults that would have made a difference are appended to a file.

#![expect(clippy::print_stdout, reason = "this is a command")]

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;

mod address;
mod authorize;
mod browser;
mod callback;
mod challenge;
mod clock;
mod discovery;
mod era;
mod events;
mod failure;
mod faults;
mod flow;
mod header;

mod mcp;
mod refresh;
mod registration;
mod session;
mod sign_out;
mod store;
mod strict;
mod task;
mod token;
mod tools;
mod transport;
mod web;

use address::Reach;
use failure::{Failure, Outcome, fail};
use faults::{Fault, has};
use registration::{Given, Identity};
use session::Session;
use store::Store;
use task::End;
use web::Web;

/// How long one step may take, a person's time included.
const STEP_TIME: Duration = Duration::from_secs(14);

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("scripted_client: {failure}");
            if has(Fault::FailureExitsWithZero) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
    }
}

fn run() -> Outcome<()> {
    let mut words = env::args().skip(1);
    let mut url = None;
    let mut names = Vec::new();
    let mut document = None;
    while let Some(word) = words.next() {
        match word.as_str() {
            "--fault" => names.extend(words.next()),
            "--document" => document = words.next(),
            "--notes" => words.next().into_iter().for_each(faults::note_to),
            _ => url = Some(word),
        }
    }
    if names.iter().any(|name| name == "list") {
        print!("{}", faults::list());
        return Ok(());
    }
    faults::switch_on(&names)?;
    let Some(url) = url.or_else(|| variable("URL")) else {
        return fail("usage: scripted_client [--fault NAME]… URL");
    };
    let endpoint = address::endpoint(&url)?;
    let task =
        variable("TASK").unwrap_or_else(|| json!({"steps": [{"do": "list-tools"}]}).to_string());
    let task = serde_json::from_str(&task)
        .map_err(|error| Failure::new(format!("the task is no JSON: {error}")))?;
    let patience = variable("PATIENCE").and_then(|text| text.parse().ok());
    let patience = patience.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let patience = patience.unwrap_or(Duration::from_mins(2));
    // A person at a real browser gets the time that they need.
    let is_measured = variable("SCENARIO").is_some();
    let step_time = if is_measured { STEP_TIME } else { STEP_TIME + patience };
    let given = variable("CLIENT_ID").zip(variable("ISSUER"));
    let given = given.map(|(client_id, issuer)| Given { client_id, issuer });
    let session = Session::new(
        Web::new(Reach::of(&endpoint)),
        endpoint,
        Store::new(variable("STORE").map(PathBuf::from)),
        Identity { given, document },
        patience,
    );
    match task::run(session, &task, step_time)? {
        End::Done => Ok(()),
        End::Unsupported(name) => {
            eprintln!("unsupported: {name}");
            Ok(())
        }
    }
}

fn variable(name: &str) -> Option<String> {
    env::var(format!("LOOKOUT_CONFORMANCE_{name}")).ok().filter(|value| !value.is_empty())
}
