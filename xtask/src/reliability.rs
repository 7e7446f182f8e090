//! `cargo xtask reliability`: build the servers and let `lookout-reliability` load, kill and judge them.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};
use clap::Args;

use crate::conformance::{FAULT_FEATURE, build, exit_code};

#[derive(Args, Debug)]
pub(crate) struct Reliability {
    /// Minutes of load on each store
    #[arg(long, default_value_t = 1.0)]
    minutes: f64,
    /// What the dice begin with: the same seed tries the same things
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// sqlite, postgres or both
    #[arg(long, default_value = "both")]
    store: String,
    /// Arrivals in a second, and so the bound of the load
    #[arg(long, default_value_t = 200.0)]
    rate: f64,
    /// Give the servers one planted fault, which has to be caught; `list` names them
    #[arg(long, value_name = "NAME")]
    fault: Option<String>,
    /// Leave out idle connections, floods and overload
    #[arg(long)]
    no_isolation: bool,
    /// Build for development in place of release; its numbers say nothing about speed
    #[arg(long)]
    dev: bool,
}

impl Reliability {
    pub(crate) fn run(self, root: &Path) -> Result<ExitCode> {
        let server = ["--package", "lookout-server", "--bin", "lookout-server"];
        // The server that is measured is the one that is shipped, so it is kept before the other build replaces its library.
        let server = self.build(root, &server)?;
        let danger =
            ["--package", "lookout-server", "--bin", "lookout-server-danger", "--features"];
        let danger = self.build(root, &[&danger[..], &[FAULT_FEATURE]].concat())?;
        if self.fault.as_deref() == Some("list") {
            let status = Command::new(danger).arg("list").status().context("cannot start it")?;
            return Ok(exit_code(status.code()));
        }
        let tool = ["--package", "lookout-reliability", "--bin", "lookout-reliability"];
        let tool = self.build(root, &tool)?;
        let mut command = Command::new(tool);
        command.arg("--server").arg(server).arg("--danger").arg(danger);
        command.args(["--minutes", &self.minutes.to_string(), "--seed", &self.seed.to_string()]);
        command.args(["--store", &self.store, "--rate", &self.rate.to_string()]);
        command.args(self.fault.iter().flat_map(|name| ["--fault", name]));
        command.args(self.no_isolation.then_some("--no-isolation"));
        command.args(self.dev.then_some("--dev"));
        let status = command.status().context("cannot start the reliability run")?;
        Ok(exit_code(status.code()))
    }

    fn build(&self, root: &Path, selection: &[&str]) -> Result<PathBuf> {
        let profile: &[&str] = if self.dev { &[] } else { &["--release"] };
        build(root, &[selection, profile].concat())
    }
}
