//! One grading of a client: perform the scenarios, then judge what happened.

pub(crate) mod attended;
mod judge;

use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use thiserror::Error;
use tokio::runtime::Runtime;

pub(crate) use judge::{Seen, guarded, judge};

pub use crate::peer::launch::Launch;
pub use crate::peer::scenario::{ClientCheck, Scenario};
pub use crate::peer::stage::admit::Approval;

use crate::checks::UnknownName;
use crate::checks::client;
use crate::peer::run::Run;
use crate::peer::scenario::{On, draw, perform};
use crate::report::coverage::coverage;
use crate::report::{CheckReport, Report, Subject};
use crate::run::{milliseconds, now};

/// How a client is graded.
#[derive(Clone, Debug)]
pub struct GradeOptions {
    /// Where all generated input comes from. The same seed gives the same inputs.
    pub seed: u64,
    /// How many inputs each scenario that has any is run on; what suits each when unset.
    pub cases: Option<u32>,
    /// How many smaller inputs are tried for each counterexample.
    pub shrink_tries: u32,
    /// Ids and areas of checks; empty means all.
    pub only: Vec<String>,
    /// Ids and areas of scenarios; empty means those that the checks are about.
    pub scenarios: Vec<String>,
    /// Whether a SHOULD or a hardening claim that does not hold is a failure.
    pub strict: bool,
    /// How many clients run at once.
    pub jobs: usize,
}

impl Default for GradeOptions {
    fn default() -> Self {
        Self {
            seed: 1,
            cases: None,
            shrink_tries: 3,
            only: Vec::new(),
            scenarios: Vec::new(),
            strict: false,
            jobs: 4,
        }
    }
}

/// Why there is no report.
#[derive(Debug, Error)]
pub enum GradeError {
    /// A name selects no check and no area.
    #[error(transparent)]
    UnknownName(#[from] UnknownName),
    /// The client's program cannot be started.
    #[error("cannot start {program}: {cause}")]
    Start {
        /// The program as it was given.
        program: String,
        /// What the system said.
        cause: io::Error,
    },
    /// No free port, or no thread to be had.
    #[error("cannot open the servers of a scenario: {0}")]
    Servers(io::Error),
}

/// A scenario that was performed once, and how it went.
#[derive(Clone, Debug)]
pub struct Performed {
    /// The scenario.
    pub scenario: &'static str,
    /// How the client ended, for people.
    pub ending: String,
    /// How many requests it sent.
    pub requests: usize,
    /// How long it took.
    pub duration: Duration,
}

/// Performs the scenarios that the selected checks need, calls `progress` after each, and judges.
///
/// ```no_run
/// use std::time::Duration;
/// use lookout_conformance::{GradeOptions, Launch, grade};
///
/// let client = Launch::new(["./my-client", "{url}"]);
/// let report = grade(&client, &GradeOptions::default(), &|_| ())?;
/// assert_eq!(report.failures().count(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// When a selected name is unknown, the client cannot be started, or no port can be had. A client
/// that does not conform is no error: that is what the report says.
pub fn grade(
    client: &Launch,
    options: &GradeOptions,
    progress: &(dyn Fn(&Performed) + Sync),
) -> Result<Report, GradeError> {
    let (begun, started) = (Instant::now(), now());
    let checks = client::select(&options.only)?;
    let scenarios = client::scenarios(&checks, &options.scenarios)?;
    let runtime = runtime()?;
    let mut jobs = Vec::new();
    for scenario in scenarios {
        for number in 0..runs_of(scenario, options) {
            jobs.push((scenario, number));
        }
    }
    let performing = Performing { client, options, runtime: &runtime };
    let runs = performing.all(&jobs, progress)?;
    let reports: Vec<CheckReport> =
        checks.iter().map(|check| performing.judge(check, &runs)).collect();
    let performed: Vec<&Run> = runs.iter().collect();
    Ok(report_on(client.display(), options, (begun, started), &performed, reports))
}

/// The report on what was found in `runs`.
pub(crate) fn report_on(
    target: String,
    options: &GradeOptions,
    (begun, started): (Instant, String),
    runs: &[&Run],
    checks: Vec<CheckReport>,
) -> Report {
    let requests = runs.iter().map(|run| run.asks().count()).sum::<usize>();
    Report {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        subject: Subject::Client,
        target,
        endpoint: String::new(),
        issuer: String::new(),
        catalogue: String::new(),
        seed: options.seed,
        cases: options.cases.unwrap_or(0),
        longest_sequence: 0,
        repeats: 0,
        quick: options.cases == Some(1),
        strict: options.strict,
        only: options.only.clone(),
        threads: options.jobs,
        started,
        duration_ms: milliseconds(begun),
        requests: requests as u64,
        rounds: 1,
        ended: None,
        authorization: None,
        left_behind: Vec::new(),
        baseline: None,
        profile: Vec::new(),
        coverage: coverage(client::all().map(|check| (check.id, check.clause)), &checks),
        scenarios: client::performed(runs),
        checks,
    }
}

/// Performs one scenario on a recorded input.
pub(crate) fn perform_again(
    client: &Launch,
    scenario: &'static Scenario,
    case: Value,
    seed: u64,
    number: u32,
) -> Result<Run, GradeError> {
    let options = GradeOptions { seed, ..GradeOptions::default() };
    let runtime = runtime()?;
    Performing { client, options: &options, runtime: &runtime }.perform_on(scenario, case, number)
}

/// How many runs of a scenario there are.
fn runs_of(scenario: &Scenario, options: &GradeOptions) -> u32 {
    // A scenario without inputs is run again only where chance is judged.
    match options.cases {
        Some(cases) if scenario.runs > 1 || scenario.has_inputs() => cases,
        _ => scenario.runs,
    }
}

pub(crate) fn runtime() -> Result<Runtime, GradeError> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(GradeError::Servers)
}

