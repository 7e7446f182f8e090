//! The harness on clients by other authors.
//!
//! Each does exactly what its `expected.toml` records: a new finding and a finding that is gone both fail. `cargo xtask clients install`
//! fetches the packages; without them a client is skipped, and said to be, unless `LOOKOUT_SKIP_NOTHING` is set.
//! Our own SDK has its test beside its adapter, where it is built.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it skips"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// What is decided by a few requests. `cargo xtask clients run all` compares the rest too, which takes minutes and depends on the machine.
const AREAS: [&str; 5] = ["flow", "discovery", "issuer", "resource", "asked-scope"];

/// Clients that start slowly look idle on a machine that is busy with other clients.
static ALONE: Mutex<()> = Mutex::new(());

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients")
}

/// Grades one client and compares what the harness finds with what is recorded.
fn does_as_recorded(name: &str, command: &[&str]) {
    let installed = sources().join("../../target/clients").join(name);
    if !installed.join("installed").is_file() {
        let message = format!("{name} is not installed: run `cargo xtask clients install`");
        assert!(std::env::var_os("LOOKOUT_SKIP_NOTHING").is_none(), "{message}");
        eprintln!("SKIPPED: {message}");
        return;
    }
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let harness = Command::new(env!("CARGO_BIN_EXE_lookout-conformance"))
        .current_dir(installed)
        .args(["client", "--jobs", "2", "--quiet", "8", "--timeout", "60"])
        .args(AREAS.iter().flat_map(|area| ["--only", area]))
        .arg("--expected")
        .arg(sources().join(name).join("expected.toml"))
        .arg("--")
        .args(command)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&harness.stdout);
    assert_eq!(
        harness.status.code(),
        Some(0),
        "{told}{}",
        String::from_utf8_lossy(&harness.stderr)
    );
}

#[test]
fn the_python_sdk_does_as_recorded() {
    does_as_recorded("python-sdk", &["venv/bin/python", "client.py"]);
}

#[test]
fn rmcp_does_as_recorded() {
    does_as_recorded("rmcp", &["bin/rmcp"]);
}

#[test]
fn the_typescript_sdk_does_as_recorded() {
    does_as_recorded("typescript-sdk", &["node", "client.mjs"]);
}

#[test]
fn every_client_has_a_test_and_pinned_packages() {
    let mut names: Vec<String> = fs::read_dir(sources())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["lookout-sdk", "python-sdk", "rmcp", "typescript-sdk"]);
    for name in names {
        let has = |file: &str| sources().join(&name).join(file).is_file();
        assert!(has("expected.toml") || name == "lookout-sdk", "{name}");
        assert!(has("requirements.txt") || has("package-lock.json") || has("Cargo.toml"), "{name}");
    }
}
