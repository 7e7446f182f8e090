//! The workspace's commands: `cargo xtask help` lists them.

mod bench_sdk;
mod browser;
mod catalogue;
mod checks;
mod clients;
mod codegen;
mod conformance;
mod faults;
mod foreign;
mod frameworks;
mod fuzz;
mod official;
mod packages;
mod public_api;
mod reliability;
mod semver;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Commands of the Lookout MCP workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write every file that is generated from `schema/`
    Codegen {
        /// Write nothing; fail when a generated file is stale, and name it
        #[arg(long)]
        check: bool,
    },
    /// Run every test of the workspace
    Test,
    /// Lint every crate as people build it and as it is tested
    Lint,
    /// Check formatting, generated files, lints and dependencies, then run the tests
    Ci,
    /// Start the demo server on a free loopback port and judge it with the conformance harness
    Conformance(conformance::Conformance),
    /// Measure the harness: who catches each planted fault, how soon, and on how small an input
    Faults(faults::Faults),
    /// Install servers by other authors and judge them with the conformance harness
    Foreign(foreign::Foreign),
    /// Write the public API of the published crates, and name the items of the SDK that have no example
    Api(public_api::Api),
    /// Compare the public API with the last release, by `cargo semver-checks`
    Semver,
    /// Measure what the SDK costs beside reqwest by hand and rmcp's client
    BenchSdk(bench_sdk::BenchSdk),
    /// Load servers, kill them meanwhile, and judge everything that they answered
    Reliability(reliability::Reliability),
    /// Install the conformance suite of the MCP project and run it on the SDK
    Official(official::Official),
    /// Install what the tests in a real browser judge the pages with
    Browser(browser::Browser),
    /// Install clients by other authors and grade them with the conformance harness
    Clients(clients::Clients),
    /// Build one agent turn in each of several frameworks and run it against the demo server
    Frameworks(frameworks::Frameworks),
    /// Feed the parsers of the server and the SDK bytes by coverage, and hold their answers against a second opinion
    Fuzz(fuzz::Fuzz),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let root = workspace();
    let done = match arguments.command {
        Command::Codegen { check } => codegen::run(&root, check).map(|()| ExitCode::SUCCESS),
        Command::Test => checks::test(&root).map(|()| ExitCode::SUCCESS),
        Command::Lint => checks::lint(&root).map(|()| ExitCode::SUCCESS),
        Command::Ci => checks::ci(&root).map(|()| ExitCode::SUCCESS),
        Command::Conformance(conformance) => conformance.run(&root),
        Command::Faults(faults) => faults.run(&root),
        Command::Foreign(foreign) => foreign.run(&root),
        Command::Api(api) => api.run(&root),
        Command::Semver => semver::run(&root).map(|()| ExitCode::SUCCESS),
        Command::BenchSdk(bench) => bench.run(&root),
        Command::Reliability(reliability) => reliability.run(&root),
        Command::Official(official) => official.run(&root),
        Command::Browser(browser) => browser.run(&root),
        Command::Clients(clients) => clients.run(&root),
        Command::Frameworks(frameworks) => frameworks.run(&root),
        Command::Fuzz(fuzz) => fuzz.run(&root),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

/// The root of the workspace, which is the folder above this crate.
fn workspace() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    root.expect("this crate lies inside the workspace").to_owned()
}
