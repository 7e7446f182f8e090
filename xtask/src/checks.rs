//! `cargo xtask test` and `cargo xtask ci`: what a change has to pass, the same here as on the integration machine.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::codegen;

/// Runs every test of the workspace, with nextest where it is installed.
pub(crate) fn test(root: &Path) -> Result<()> {
    if installed(root, "nextest") {
        cargo(root, &["test", "--workspace", "--doc", "--quiet"])?;
        cargo(root, &["nextest", "run", "--workspace", "--no-fail-fast"])
    } else {
        cargo(root, &["test", "--workspace", "--no-fail-fast"])
    }
}

/// Formatting, generated files, lints, documentation, dependencies, and the tests last.
pub(crate) fn ci(root: &Path) -> Result<()> {
    cargo(root, &["fmt", "--all", "--check"])?;
    codegen::run(root, true)?;
    cargo(root, &["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"])?;
    cargo(
        root,
        &[
            "doc",
            "--workspace",
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