/// What a grading has at hand.
struct Performing<'a> {
    client: &'a Launch,
    options: &'a GradeOptions,
    runtime: &'a Runtime,
}

impl Performing<'_> {
    fn all(
        &self,
        jobs: &[(&'static Scenario, u32)],
        progress: &(dyn Fn(&Performed) + Sync),
    ) -> Result<Vec<Run>, GradeError> {
        let next = AtomicUsize::new(0);
        let done: Mutex<Vec<Option<Result<Run, GradeError>>>> =
            Mutex::new(jobs.iter().map(|_| None).collect());
        let one = |at: usize| {
            let Some((scenario, number)) = jobs.get(at) else { return false };
            let begun = Instant::now();
            let result = self.perform(scenario, *number);
            let mut goes_on = false;
            if let Ok(run) = &result {
                // A client that does nothing in the first scenario would do nothing in the others.
                // A connection that it ended for a good reason is something.
                let has_acted = run.asks().next().is_some() || !run.world.marks.is_empty();
                goes_on = at > 0 || has_acted;
                progress(&Performed {
                    scenario: scenario.id,
                    ending: run.exit().map(ToString::to_string).unwrap_or_default(),
                    requests: run.asks().count(),
                    duration: begun.elapsed(),
                });
            }
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done[at] = Some(result);
            if !goes_on {
                next.store(jobs.len(), Ordering::Relaxed);
            }
            goes_on
        };
        if !one(next.fetch_add(1, Ordering::Relaxed)) {
            let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
            return done.into_iter().flatten().collect();
        }
        thread::scope(|scope| {
            for _ in 0..self.options.jobs.max(1) {
                scope.spawn(|| while one(next.fetch_add(1, Ordering::Relaxed)) {});
            }
        });
        let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.into_iter().flatten().collect()
    }

    fn perform(&self, scenario: &'static Scenario, number: u32) -> Result<Run, GradeError> {
        let case = self.case(scenario, number)?;
        self.perform_on(scenario, case, number)
    }

    fn case(&self, scenario: &Scenario, number: u32) -> Result<Value, GradeError> {
        draw(scenario, self.options.seed, number)
            .map(|tree| tree.current())
            .map_err(|reason| GradeError::Servers(io::Error::other(reason)))
    }

    fn perform_on(
        &self,
        scenario: &'static Scenario,
        case: Value,
        number: u32,
    ) -> Result<Run, GradeError> {
        let purpose = format!("{} {} {number}", self.options.seed, scenario.id);
        let performed =
            perform(scenario, case, number, self.client, self.runtime.handle(), &purpose);
        performed.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => {
                let program = self.client.command.first();
                let program = program.map(|word| word.to_string_lossy().into_owned());
                GradeError::Start { program: program.unwrap_or_default(), cause: error }
            }
            _ => GradeError::Servers(error),
        })
    }
}

/// The scenarios that `checks` are about, by id.
pub(crate) fn wanted(checks: &[&'static ClientCheck]) -> BTreeSet<&'static str> {
    let only = checks.iter().filter_map(|check| match check.on {
        On::Every => None,
        On::Only(scenarios) => Some(scenarios),
    });
    only.flatten().copied().collect()
}
