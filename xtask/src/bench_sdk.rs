//! `cargo xtask bench-sdk`: what the SDK costs, beside reqwest by hand and beside rmcp's client, measured in one run.
//!
//! `sdk/benchmarks` has one program for each client, built by itself, and a server that answers with fixed bytes. Server and clients have a core each;
//! the clients take turns, and the medians of the rounds are compared. Ratios are of one run on one machine: numbers of different runs say nothing together.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, bail};
use clap::Args;

const CLIENTS: [&str; 3] = ["raw", "lookout", "rmcp"];
const IN_FLIGHT: [u32; 2] = [1, 64];
const MINIMAL: [&str; 2] = ["minimal-lookout", "minimal-rmcp"];

#[derive(Args, Debug)]
pub(crate) struct BenchSdk {
    /// How often each client is measured
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Calls in one measurement
    #[arg(long, default_value_t = 20_000)]
    calls: u64,
    /// Count instructions in user mode under valgrind as well, which other work on the machine does not change
    #[arg(long)]
    instructions: bool,
    /// Count crates and the CPU of clean release builds of minimal programs as well, which takes minutes
    #[arg(long)]
    builds: bool,
}

/// Ends the server with the benchmark.
struct Server {
    process: Child,
    endpoint: String,
}

/// What calls cost, in nanoseconds for one.
#[derive(Clone, Copy)]
struct Cost {
    cpu: f64,
    wall: f64,
}

