//! `cargo xtask test` and `cargo xtask ci`: what a change has to pass, the same here as on the integration machine.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::codegen;

/// What is off unless asked for, and tested here; the SDK's adapters to frameworks are tested in `sdk/frameworks`.
const FEATURES: &str = "lookout-sdk/arrow,lookout-sdk/cli,lookout-sdk/compression,lookout-sdk/keyring,lookout-sdk/testing,lookout-server/danger-planted-faults,lookout-server/otel";

/// Runs every test of the workspace, with nextest where it is installed.
pub(crate) fn test(root: &Path) -> Result<()> {
    let workspace = ["--workspace", "--features", FEATURES];
    let run = |arguments: &[&str], options: &[&str]| {
        cargo(root, &[arguments, &workspace, options].concat())
    };
    if installed(root, "nextest") {
        run(&["test"], &["--doc", "--quiet"])?;
        run(&["nextest", "run"], &["--no-fail-fast"])
    } else {
        run(&["test"], &["--no-fail-fast"])
    }
}

/// Lints every crate as people build it and as it is tested.
pub(crate) fn lint(root: &Path) -> Result<()> {
    let lint = |selection: &[&str]| {
        cargo(root, &[&["clippy"], selection, &["--", "--deny", "warnings"]].concat())
    };
    lint(&["--package", "lookout-sdk", "--lib"])?;
    lint(&["--workspace", "--features", FEATURES, "--all-targets"])
}

/// Formatting, generated files, lints, documentation, dependencies, and the tests last.
pub(crate) fn ci(root: &Path) -> Result<()> {
    cargo(root, &["fmt", "--all", "--check"])?;
    codegen::run(root, true)?;
    lint(root)?;
    cargo(
        root,
        &[
            "doc",
            "--workspace",
            "--features",
            FEATURES,
            "--no-deps",
            "--config",
            "build.rustdocflags=['--deny', 'warnings']",
        ],
    )?;
    if installed(root, "deny") {
        cargo(root, &["deny", "--config", ".cargo/deny.toml", "check"])?;
    } else {
        eprintln!(
            "SKIPPED: cargo deny is not installed, so advisories and licences were not checked"
        );
    }
    test(root)
}

fn installed(root: &Path, subcommand: &str) -> bool {
    let mut command = Command::new(binary());
    command
        .current_dir(root)
        .args([subcommand, "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn cargo(root: &Path, arguments: &[&str]) -> Result<()> {
    eprintln!("$ cargo {}", arguments.join(" "));
    let status = Command::new(binary())
        .current_dir(root)
        .args(arguments)
        .status()
        .context("cannot start cargo")?;
    if !status.success() {
        bail!("`cargo {}` failed", arguments.join(" "));
    }
    Ok(())
}

fn binary() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
