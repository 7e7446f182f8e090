//! One run: survey the target, run the selected checks a few at a time, gather the report.
//!
//! Checks run side by side, but the report and the progress are in the order of the registry, and
//! nothing a check generates depends on which thread ran it.

mod rounds;
#[cfg(test)]
pub(crate) mod tests;

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use thiserror::Error;

pub use rounds::run_for;

use crate::check::{Check, Clause, Level};
use crate::checks::{self, UnknownName};
use crate::outcome::{Halt, Outcome, ProbeError};
use crate::probe::Probe;
use crate::probe::browser::Browser;
use crate::probe::calibrate::{calibrate, scope_choice, spent_revocation};
use crate::probe::http::Http;
use crate::probe::ownership;
use crate::probe::site::{Lack, Site, Unusable};
use crate::probe::survey::{learn_values, schemas, survey};
use crate::profile::Profile;
use crate::report::coverage::coverage;
use crate::report::{CheckReport, Counterexample, Report, Subject, Verdict};
use crate::target::{Options, Target};

/// Why there is no report.
#[derive(Debug, Error)]
pub enum RunError {
    /// A name in [`Options::only`] is no check and no area.
    #[error(transparent)]
    UnknownName(#[from] UnknownName),
    /// The target could not be exercised at all.
    #[error(transparent)]
    Unusable(#[from] Unusable),
}

/// Runs the selected checks against `target`.
///
/// # Errors
///
/// When a selected name is unknown or the target cannot be exercised at all. A target that does
/// not conform is no error: that is what the report says.
pub fn run(target: &Target, options: &Options) -> Result<Report, RunError> {
    run_with(target, options, &|_| ())
}

/// Runs the selected checks and calls `progress` after each, in the order of the registry.
///
/// # Errors
///
/// As for [`run`].
pub fn run_with(
    target: &Target,
    options: &Options,
    progress: &(dyn Fn(&CheckReport) + Sync),
) -> Result<Report, RunError> {
    Ok(run_checks(&checks::select(&options.only)?, target, options, progress)?)
}

fn run_checks(
    selected: &[&'static Check],
    target: &Target,
    options: &Options,
    progress: &(dyn Fn(&CheckReport) + Sync),
) -> Result<Report, Unusable> {
    let begun = Instant::now();
    let started = now();
    let http = Http::new(target, options.timeout);
    let browser = Browser::default();
    let (site, target) = explore(target, options, &http, &browser)?;
    let target = &target;

    let next = AtomicUsize::new(0);
    let done = Mutex::new(InOrder { reports: vec![None; selected.len()], shown: 0 });
    thread::scope(|scope| {
        let threads = target.limits.concurrency.unwrap_or(usize::MAX).min(options.threads);
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while let Some(check) = selected.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let probe =
                        Probe::new(check.id, target, options, &site, &browser, http.clone());
                    let report = judge(check, &probe, options.strict);
                    let position = selected.iter().position(|other| other.id == check.id);
                    let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                    done.insert(position.expect("the check came from this list"), report, progress);
                }
            });
        }
    });
    let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    let reports: Vec<CheckReport> = done.reports.into_iter().flatten().collect();
    Ok(Report {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        subject: Subject::Server,
        target: target.url.clone(),
        endpoint: site.endpoint.clone(),
        issuer: site.issuer,
        catalogue: target.catalogue.digest.clone(),
        seed: options.seed,
        cases: options.cases,
        longest_sequence: options.longest_sequence,
        repeats: options.repeats,
        quick: options.is_quick,
        strict: options.strict,
        only: options.only.clone(),
        threads: options.threads,
        started,
        duration_ms: milliseconds(begun),
        requests: http.sent(),
        rounds: 1,
        ended: None,
        authorization: target.ownership.as_ref().map(|owner| owner.authorization.clone()),
        left_behind: http.leftovers().list(),
        baseline: None,
        profile: site.profile.settings(),
        coverage: coverage(checks::all().map(|check| (check.id, check.clause)), &reports),
        scenarios: Vec::new(),
        checks: reports,
    })
}

