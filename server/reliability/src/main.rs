//! The command line of a reliability run; `cargo xtask reliability` builds the servers and calls it.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::{Parser, ValueEnum};
use lookout_reliability::bounds;
use lookout_reliability::clock;
use lookout_reliability::database::Database;
use lookout_reliability::isolation;
use lookout_reliability::run::Plan;
use lookout_reliability::site::Binaries;
use lookout_reliability::table;
use tokio::signal::unix::{SignalKind, signal};

/// Loads servers, kills them meanwhile, and judges everything that they answered.
#[derive(Parser)]
#[command(name = "lookout-reliability", version)]
struct Cli {
    /// The server.
    #[arg(long)]
    server: PathBuf,
    /// The server with planted faults and failpoints.
    #[arg(long)]
    danger: Option<PathBuf>,
    /// The planted fault that the servers have.
    #[arg(long)]
    fault: Option<String>,
    /// Minutes of load on each store.
    #[arg(long, default_value_t = 1.0)]
    minutes: f64,
    /// What the dice begin with.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Which store.
    #[arg(long, default_value = "both")]
    store: Stores,
    /// Arrivals in a second.
    #[arg(long, default_value_t = 200.0)]
    rate: f64,
    /// Hammers beside the load.
    #[arg(long, default_value_t = 4)]
    hammers: usize,
    /// Leave out idle connections, floods and overload.
    #[arg(long)]
    no_isolation: bool,
    /// The servers were built for development, so how soon they start says nothing.
    #[arg(long)]
    dev: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Stores {
    Sqlite,
    Postgres,
    Both,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    // The processes end with the values that the future holds.
    let outcome = tokio::select! {
        outcome = run(cli) => outcome,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
        () = terminated() => Err(anyhow::anyhow!("terminated")),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Completes when somebody asks the process to end.
async fn terminated() {
    match signal(SignalKind::terminate()) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    }
}

async fn run(cli: Cli) -> Result<bool> {
    if !(0.01..=1440.0).contains(&cli.minutes) || !(1.0..=20_000.0).contains(&cli.rate) {
        bail!("give --minutes from 0.01 to 1440 and --rate from 1 to 20000");
    }
    let is_fault = cli.fault.is_some();
    let plan = Plan {
        binaries: Binaries { server: cli.server, danger: cli.danger, fault: cli.fault },
        time: Duration::from_secs_f64(cli.minutes * 60.0),
        seed: cli.seed,
        rate: cli.rate,
        hammers: cli.hammers,
        calm: if is_fault { Duration::from_millis(300) } else { Duration::from_secs(2) },
        impatient: is_fault,
        measures_starts: !cli.dev,
        demands_enough: !is_fault,
    };
    isolation::raise_file_limit();
    let database = match cli.store {
        Stores::Sqlite => None,
        // Half of a run would look like a whole one.
        Stores::Postgres | Stores::Both => Some(
            Database::throwaway()
                .context("PostgreSQL is not installed; --store sqlite is a run without it")?,
        ),
    };
    let mut reports = Vec::new();
    if cli.store != Stores::Postgres {
        reports.push(plan.run(None).await?);
    }
    if let Some(database) = database {
        reports.push(plan.run(Some(database)).await?);
    }
    let nothing_yet = reports.iter().all(|report| report.findings.violations.is_empty());
    if plan.binaries.danger.is_some() && nothing_yet {
        let revived = clock::measure(plan.binaries.clone()).await?;
        reports[0].findings.violations.extend(revived);
        let unbounded = bounds::measure(plan.binaries.clone()).await?;
        reports[0].findings.violations.extend(unbounded);
    }
    // A fault that has shown itself needs no strangers.
    let has_shown = reports.iter().any(|report| !report.findings.violations.is_empty());
    let strangers = match cli.no_isolation || is_fault && has_shown {
        true => None,
        false => Some(isolation::measure(plan.binaries.clone(), cli.seed, is_fault).await?),
    };
    let text = table::render(&reports, strangers.as_ref(), cli.seed);
    std::io::stdout().write_all(text.as_bytes()).context("cannot write the table")?;
    let violations = reports.iter().map(|report| &report.findings.violations);
    let mut violations = violations.chain(strangers.iter().map(|strangers| &strangers.violations));
    Ok(violations.all(Vec::is_empty))
}
