//! `cargo xtask conformance`: build the server and the harness, start the server on loopback with demo data, and let the harness judge it.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::Value;

/// The member that `--demo` makes.
pub(crate) const DEMO_USER: &str = "demo@lookout.example";
/// Cargo's name of the feature that lets a server run with one wrong decision.
pub(crate) const FAULT_FEATURE: &str = "danger-planted-faults";

#[derive(Debug, Args)]
pub(crate) struct Conformance {
    /// Build the server with one deliberately wrong decision; `list` names them all
    #[arg(long, value_name = "NAME")]
    fault: Option<String>,
    /// Options of `lookout-conformance server`, such as --only pkce, --seed 7, --json report.json
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<OsString>,
}

impl Conformance {
    pub(crate) fn run(self, root: &Path) -> Result<ExitCode> {
        let server = match &self.fault {
            None => build(root, &["--package", "lookout-server", "--bin", "lookout-server"])?,
            Some(_) => {
                let package = ["--package", "lookout-server", "--bin", "lookout-server-danger"];
                build(root, &[&package[..], &["--features", FAULT_FEATURE]].concat())?
            }
        };
        if self.fault.as_deref() == Some("list") {
            return Ok(exit_code(Command::new(server).arg("list").status()?.code()));
        }
        let harness =
            build(root, &["--package", "lookout-conformance", "--bin", "lookout-conformance"])?;

        let data = root.join("target/conformance-data");
        if data.exists() {
            fs::remove_dir_all(&data)
                .with_context(|| format!("cannot clear {}", data.display()))?;
        }
        let password = random_password()?;
        let mut serve = Command::new(server);
        serve.arg("serve");
        if let Some(fault) = &self.fault {
            serve.args(["--fault", fault]);
        }
        serve.args(["--demo", "--listen", "127.0.0.1:0", "--data"]).arg(&data);
        serve.env("LOOKOUT_DEMO_PASSWORD", &password);
        let running = Running::start(serve, &data.with_extension("log"))?;
        let status = Command::new(harness)
            .args(["server", "--url", &running.url, "--user", DEMO_USER])
            .args(&self.options)
            .env("LOOKOUT_CONFORMANCE_PASSWORD", &password)
            .status()
            .context("cannot start the harness")?;
        drop(running);
        Ok(exit_code(status.code()))
    }
}

/// A server that ends with this value.
pub(crate) struct Running {
    child: Child,
    pub(crate) url: String,
}

impl Running {
    /// Starts a server that says `listening on URL` first, and keeps what it complains about in `log`.
    pub(crate) fn start(mut command: Command, log: &Path) -> Result<Self> {
        let errors =
            File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().context("cannot start the server")?;
        let output = child.stdout.take().context("the server's output is not piped")?;
        let mut lines = BufReader::new(output).lines();
        let first = lines.next().transpose()?.unwrap_or_default();
        let Some(url) = first.strip_prefix("listening on ").map(str::to_owned) else {
            let status = child.wait()?;
            bail!("the server did not start ({status}):\n{}", fs::read_to_string(log)?);
        };
        // The rest is for people; it is read so that the server never blocks on a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self { child, url })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only when the process has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Builds one binary and returns its path.
pub(crate) fn build(root: &Path, selection: &[impl AsRef<OsStr>]) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(root)
        .args(["build", "--message-format", "json-render-diagnostics"])
        .args(selection)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!("the build failed");
    }
    let messages = String::from_utf8(output.stdout)?;
    let mut executables = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    executables.next_back().context("cargo built no binary")
}

pub(crate) fn random_password() -> Result<String> {
    let mut octets = [0; 24];
    getrandom::fill(&mut octets).context("the system has no randomness")?;
    Ok(octets.iter().map(|octet| format!("{octet:02x}")).collect())
}

pub(crate) fn exit_code(code: Option<i32>) -> ExitCode {
    code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}
