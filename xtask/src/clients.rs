//! `cargo xtask clients`: clients of four libraries, installed from their packages and graded by the harness.
//!
//! Each folder of `conformance/clients` is one: pinned packages, and a short program that does what the library's guide tells an application to do.
//! What is installed lies below `target/clients`.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};

use crate::conformance::{build, exit_code};
use crate::packages::Packages;

#[derive(Args, Debug)]
pub(crate) struct Clients {
    #[command(subcommand)]
    command: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Install one client, or all of them, from the package registries
    Install {
        /// A folder of `conformance/clients`
        name: Option<String>,
    },
    /// Grade one client, or `all` in turn, and compare what the harness finds with what is recorded
    Run {
        /// A folder of `conformance/clients`, or `all`
        name: String,
        /// Further options of `lookout-conformance client`, such as --only refresh or --json report.json
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<OsString>,
    },
}

impl Clients {
    pub(crate) fn run(self, root: &Path) -> Result<ExitCode> {
        match self.command {
            Action::Install { name } => {
                let clients = Packages::chosen(root, "clients", name.as_deref())?;
                clients.iter().try_for_each(Packages::install)?;
                Ok(ExitCode::SUCCESS)
            }
            Action::Run { name, options } => {
                let name = (name != "all").then_some(name.as_str());
                let harness = harness(root)?;
                let mut worst = 0;
                for client in Packages::chosen(root, "clients", name)? {
                    client.install()?;
                    eprintln!("\n{}", client.name);
                    let mut options = options.clone();
                    let baseline = client.source.join("expected.toml");
                    if options.is_empty() && baseline.is_file() {
                        options.extend(["--expected".into(), baseline.into()]);
                    }
                    worst = worst.max(grade(&harness, &client, &options)?);
                }
                Ok(exit_code(Some(worst)))
            }
        }
    }
}

fn harness(root: &Path) -> Result<std::path::PathBuf> {
    build(root, &["--package", "lookout-conformance", "--bin", "lookout-conformance"])
}

/// Grades one client and returns the harness's exit code.
fn grade(harness: &Path, client: &Packages, options: &[OsString]) -> Result<i32> {
    let mut command = Command::new(harness);
    command.arg("client").args(options).arg("--").args(client.command("client"));
    let status = command.stdin(Stdio::null()).status().context("cannot start the harness")?;
    Ok(status.code().unwrap_or(1))
}
