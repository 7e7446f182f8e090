//! `cargo xtask fuzz`: the bodies of `server/tests/fuzz_bodies` with coverage, each target for a while, and one table out.
//!
//! A target grows a corpus of its own under `target/`; the committed one only gives it a start. No sanitizer: our crates have no unsafe code, and what is
//! looked for is wrong answers.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, bail};
use clap::Args;

/// Runs the fuzz targets.
#[derive(Debug, Args)]
pub(crate) struct Fuzz {
    /// How long each target runs
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Only this target
    target: Option<String>,
}

/// What a run came to.
struct Run {
    target: String,
    executions: String,
    edges: String,
    found: bool,
}

impl Fuzz {
    #[expect(clippy::print_stdout, reason = "the table is what the command is for")]
    pub(crate) fn run(self, root: &Path) -> Result<ExitCode> {
        is_there(root)?;
        let targets = match self.target {
            Some(target) => vec![target],
            None => all(root)?,
        };
        let mut runs = Vec::new();
        for target in targets {
            runs.push(fuzz(root, &target, self.seconds)?);
        }
        println!("\n{:16} {:>12} {:>8}", "target", "executions", "edges");
        for run in &runs {
            let found = if run.found { "  found something" } else { "" };
            println!("{:16} {:>12} {:>8}{found}", run.target, run.executions, run.edges);
        }
        Ok(if runs.iter().any(|run| run.found) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

/// Says plainly what is missing.
fn is_there(root: &Path) -> Result<()> {
    let works = |arguments: &[&str]| {
        let output = Command::new("cargo").current_dir(root).args(arguments).output();
        output.is_ok_and(|output| output.status.success())
    };
    if !works(&["+nightly", "--version"]) {
        bail!(
            "fuzzing needs a nightly toolchain: `rustup toolchain install nightly --profile minimal`"
        );
    }
    if !works(&["fuzz", "--version"]) {
        bail!("fuzzing needs cargo-fuzz: `cargo install --locked cargo-fuzz`");
    }
    Ok(())
}

fn all(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("server/fuzz/targets");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        names.extend(path.file_stem().and_then(|stem| Some(stem.to_str()?.to_owned())));
    }
    names.sort();
    Ok(names)
}

fn fuzz(root: &Path, target: &str, seconds: u32) -> Result<Run> {
    let grown = root.join("target/fuzz/corpus").join(target);
    fs::create_dir_all(&grown)?;
    eprintln!("{target}:");
    let mut child = Command::new("cargo")
        .current_dir(root.join("server"))
        .args(["+nightly", "fuzz", "run", "--sanitizer", "none", "--target-dir"])
        .arg(root.join("target/fuzz"))
        .arg(target)
        .arg(&grown)
        .arg(root.join("server/fuzz/corpus").join(target))
        .args(["--", "-max_len=4096", "-timeout=20", "-print_final_stats=1"])
        .arg(format!("-max_total_time={seconds}"))
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start cargo fuzz")?;
    let mut run = Run {
        target: target.to_owned(),
        executions: "0".to_owned(),
        edges: "0".to_owned(),
        found: false,
    };
    let messages = child.stderr.take().context("cargo fuzz has no standard error")?;
    for line in BufReader::new(messages).split(b'\n') {
        // A panic of a target may quote bytes that are no text.
        let line = String::from_utf8_lossy(&line?).into_owned();
        if let Some(executions) = line.strip_prefix("stat::number_of_executed_units:") {
            run.executions = executions.trim().to_owned();
        }
        let mut words = line.split_whitespace().skip_while(|word| *word != "cov:");
        if line.starts_with('#')
            && let Some(edges) = words.nth(1)
        {
            run.edges = edges.to_owned();
        } else {
            eprintln!("  {line}");
        }
    }
    run.found = !child.wait()?.success();
    Ok(run)
}
