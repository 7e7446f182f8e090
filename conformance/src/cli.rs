//! The command line.

mod client;
mod depth;
mod init;
pub(crate) mod output;
pub(crate) mod progress;
mod target;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::cli::client::Client;
use crate::cli::depth::Depth;
use crate::cli::init::Init;
use crate::cli::output::Output;
use crate::cli::target::TargetArguments;

const EXAMPLES: &str = "\
Examples:
  Any server, described in a file, which `init` begins:
    lookout-conformance init https://mcp.example.com/mcp
    lookout-conformance server --target target.toml

  Everything that can be tried without an account:
    lookout-conformance server --url http://127.0.0.1:8787/mcp

  Everything, against the demo server on this machine:
    export LOOKOUT_CONFORMANCE_PASSWORD=…
    lookout-conformance server --url http://127.0.0.1:8787 --user ada@example.com

  One area and one check, with more inputs and another seed:
    lookout-conformance server --url … --only pkce --only code/concurrent --cases 100 --seed 7

  A report for a pipeline, with warnings counted as failures:
    lookout-conformance server --url … --strict --json report.json

Exit codes:
  0  the server conforms, as far as it was tested
  1  it does not
  2  the command line is wrong
  3  the server could not be exercised, or some check or all could not be concluded";

const REPLAY_EXIT_CODES: &str = "\
Exit codes:
  0  the counterexample is gone
  1  it is reproduced
  2  the file or the command line is wrong
  3  it cannot be tried: the harness changed, or the server could not be exercised";

/// Tries to prove that an OAuth-protected MCP server does not conform.
///
/// Each check states one claim and looks for a counterexample to it. A failure comes with what was
/// expected, what was observed, the smallest input that shows it and the exchanges behind it, all
/// without secrets.
#[derive(Debug, Parser)]
#[command(version, about, after_long_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check a server: its authorization server, its MCP endpoint and its pages.
    Server(Box<Server>),
    /// Check a client: start it among servers that misbehave, and judge what it does.
    Client(Box<Client>),
    /// Begin a target.toml for a server by looking at what it publishes.
    Init(Init),
    /// Try one recorded counterexample again, exactly, and nothing else.
    Replay(Box<Replay>),
    /// Print every requirement with the checks that try it, as Markdown.
    Requirements,
}

#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Server {
    #[command(flatten)]
    pub(crate) target: TargetArguments,

    /// Run only this check or area; may be given more than once.
    #[arg(long, value_name = "ID|AREA")]
    pub(crate) only: Vec<String>,

    /// Where all generated input comes from; the same seed gives the same verdicts.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) seed: u64,

    /// How many inputs each property is tried on.
    #[arg(long, value_name = "NUMBER", default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) cases: u32,

    #[command(flatten)]
    pub(crate) depth: Depth,

    /// How many seconds a check may wait for something to expire.
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    pub(crate) max_wait: u64,

    /// How many seconds one request may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) timeout: u64,

    /// How many checks run at once.
    #[arg(long, value_name = "NUMBER", default_value_t = 3, value_parser = some_threads)]
    pub(crate) threads: usize,

    /// Count a SHOULD or a hardening claim that does not hold as a failure.
    #[arg(long)]
    pub(crate) strict: bool,

    /// List the checks and run nothing.
    #[arg(long)]
    pub(crate) list: bool,

    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Args, Debug)]
#[command(after_long_help = REPLAY_EXIT_CODES)]
pub(crate) struct Replay {
    /// A file that --replay-dir of `server` or `client` wrote.
    pub(crate) file: PathBuf,

    /// The client and its arguments, after `--`, when the file is about a client.
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,

    /// How to reach the server. Without --target and --url it is at the address in the file.
    #[command(flatten)]
    pub(crate) target: TargetArguments,

    /// How many seconds the check may wait for something to expire.
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    pub(crate) max_wait: u64,

    /// How many seconds one request may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) timeout: u64,
}

/// A number of threads; none at all would run nothing.
fn some_threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("expected at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(_) => Err("expected a whole number".to_owned()),
    }
}
