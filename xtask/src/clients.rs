//! `cargo xtask clients`: clients of four libraries, installed from their packages and graded by the harness.
//!
//! Each folder of `conformance/clients` is one: pinned packages, and a short program that does what the library's guide tells an application to do.
//! What is installed lies below `target/clients`.

mod table;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};

use crate::conformance::{build, exit_code};
use crate::packages::{Language, Packages};
use table::{Grade, Report};

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
    /// Grade all of them and write conformance/CLIENTS.md
    Table {
        /// Take the reports of the last time, and grade nobody
        #[arg(long)]
        from_reports: bool,
    },
}

/// Stands above the generated tables.
const INTRODUCTION: &str = include_str!("clients/introduction.md");

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
                    let options =
                        if options.is_empty() { baseline(&client) } else { options.clone() };
                    worst = worst.max(grade(&harness, &client, &options)?);
                }
                Ok(exit_code(Some(worst)))
            }
            Action::Table { from_reports } => write_table(root, from_reports),
        }
    }
}

fn write_table(root: &Path, from_reports: bool) -> Result<ExitCode> {
    let harness = if from_reports { None } else { Some(harness(root)?) };
    let mut grades = Vec::new();
    for client in Packages::chosen(root, "clients", None)? {
        let file = root.join("target/clients").join(&client.name).join("report.json");
        if let Some(harness) = &harness {
            client.install()?;
            eprintln!("\n{}", client.name);
            let mut options = baseline(&client);
            options.extend(["--json".into(), file.clone().into()]);
            // What it exits with is in the report as well.
            grade(harness, &client, &options)?;
        }
        let json = fs::read_to_string(&file)
            .with_context(|| format!("there is no report of {}", client.name))?;
        let version = version(&client)?;
        grades.push(Grade { name: client.name, version, report: Report::read(&json)? });
    }
    let text = table::render(INTRODUCTION, &grades);
    fs::write(root.join("conformance/CLIENTS.md"), text)?;
    Ok(ExitCode::SUCCESS)
}

/// The options that compare with what is recorded, once something is. Some clients take seconds to start, and are not idle then.
fn baseline(client: &Packages) -> Vec<OsString> {
    let patient = ["--jobs", "2", "--quiet", "8", "--timeout", "60"];
    let mut options: Vec<OsString> = patient.into_iter().map(Into::into).collect();
    let file = client.source.join("expected.toml");
    if file.is_file() {
        options.extend(["--expected".into(), file.into()]);
    }
    options
}

/// The pinned version of the library that is graded.
fn version(client: &Packages) -> Result<String> {
    let pins = fs::read_to_string(client.source.join(client.language.pins()))?;
    let after = match client.language {
        Language::JavaScript => "\"@modelcontextprotocol/client\": \"",
        Language::Python => "\nmcp==",
        Language::Rust => "name = \"rmcp\"\nversion = \"",
        Language::Workspace => return Ok(env!("CARGO_PKG_VERSION").to_owned()),
    };
    let Some((_, rest)) = pins.split_once(after) else {
        bail!("the version of {} is not pinned", client.name);
    };
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '.';
    Ok(rest.chars().take_while(|&character| is_part(character)).collect())
}

fn harness(root: &Path) -> Result<PathBuf> {
    build(root, &["--package", "lookout-conformance", "--bin", "lookout-conformance"])
}

/// Grades one client and returns the harness's exit code.
fn grade(harness: &Path, client: &Packages, options: &[OsString]) -> Result<i32> {
    let mut command = Command::new(harness);
    command.arg("client").args(options).arg("--").args(client.command("client"));
    let status = command.stdin(Stdio::null()).status().context("cannot start the harness")?;
    Ok(status.code().unwrap_or(1))
}
