//! `cargo xtask foreign`: servers by other authors, installed from their packages and judged by the harness.
//!
//! Each folder of `conformance/foreign` is one: pinned packages, a launcher in the server's own language, and the target file that is all the
//! harness is told. What is installed lies below `target/foreign`. A server listens on a free loopback port for as long as one run lasts.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};

use crate::conformance::{Running, build, exit_code, random_password};

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
                servers.iter().try_for_each(Server::install)?;
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
                    server.install()?;
                    worst = worst.max(server.judge(&harness, &options)?);
                }
                Ok(exit_code(Some(worst)))
            }
            Action::Serve { name } => {
                let servers = Server::chosen(root, Some(&name))?;
                let server = servers.first().context("no server was chosen")?;
                server.install()?;
                Ok(exit_code(server.launch().status()?.code()))
            }
        }
    }
}

/// One folder of `conformance/foreign`.
struct Server {
    name: String,
    source: PathBuf,
    installed: PathBuf,
}

impl Server {
    fn chosen(root: &Path, name: Option<&str>) -> Result<Vec<Self>> {
        let folder = root.join("conformance/foreign");
        let mut servers = Vec::new();
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let found = entry.file_name().to_string_lossy().into_owned();
            if entry.path().join("target.toml").is_file() && name.is_none_or(|name| name == found) {
                let installed = root.join("target/foreign").join(&found);
                servers.push(Self { name: found, source: entry.path(), installed });
            }
        }
        servers.sort_by(|one, other| one.name.cmp(&other.name));
        if servers.is_empty() {
            bail!("there is no such server below {}", folder.display());
        }
        Ok(servers)
    }

    fn is_python(&self) -> bool {
        self.source.join("requirements.txt").is_file()
    }

    /// The file that pins every package; a copy of it, written last, says what is installed.
    fn lock(&self) -> PathBuf {
        self.source.join(if self.is_python() { "requirements.txt" } else { "package-lock.json" })
    }

    /// Makes the folder below `target` hold the pinned packages and the launcher. Costs nothing when it does already.
    fn install(&self) -> Result<()> {
        let lock = fs::read(self.lock())
            .with_context(|| format!("cannot read {}", self.lock().display()))?;
        let stamp = self.installed.join("installed");
        if fs::read(&stamp).ok().as_ref() != Some(&lock) {
            eprintln!("installing {}", self.name);
            if self.installed.exists() {
                fs::remove_dir_all(&self.installed)?;
            }
            fs::create_dir_all(&self.installed)?;
            self.copy()?;
            if self.is_python() {
                ran(Command::new("python3")
                    .args(["-m", "venv", "venv"])
                    .current_dir(&self.installed))?;
                let pip = [
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                    "--no-deps",
                    "--requirement",
                ];
                let mut install = Command::new(self.installed.join("venv/bin/pip"));
                ran(install.args(pip).arg("requirements.txt").current_dir(&self.installed))?;
            } else {
                let npm = ["ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"];
                ran(Command::new("npm").args(npm).current_dir(&self.installed))?;
            }
            fs::write(stamp, lock)?;
        }
        self.copy()
    }

    /// A launcher finds its packages beside itself.
    fn copy(&self) -> Result<()> {
        for entry in fs::read_dir(&self.source)? {
            let entry = entry?;
            fs::copy(entry.path(), self.installed.join(entry.file_name()))?;
        }
        Ok(())
    }

    fn launch(&self) -> Command {
        let mut command = if self.is_python() {
            let mut python = Command::new(self.installed.join("venv/bin/python"));
            python.arg("server.py");
            python
        } else {
            let mut node = Command::new("node");
            node.arg("server.mjs");
            node
        };
        command.current_dir(&self.installed);
        command
    }

    /// Starts the server on a free port, and returns the harness's exit code.
    fn judge(&self, harness: &Path, options: &[OsString]) -> Result<i32> {
        let mut launch = self.launch();
        launch.env("PORT", "0");
        let running = Running::start(launch, &self.installed.with_extension("log"))?;
        let target = fs::read_to_string(self.source.join("target.toml"))?;
        let copy = self.installed.join("running.toml");
        fs::write(&copy, at(&target, &running.url)?)?;
        eprintln!("\n{}", self.name);
        let mut command = Command::new(harness);
        command.args(["server", "--target"]).arg(copy).args(options);
        let baseline = self.source.join("expected.toml");
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

fn ran(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("cannot start {program}"))?;
    if !status.success() {
        bail!("{program} failed ({status})");
    }
    Ok(())
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
