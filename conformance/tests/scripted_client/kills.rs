//! The scripted client as a process, and what the checks say of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use lookout_conformance::report::Report;
use lookout_conformance::{GradeOptions, Launch, grade};

/// A check that a fault fails, and the scenario that shows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Kill {
    pub(crate) check: String,
    pub(crate) scenario: String,
}

/// The program: an example, which a test of its own does not build.
pub(crate) static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(|deps| deps.parent()).unwrap();
    let program = folder.join("examples").join("scripted_client");
    if !program.exists() {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo)
            .args(["build", "--package", "lookout-conformance", "--example", "scripted_client"])
            .status();
        assert!(built.unwrap().success(), "the scripted client is built");
    }
    program
});

/// Every fault with its sentence.
pub(crate) fn faults() -> Vec<(String, String)> {
    let output = Command::new(&*PROGRAM).args(["--fault", "list"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let pair = |line: &str| {
        let (name, mistake) = line.split_once(": ").unwrap();
        (name.to_owned(), mistake.to_owned())
    };
    text.lines().map(pair).collect()
}

pub(crate) fn options(jobs: usize) -> GradeOptions {
    GradeOptions { jobs, strict: true, shrink_tries: 0, ..GradeOptions::default() }
}

/// Grades the client with these arguments.
pub(crate) fn graded(arguments: &[&str], options: &GradeOptions) -> Report {
    let mut command = vec![PROGRAM.to_str().unwrap()];
    command.extend(["--document", "https://client.example/scripted-client.json"]);
    command.extend(arguments);
    command.push("{url}");
    grade(&Launch::new(command), options, &|_| ()).unwrap()
}

/// What fails on `fault` in these scenarios, of the checks named or of all.
pub(crate) fn kills(fault: &str, scenarios: &[String], checks: &[String]) -> BTreeSet<Kill> {
    if scenarios.is_empty() {
        return BTreeSet::new();
    }
    let options =
        GradeOptions { scenarios: scenarios.to_vec(), only: checks.to_vec(), ..options(1) };
    let report = graded(&["--fault", fault], &options);
    let kill = |check: &lookout_conformance::report::CheckReport| {
        let input = check.counterexample.as_ref()?.input.as_deref()?;
        // Behind the scenario comes what was drawn for it.
        let scenario = input.split(": ").next()?.to_owned();
        Some(Kill { check: check.id.clone(), scenario })
    };
    report.failures().filter_map(kill).collect()
}

/// Fault by fault, the scenarios that lines of `scenario fault` name for it.
pub(crate) fn noted(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut shown: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (scenario, fault) in text.lines().filter_map(|line| line.split_once(' ')) {
        shown.entry(fault.to_owned()).or_default().insert(scenario.to_owned());
    }
    shown
}
