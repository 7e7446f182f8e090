//! `cargo xtask frameworks`: one agent turn in each of several frameworks, against the demo server and with a scripted model.
//!
//! The recipes lie in `sdk/frameworks`, a workspace of its own: what they stand on is heavy, and nobody who builds this workspace needs it.
//! What is built lies below `target/frameworks`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};

use crate::conformance::{DEMO_USER, Running, build, random_password};

/// The folders of `sdk/frameworks` with a program.
pub(crate) const NAMES: [&str; 5] = ["async-openai", "genai", "rig", "rmcp", "swiftide"];

#[derive(Args, Debug)]
pub(crate) struct Frameworks {
    #[command(subcommand)]
    command: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Build one recipe, or all of them, from the package registry
    Install {
        /// A folder of `sdk/frameworks`
        name: Option<String>,
    },
    /// Build one recipe, or `all`, start the demo server, and see whether the agent's turn comes to what it has to
    Run {
        /// A folder of `sdk/frameworks`, or `all`
        name: String,
    },
}

impl Frameworks {
    #[expect(clippy::print_stdout, reason = "what a recipe did is printed")]
    pub(crate) fn run(self, root: &Path) -> Result<ExitCode> {
        match self.command {
            Action::Install { name } => install(root, name.as_deref())?,
            Action::Run { name } => {
                let name = (name != "all").then_some(name.as_str());
                install(root, name)?;
                if name.is_none() {
                    test(root)?;
                }
                let demo = Demo::start(root)?;
                for name in chosen(name)? {
                    println!("{}\n", demo.turn(name)?);
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn chosen(name: Option<&str>) -> Result<Vec<&'static str>> {
    let chosen: Vec<_> =
        NAMES.into_iter().filter(|one| name.is_none_or(|name| name == *one)).collect();
    if chosen.is_empty() {
        bail!("there is no such recipe; there are {}", NAMES.join(", "));
    }
    Ok(chosen)
}

/// Builds with what its lock file pins, which a new dependency of the SDK adds to. All of them together share what they stand on.
fn install(root: &Path, name: Option<&str>) -> Result<()> {
    let target = root.join("target/frameworks");
    let mut options = vec!["--manifest-path".into(), root.join("sdk/frameworks/Cargo.toml")];
    options.extend(["--target-dir".into(), target]);
    match name {
        None => options.extend(["--workspace".into(), "--all-targets".into()]),
        Some(_) => {
            for name in chosen(name)? {
                options.extend(["--package".into(), format!("with-{name}").into()]);
            }
        }
    }
    build(root, &options)?;
    Ok(())
}

/// The built program of a recipe.
pub(crate) fn program(root: &Path, name: &str) -> PathBuf {
    root.join("target/frameworks/debug").join(format!("with-{name}"))
}

/// Runs the tests of the adapters, which need no server.
pub(crate) fn test(root: &Path) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .current_dir(root)
        .args(["test", "--quiet", "--workspace", "--manifest-path"])
        .arg(root.join("sdk/frameworks/Cargo.toml"))
        .arg("--target-dir")
        .arg(root.join("target/frameworks"))
        .status()
        .context("cannot start cargo")?;
    if !status.success() {
        bail!("the tests of the adapters failed");
    }
    Ok(())
}

/// The demo server, and a programmatic token that may read.
pub(crate) struct Demo {
    root: PathBuf,
    server: Running,
    token: String,
}

impl Demo {
    pub(crate) fn start(root: &Path) -> Result<Self> {
        let binary = build(root, &["--package", "lookout-server", "--bin", "lookout-server"])?;
        let data = root.join("target/frameworks-data");
        if data.exists() {
            fs::remove_dir_all(&data)
                .with_context(|| format!("cannot clear {}", data.display()))?;
        }
        let mut serve = Command::new(&binary);
        serve.args(["serve", "--demo", "--listen", "127.0.0.1:0", "--data"]).arg(&data);
        serve.env("LOOKOUT_DEMO_PASSWORD", random_password()?);
        let server = Running::start(serve, &data.with_extension("log"))?;
        let create = [
            "token",
            "create",
            "--user",
            DEMO_USER,
            "--name",
            "frameworks",
            "--scope",
            "mcp:read",
            "--data",
        ];
        let created =
            Command::new(&binary).args(create).arg(&data).stderr(Stdio::inherit()).output()?;
        let token = String::from_utf8(created.stdout)?.trim().to_owned();
        if !created.status.success() || token.is_empty() {
            bail!("the server made no token");
        }
        Ok(Self { root: root.to_owned(), server, token })
    }

    /// What the recipe says it did; an error when the turn did not come to what it has to.
    pub(crate) fn turn(&self, name: &str) -> Result<String> {
        let output = Command::new(program(&self.root, name))
            .env("LOOKOUT_URL", format!("{}/mcp", self.server.url))
            .env("LOOKOUT_TOKEN", &self.token)
            .stdin(Stdio::null())
            .output()
            .with_context(|| {
                format!(
                    "cannot start {name}; build it with `cargo xtask frameworks install {name}`"
                )
            })?;
        let told = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            bail!("the turn of {name} went wrong ({}):\n{told}{errors}", output.status);
        }
        Ok(format!("{name}\n{}", told.trim_end()))
    }
}
