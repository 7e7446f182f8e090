//! `cargo xtask fuzz`: what reads bytes from elsewhere, fed by coverage; each target for a while, and one table out.
//!
//! The bodies are in `server/tests/fuzz_bodies` and `sdk/src/auth/fuzzing.rs`, where tests run them on stable too. A target grows a corpus of its own under
//! `target/`; the committed one only gives it a start. No sanitizer: our crates have no unsafe code, and what is looked for is wrong answers.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, bail};
use clap::Args;

/// The packages that have targets, and how their bodies are run on stable.
const PACKAGES: [(&str, &str); 2] = [
    ("sdk", "cargo test -p lookout-sdk --lib fuzzing"),
    ("server", "cargo test -p lookout-server --test fuzz_bodies"),
];

/// What the long help adds.
const HELP: &str = "It needs a nightly toolchain and cargo-fuzz, and prints the executions, edges and corpus of each target. \
What makes a target fail is left in <package>/fuzz/artifacts/<target>; copied to <package>/fuzz/corpus/<target>, \
under a name that says what it is, it is tried by the tests on stable from then on.";

/// Runs the fuzz targets one after the other.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Fuzz {
    /// How long each target runs; building takes some minutes the first time
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Only these targets [default: all, which --list names]
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
    /// Name the targets and end
    #[arg(long)]
    list: bool,
}

/// One target of a package.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Target {
    package: &'static str,
    on_stable: &'static str,
    name: String,
}

/// What a run came to.
struct Run {
    target: Target,
    executions: u64,
    edges: u64,
    /// How many files the corpus has, and how many bytes.
    corpus: (usize, u64),
    found: bool,
}

impl Fuzz {
    #[expect(clippy::print_stdout, reason = "the table is what the command is for")]
    pub(crate) fn run(self, root: &Path) -> Result<ExitCode> {
        let targets = chosen(all(root)?, &self.targets)?;
        if self.list {
            for target in targets {
                println!("{:8} {}", target.package, target.name);
            }
            return Ok(ExitCode::SUCCESS);
        }
        is_there(root)?;
        let mut runs = Vec::new();
        for target in targets {
            runs.push(target.fuzz(root, self.seconds)?);
        }
        let [package, target, executions, rate, edges, files, kib] =
            ["package", "target", "executions", "per s", "edges", "files", "KiB"];
        println!(
            "\n{package:8} {target:14} {executions:>12} {rate:>9} {edges:>8} {files:>7} {kib:>6}"
        );
        for Run { target: Target { package, name, .. }, executions, edges, corpus, found } in &runs
        {
            let (rate, (files, bytes)) = (executions / u64::from(self.seconds), corpus);
            let found = if *found { "  failed" } else { "" };
            let kib = bytes.div_ceil(1024);
            println!(
                "{package:8} {name:14} {executions:>12} {rate:>9} {edges:>8} {files:>7} {kib:>6}{found}"
            );
        }
        let failed: Vec<&Target> =
            runs.iter().filter(|run| run.found).map(|run| &run.target).collect();
        for Target { package, on_stable, name } in &failed {
            println!(
                "\n{name}: copy what is in {package}/fuzz/artifacts/{name} to {package}/fuzz/corpus/{name}, then `{on_stable}`"
            );
        }
        Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Says in one line what to install.
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

/// Every target, by package and name.
fn all(root: &Path) -> Result<Vec<Target>> {
    let mut targets = Vec::new();
    for (package, on_stable) in PACKAGES {
        let folder = root.join(package).join("fuzz/targets");
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            let name = path.file_stem().and_then(|stem| Some(stem.to_str()?.to_owned()));
            targets.extend(name.map(|name| Target { package, on_stable, name }));
        }
    }
    targets.sort();
    Ok(targets)
}

/// Those of the targets that have one of these names; all, if there are no names.
fn chosen(all: Vec<Target>, names: &[String]) -> Result<Vec<Target>> {
    if let Some(unknown) = names.iter().find(|name| !all.iter().any(|known| known.name == **name)) {
        let known: Vec<&str> = all.iter().map(|target| target.name.as_str()).collect();
        bail!("there is no target `{unknown}`; there are {}", known.join(", "));
    }
    Ok(all.into_iter().filter(|known| names.is_empty() || names.contains(&known.name)).collect())
}

impl Target {
    fn fuzz(self, root: &Path, seconds: u32) -> Result<Run> {
        let package = root.join(self.package);
        let grown = root.join("target/fuzz/corpus").join(self.package).join(&self.name);
        fs::create_dir_all(&grown)?;
        eprintln!("{} {}:", self.package, self.name);
        let mut cargo = Command::new("cargo");
        // What cargo tells this command about itself makes build scripts that look at it, and all that depends on them, run anew.
        for (name, _) in std::env::vars_os() {
            let is_ours =
                |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
            if name.to_str().is_some_and(is_ours) {
                cargo.env_remove(&name);
            }
        }
        let mut child = cargo
            .current_dir(&package)
            .args(["+nightly", "fuzz", "run", "--sanitizer", "none", "--target-dir"])
            .arg(root.join("target/fuzz"))
            .arg(&self.name)
            .arg(&grown)
            .arg(package.join("fuzz/corpus").join(&self.name))
            .args(["--", "-max_len=4096", "-timeout=20", "-print_final_stats=1"])
            .arg(format!("-max_total_time={seconds}"))
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start cargo fuzz")?;
        let (mut executions, mut edges) = (0, 0);
        let messages = child.stderr.take().context("cargo fuzz has no standard error")?;
        for line in BufReader::new(messages).split(b'\n') {
            // A panic of a target may quote bytes that are no text.
            let line = String::from_utf8_lossy(&line?).into_owned();
            if let Some(number) = line.strip_prefix("stat::number_of_executed_units:") {
                executions = number.trim().parse().context("a number of executions")?;
            }
            // Lines of progress are many and are not passed on: `#2048 NEW cov: 412 ft: 618 …`.
            let mut words = line.split_whitespace().skip_while(|word| *word != "cov:");
            match words.nth(1).and_then(|number| number.parse().ok()) {
                Some(number) if line.starts_with('#') => edges = number,
                _ => eprintln!("  {line}"),
            }
        }
        let found = !child.wait()?.success();
        if executions == 0 && !found {
            bail!("{} ran nothing", self.name);
        }
        Ok(Run { corpus: size(&grown)?, target: self, executions, edges, found })
    }
}

/// How many files a folder has, and how many bytes.
fn size(folder: &Path) -> Result<(usize, u64)> {
    let mut size = (0, 0);
    for entry in fs::read_dir(folder)? {
        size.0 += 1;
        size.1 += entry?.metadata()?.len();
    }
    Ok(size)
}