impl BenchSdk {
    pub(crate) fn run(&self, root: &Path) -> Result<ExitCode> {
        let folder = root.join("sdk/benchmarks");
        let target = root.join("target/bench-sdk");
        for package in ["bench-server", "bench-raw", "bench-lookout", "bench-rmcp"] {
            build(&folder, &target, package)?;
        }
        let binary = |name: &str| target.join("release").join(format!("bench-{name}"));
        let server = Server::start(&binary("server"))?;
        self.measure(&server, binary)?;
        if self.instructions {
            count_instructions(&server, &target, binary)?;
        }
        if self.builds {
            compare_builds(&folder, &target)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn measure(&self, server: &Server, binary: impl Fn(&str) -> PathBuf) -> Result<()> {
        let mut costs = vec![Vec::new(); CLIENTS.len() * IN_FLIGHT.len()];
        for round in 1..=self.rounds {
            eprintln!("round {round} of {}", self.rounds);
            for (at, client) in CLIENTS.iter().enumerate() {
                for (among, in_flight) in IN_FLIGHT.iter().enumerate() {
                    let mut command = pinned(1, &binary(client));
                    command.arg(&server.endpoint).arg(in_flight.to_string());
                    costs[at * IN_FLIGHT.len() + among].push(cost(command, self.calls)?);
                }
            }
        }
        let medians: Vec<Cost> = costs.into_iter().map(median).collect();
        print("| client | in flight | CPU/call µs | of raw | of rmcp | wall/call µs |");
        print("|---|---|---|---|---|---|");
        for (at, client) in CLIENTS.iter().enumerate() {
            for (among, in_flight) in IN_FLIGHT.iter().enumerate() {
                let of = |client: usize| medians[client * IN_FLIGHT.len() + among];
                let (cost, raw, rmcp) = (of(at), of(0), of(2));
                print(&format!(
                    "| {client} | {in_flight} | {:.1} | {:.2} | {:.2} | {:.1} |",
                    cost.cpu / 1000.0,
                    cost.cpu / raw.cpu,
                    cost.cpu / rmcp.cpu,
                    cost.wall / 1000.0,
                ));
            }
        }
        Ok(())
    }
}

impl Server {
    fn start(binary: &Path) -> Result<Self> {
        let mut process = pinned(0, binary).stdout(Stdio::piped()).spawn()?;
        let stdout = process.stdout.take().context("the server has no output")?;
        let mut endpoint = String::new();
        BufReader::new(stdout).read_line(&mut endpoint)?;
        Ok(Self { process, endpoint: endpoint.trim().to_owned() })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _gone = self.process.kill().and_then(|()| self.process.wait());
    }
}

fn build(folder: &Path, target: &Path, package: &str) -> Result<()> {
    let mut cargo = Command::new(cargo());
    cargo.current_dir(folder).args(["build", "--release", "--locked", "--package", package]);
    let status = cargo.arg("--target-dir").arg(target).status().context("cannot start cargo")?;
    if !status.success() {
        bail!("{package} does not build");
    }
    Ok(())
}

/// A command on one core, where the machine has a way to say so.
fn pinned(core: u32, binary: &Path) -> Command {
    let known = Command::new("taskset").arg("--version").stdout(Stdio::null()).status();
    if !known.is_ok_and(|status| status.success()) {
        return Command::new(binary);
    }
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", &core.to_string()]).arg(binary);
    command
}

/// Runs a client, whose answer is the CPU and the time that the calls took, in nanoseconds.
fn cost(mut command: Command, calls: u64) -> Result<Cost> {
    let output = command.arg(calls.to_string()).stderr(Stdio::inherit()).output()?;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut numbers = told.split_whitespace().filter_map(|number| number.parse::<f64>().ok());
    let (Some(cpu), Some(wall)) = (numbers.next(), numbers.next()) else {
        bail!("{command:?} said {told:?}");
    };
    #[expect(clippy::cast_precision_loss, reason = "a number of calls is small")]
    let calls = calls as f64;
    Ok(Cost { cpu: cpu / calls, wall: wall / calls })
}

fn median(mut costs: Vec<Cost>) -> Cost {
    costs.sort_by(|one, other| one.cpu.total_cmp(&other.cpu));
    costs[costs.len() / 2]
}

/// Instructions for one sequential call: the difference of two runs, so that what happens once does not count.
fn count_instructions(
    server: &Server,
    target: &Path,
    binary: impl Fn(&str) -> PathBuf,
) -> Result<()> {
    const RUNS: [u64; 2] = [500, 1500];
    let mut rows = Vec::new();
    for client in CLIENTS {
        let mut counts = Vec::new();
        for calls in RUNS {
            let output = Command::new("valgrind")
                .args(["--tool=callgrind", "--callgrind-out-file"])
                .arg(target.join(format!("callgrind.{client}.{calls}")))
                .arg(binary(client))
                .args([&server.endpoint, "1", &calls.to_string()])
                .output()
                .context("cannot start valgrind")?;
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            let (_, count) =
                told.rsplit_once("Collected : ").context("valgrind counted nothing")?;
            counts.push(count.split_whitespace().next().unwrap_or_default().parse::<u64>()?);
        }
        rows.push((client, (counts[1] - counts[0]) / (RUNS[1] - RUNS[0])));
    }
    print("\n| client | instructions/call | of raw | of rmcp |");
    print("|---|---|---|---|");
    for (client, count) in &rows {
        let of = |other: usize| ratio(*count, rows[other].1);
        print(&format!("| {client} | {count} | {:.2} | {:.2} |", of(0), of(2)));
    }
    Ok(())
}

/// Crates in the tree and the CPU of a clean release build of the smallest program that signs a person in and calls a tool.
fn compare_builds(folder: &Path, target: &Path) -> Result<()> {
    let mut rows = Vec::new();
    for package in MINIMAL {
        let clean = target.join("clean");
        if clean.exists() {
            std::fs::remove_dir_all(&clean)?;
        }
        let crates = crates(folder, package)?;
        let before = children_cpu()?;
        build(folder, &clean, package)?;
        rows.push((package, crates, children_cpu()? - before));
    }
    print("\n| program | crates | of rmcp | clean release build CPU s | of rmcp |");
    print("|---|---|---|---|---|");
    for (package, crates, ticks) in &rows {
        let (_, all, most) = rows[1];
        print(&format!(
            "| {package} | {crates} | {:.2} | {:.1} | {:.2} |",
            ratio(*crates, all),
            ratio(*ticks, 100),
            ratio(*ticks, most),
        ));
    }
    Ok(())
}

/// How many crates a program links, itself left out.
fn crates(folder: &Path, package: &str) -> Result<u64> {
    let options = ["tree", "--locked", "--edges", "normal", "--prefix", "none", "--package"];
    let output = Command::new(cargo()).current_dir(folder).args(options).arg(package).output()?;
    let told = String::from_utf8(output.stdout)?;
    // A crate that was listed before ends in a star.
    let names: BTreeSet<&str> = told.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    Ok(u64::try_from(names.len())?.saturating_sub(1))
}

/// The CPU of the child processes that have ended, in hundredths of a second (`proc(5)`: `cutime` and `cstime`).
fn children_cpu() -> Result<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").context("this needs Linux")?;
    let (_, after) = stat.rsplit_once(')').context("the format of /proc is another")?;
    let fields: Vec<&str> = after.split_whitespace().collect();
    Ok(fields[13].parse::<u64>()? + fields[14].parse::<u64>()?)
}

#[expect(clippy::cast_precision_loss, reason = "the numbers are small")]
fn ratio(one: u64, other: u64) -> f64 {
    one as f64 / other as f64
}

#[expect(clippy::print_stdout, reason = "the table is what the command is for")]
fn print(line: &str) {
    println!("{line}");
}

fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