/// Discovery, then the ordinary flow once, then a few calls to learn argument values. What the
/// target leaves to be found out is added to it.
pub(crate) fn explore(
    target: &Target,
    options: &Options,
    http: &Http,
    browser: &Browser,
) -> Result<(Site, Target), Unusable> {
    ownership::verify(http, target)?;
    let mut site = Site::discover(http, target)?;
    site.profile = Profile::assuming(&target.profile);
    let mut target = target.clone();
    if target.catalogue.scopes.is_empty() {
        target.catalogue.add_scopes(&site.published_scopes());
    }
    let probe = Probe::new("survey", &target, options, &site, browser, http.clone());
    let site = survey(&probe);
    probe.tidy();
    let probe = Probe::new("survey of schemas", &target, options, &site, browser, http.clone());
    let schemas = schemas(&probe);
    probe.tidy();
    target.catalogue.describe(&schemas);
    let probe = Probe::new("survey of tools", &target, options, &site, browser, http.clone());
    let learnt = learn_values(&probe);
    probe.tidy();
    // Without learnt values the samples are made up, which only makes tools answer with an error.
    let mut site = learnt.unwrap_or(site);
    let probe = Probe::new("calibration", &target, options, &site, browser, http.clone());
    let profile = calibrate(&probe);
    let choice = scope_choice(&probe);
    let spent_revocation = spent_revocation(&probe);
    probe.tidy();
    site.profile = profile;
    site.has_scope_boxes = choice.has_boxes;
    site.locked_scopes = choice.locked;
    site.spent_revocation = spent_revocation;
    Ok((site, target))
}

struct InOrder {
    reports: Vec<Option<CheckReport>>,
    shown: usize,
}

impl InOrder {
    fn insert(&mut self, at: usize, report: CheckReport, progress: &(dyn Fn(&CheckReport) + Sync)) {
        self.reports[at] = Some(report);
        while let Some(Some(report)) = self.reports.get(self.shown) {
            progress(report);
            self.shown += 1;
        }
    }
}

fn judge(check: &Check, probe: &Probe<'_>, strict: bool) -> CheckReport {
    let begun = Instant::now();
    let outcome = missing(check, probe).and_then(|()| guarded(check, probe));
    let duration_ms = milliseconds(begun);
    let is_evidence_needed = matches!(outcome, Err(Halt::Violation(_) | Halt::Probe(_)));
    let transcript = if is_evidence_needed { probe.evidence() } else { Vec::new() };
    probe.tidy();
    let (verdict, reason, counterexample) = conclude(check, outcome, probe, strict);
    CheckReport {
        id: check.id.to_owned(),
        level: check.level.into(),
        clause: check.clause.into(),
        claim: check.claim.to_owned(),
        verdict,
        expected: None,
        reason,
        counterexample,
        transcript,
        duration_ms,
    }
}

/// Runs the check. A panic in it is a fault of the harness, and must not cost the other checks their
/// report.
pub(crate) fn guarded(check: &Check, probe: &Probe<'_>) -> Outcome {
    // What the closure shares is the probe, whose locks outlive a panic, and it is dropped soon.
    panic::catch_unwind(AssertUnwindSafe(|| (check.run)(probe))).unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
        let observed = format!(
            "this is a fault of the harness and says nothing about the server; please report it: {}",
            text.unwrap_or("it panicked without a message")
        );
        Err(ProbeError::step(&format!("the check {}", check.id), observed).into())
    })
}

fn conclude(
    check: &Check,
    outcome: Outcome,
    probe: &Probe<'_>,
    strict: bool,
) -> (Verdict, Option<String>, Option<Counterexample>) {
    match outcome {
        Ok(()) => match probe.note() {
            Some(note) => (Verdict::Observed, Some(probe.redact(&note)), None),
            None => (Verdict::Pass, None, None),
        },
        Err(Halt::NotTested(reason)) => (Verdict::NotTested, Some(probe.redact(&reason)), None),
        Err(Halt::Probe(error)) => (Verdict::Error, Some(probe.redact(&error.to_string())), None),
        Err(Halt::Violation(violation)) => {
            let verdict = Verdict::of_violation(check.level, strict);
            let mut counterexample = Counterexample::from(probe.redact_violation(&violation));
            counterexample.trail = probe.trail();
            (verdict, None, Some(counterexample))
        }
    }
}

pub(crate) fn missing(check: &Check, probe: &Probe<'_>) -> Outcome {
    let is_promise = check.level == Level::Must && matches!(check.clause, Clause::Lookout(_));
    if is_promise && !probe.catalogue().is_lookouts() {
        let reason =
            "it is a promise of Lookout's documentation, and the tools are another server's";
        return Err(Halt::NotTested(reason.to_owned()));
    }
    for capability in check.needs {
        match probe.site().lacks.get(capability) {
            None => {}
            Some(Lack::NotOffered(reason)) => {
                return Err(Halt::NotTested(format!("it needs {capability}: {reason}")));
            }
            Some(Lack::Broken(reason)) => {
                let error = ProbeError::step(&capability.to_string(), reason);
                return Err(error.into());
            }
        }
    }
    Ok(())
}

pub(crate) fn now() -> String {
    let now = jiff::Timestamp::now();
    // Rounding fails only at the end of the calendar.
    now.round(jiff::Unit::Second).unwrap_or(now).to_string()
}

pub(crate) fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
