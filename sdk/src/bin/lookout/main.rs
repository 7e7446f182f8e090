//! The command `lookout`: sign in to a workspace, look at its tools, call them, and query its warehouses.
//!
//! Invariants: the tools and their flags come from the catalogue and from nowhere else; a secret is never an argument and never printed;
//! standard output has the result alone, and what a server wrote is shown so that no terminal acts on it.
//! Deliberately absent: prompts, a configuration file, and anything that the library cannot do.

mod arguments;
mod browser;
mod call;
mod cli;
mod connection;
mod failure;
mod inert;
mod input;
mod login;
mod query;
mod rows;
mod screen;
mod table;
mod tools;
mod whoami;

use std::process::ExitCode;

use clap::{ArgMatches, FromArgMatches as _};

use self::cli::{Cli, Command};
use self::connection::Connection;
use self::failure::Failure;
use self::screen::Screen;

fn main() -> ExitCode {
    let matches = match cli::command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return refuse(&error),
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let screen = Screen::new(cli.json);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(run(&cli, &matches, &screen)),
        Err(error) => Err(Failure::machine("the program could not be started", &error)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(&screen),
    }
}

async fn run(cli: &Cli, matches: &ArgMatches, screen: &Screen) -> Result<(), Failure> {
    match &cli.command {
        Command::Login(flags) => login::login(&Connection::of(cli)?, flags, screen).await,
        Command::Logout => login::logout(&Connection::of(cli)?, screen).await,
        Command::Whoami => whoami::run(&Connection::of(cli)?, screen).await,
        Command::Tools(flags) => tools::run(cli, flags, screen).await,
        Command::Call {} => {
            let call = call::Call::of(matches)?;
            call.run(&Connection::of(cli)?, screen).await
        }
        Command::Query(flags) => query::run(cli, flags, screen).await,
        Command::Completions { shell } => screen.print(&cli::completions(*shell)),
    }
}

/// Help and version go out as they are; any other refusal says what would be right.
fn refuse(error: &clap::Error) -> ExitCode {
    let is_refusal = error.use_stderr();
    // The flags could not be read, so this one is looked for by hand.
    if is_refusal && std::env::args_os().any(|argument| argument == "--json") {
        let told = error.render().to_string();
        let told = told.trim_start_matches("error: ").lines().next().unwrap_or_default();
        return Failure::usage(told).report(&Screen::new(true));
    }
    // There is nobody left to tell when this fails.
    let _gone = error.print();
    if is_refusal { ExitCode::from(failure::USAGE) } else { ExitCode::SUCCESS }
}
