//! A server with one planted fault, for people who want to see what the conformance harness says about it.
//!
//! It exists only with the feature `danger-planted-faults` and is never shipped.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use lookout_server::App;
use lookout_server::danger::{Fault, faults, operations_faults, reliability_faults, variants};
use lookout_server::serving::{self, say};

/// A Lookout server that is wrong on purpose.
#[derive(Parser)]
#[command(name = "lookout-server-danger")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Name every fault and what it gets wrong.
    List,
    /// Run a server with one fault, or with failpoints alone.
    Serve {
        /// The fault; without one the server is strict.
        #[arg(long)]
        fault: Option<String>,
        #[command(flatten)]
        flags: serving::Flags,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::ERROR)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let outcome = match Cli::parse().command {
        Command::List => list(),
        Command::Serve { fault, flags } => serve(fault.as_deref(), flags).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn list() -> Result<()> {
    let all = || faults().chain(reliability_faults()).chain(operations_faults()).chain(variants());
    let width = all().map(|fault| fault.name.len()).max().unwrap_or_default();
    let line = |fault: &Fault| format!("{:width$}  {}\n", fault.name, fault.mistake);
    say(&faults().map(line).collect::<String>())?;
    say("\nFaults that show under load, on replicas or after a kill:\n")?;
    say(&reliability_faults().chain(operations_faults()).map(line).collect::<String>())?;
    say("\nLegal servers of other policies:\n")?;
    say(&variants().map(line).collect::<String>())
}

async fn serve(name: Option<&str>, flags: serving::Flags) -> Result<()> {
    let Some(name) = name else {
        return serving::run(flags, serving::plain, App::open, lookout_server::router).await;
    };
    let fault = faults()
        .chain(reliability_faults())
        .chain(operations_faults())
        .chain(variants())
        .find(|fault| fault.name == name)
        .with_context(|| format!("there is no fault {name:?}; `list` names them all"))?;
    let open = async |config| App::with_dangerous_policy(config, fault.policy()).await;
    serving::run(flags, |settings| fault.adjust(settings), open, |app| fault.router(app)).await
}
