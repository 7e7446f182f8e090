//! `cargo xtask foreign`: servers by other authors, installed from their packages and judged by the harness.
//!
//! Each folder of `conformance/foreign` is one: pinned packages, a launcher in the server's own language, and the target file that is all the
//! harness is told. What is installed lies below `target/foreign`. A server listens on a free loopback port for as long as one run lasts.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};

use crate::conformance::{Running, build, exit_code, random_password};
use crate::packages::Packages;

#[derive(Args, Debug)]
pub(crate) struct Foreign {
    #[command(subcommand)]
    command: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Install one server, or all of them, from the package registries
    Install {
        /// A folder of `conformance/foreign`
        name: Option<String>,
    },
    /// Start one server, or `all` in turn, and compare what the harness finds with what is recorded
    Run {
        /// A folder of `conformance/foreign`, or `all`
        name: String,
        /// Further options of `lookout-conformance server`, such as --only code or --json report.json
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<OsString>,
    },
    /// Start one server on the port of its target file and leave it running, to try something by hand
    Serve {
        /// A folder of `conformance/foreign`
        name: String,
    },
}

impl Foreign {
    pub(crate) fn run(self, root: &Path) -> Result<ExitCode> {
        match self.command {
            Action::Install { name } => {
                let servers = Server::chosen(root, name.as_deref())?;
                servers.iter().try_for_each(|server| server.0.install())?;
                Ok(ExitCode::SUCCESS)
            }
            Action::Run { name, options } => {
                let name = (name != "all").then_some(name.as_str());
                let harness = build(
                    root,
                    &["--package", "lookout-conformance", "--bin", "lookout-conformance"],
                )?;
                let mut worst = 0;
                for server in Server::chosen(root, name)? {
                    server.0.install()?;
                    worst = worst.max(server.judge(&harness, &options)?);
                }
                Ok(exit_code(Some(worst)))
            }
            Action::Serve { name } => {
                let servers = Server::chosen(root, Some(&name))?;
                let server = servers.first().context("no server was chosen")?;
                server.0.install()?;
                Ok(exit_code(server.launch().status()?.code()))
            }
        }
    }
}

/// One folder of `conformance/foreign`.
struct Server(Packages);

impl Server {
    fn chosen(root: &Path, name: Option<&str>) -> Result<Vec<Self>> {
        Ok(Packages::chosen(root, "foreign", name)?.into_iter().map(Self).collect())
    }

    fn launch(&self) -> Command {
        let words = self.0.command("server");
        let (program, arguments) = words.split_first().expect("every language has a program");
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.0.installed);
        command
    }

    /// Starts the server on a free port, and returns the harness's exit code.
    fn judge(&self, harness: &Path, options: &[OsString]) -> Result<i32> {
        let mut launch = self.launch();
        launch.env("PORT", "0");
        let running = Running::start(launch, &self.0.installed.with_extension("log"))?;
        let target = fs::read_to_string(self.0.source.join("target.toml"))?;
        let copy = self.0.installed.join("running.toml");
        fs::write(&copy, at(&target, &running.url)?)?;
        eprintln!("\n{}", self.0.name);
        let mut command = Command::new(harness);
        command.args(["server", "--target"]).arg(copy).args(options);
        let baseline = self.0.source.join("expected.toml");
        if options.is_empty() && baseline.is_file() {
            command.arg("--expected").arg(baseline);
        }
        command.env("LOOKOUT_CONFORMANCE_PASSWORD", random_password()?).stdin(Stdio::null());
        let status = command.status().context("cannot start the harness")?;
        Ok(status.code().unwrap_or(1))
    }
}

/// The target file for a server that listens at `base` this time: only the origin of its `url` changes.
fn at(target: &str, base: &str) -> Result<String> {
    let quoted = target.split_once("url = \"").map(|(_, rest)| rest);
    let url = quoted
        .and_then(|rest| rest.split_once('"'))
        .map(|(url, _)| url)
        .context("the target file has no url")?;
    let path = url.splitn(4, '/').nth(3).unwrap_or_default();
    Ok(target.replacen(url, &format!("{base}/{path}"), 1))
}

#[cfg(test)]
mod tests {
    use super::at;

    #[test]
    fn only_the_origin_of_a_target_file_changes() {
        let target =
            "# a comment\nurl = \"http://127.0.0.1:8801/mcp\"\n[consent]\nkind = \"redirects\"\n";
        let moved = at(target, "http://127.0.0.1:7").expect("it has a url");
        assert_eq!(moved, target.replace("127.0.0.1:8801", "127.0.0.1:7"));
    }
}
