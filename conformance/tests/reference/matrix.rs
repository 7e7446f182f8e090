//! Which checks fail a faulty server, how soon, and on how small an input.

use std::time::Duration;

use lookout_conformance::report::{CheckReport, Report, Verdict};
use lookout_conformance::{Options, run};
use lookout_server::danger::Fault;

use crate::server::Server;

/// One check that failed on a faulty server.
#[derive(Clone, Debug)]
#[allow(
    dead_code,
    reason = "the test of the matrix needs the ids alone, the measurement all of it"
)]
pub(crate) struct Kill {
    pub(crate) id: String,
    /// How long the check took until it had its counterexample, shrinking included.
    pub(crate) milliseconds: u64,
    /// Characters of the shrunk input, when the input was generated.
    pub(crate) input: Option<usize>,
}

/// What only shows when codes and tokens expire soon.
const EXPIRY: [&str; 3] = ["code/expiry", "bearer/lifetime", "bearer/expiry"];

/// Whether a race decides the check: it may miss a fault that it caught the time before.
pub(crate) fn is_a_race(id: &str) -> bool {
    id.starts_with("concurrent/") || id.contains("concurrent") || id == "revocation/immediate"
}

fn options(only: Vec<String>) -> Options {
    // Few cases: a fault that needs luck to be caught should be caught by the fixed seed.
    Options {
        cases: 2,
        shrink_tries: 2,
        threads: 1,
        strict: true,
        tidy: false,
        only,
        ..Options::default()
    }
}

/// The checks that `fault` fails, of those named in `only`, or of all when it is empty.
pub(crate) fn kills(fault: &Fault, only: &[String]) -> Vec<Kill> {
    let is_late = |id: &String| EXPIRY.contains(&id.as_str());
    let soon: Vec<String> = only.iter().filter(|id| !is_late(id)).cloned().collect();
    let mut kills = Vec::new();
    if only.is_empty() || !soon.is_empty() {
        let server = Server::start(Some(fault), |_| {});
        kills.extend(failed(&run(&server.target(), &options(soon)).expect("a usable target")));
    }
    let shows_late = ["-immortal", "-short-lived"].iter().any(|end| fault.name.ends_with(end));
    if shows_late && (only.is_empty() || only.iter().any(is_late)) {
        kills.extend(failed(&run_late(fault)));
    }
    kills
}

fn run_late(fault: &Fault) -> Report {
    let server = Server::start(Some(fault), |settings| {
        settings.lifetimes.code = 2;
        settings.lifetimes.access = 3;
    });
    let mut target = server.target();
    target.code_lifetime = Some(Duration::from_secs(2));
    let only = EXPIRY.map(str::to_owned).to_vec();
    let report = run(&target, &Options { threads: 3, ..options(only) }).expect("a usable target");
    assert_eq!(report.with(Verdict::NotTested).count(), 0, "expiry is tested");
    report
}

fn failed(report: &Report) -> Vec<Kill> {
    report.failures().map(kill).collect()
}

fn kill(check: &CheckReport) -> Kill {
    let input = check.counterexample.as_ref().and_then(|found| found.input.as_ref());
    Kill {
        id: check.id.clone(),
        milliseconds: check.duration_ms,
        input: input.map(|input| input.chars().count()),
    }
}
