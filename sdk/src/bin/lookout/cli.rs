//! The commands and their flags, as a person sees them.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{ArgAction, Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use lookout_sdk::catalogue;
use lookout_sdk::schema::{QueryWarehouse, Tool as _};

use crate::{call, query};

/// Work with a Lookout workspace from the command line.
///
/// Sign in once with `lookout login --url https://…/mcp`; the endpoint and
/// the credentials are remembered. A program without a person sets
/// LOOKOUT_URL and LOOKOUT_TOKEN instead.
#[derive(Debug, Parser)]
#[command(
    name = "lookout",
    version,
    verbatim_doc_comment,
    arg_required_else_help = true,
    disable_help_flag = true,
    after_help = AFTER
)]
pub(crate) struct Cli {
    /// The MCP endpoint, such as https://lookout.example/mcp; that of the last login unless given.
    #[arg(long, global = true, help_heading = GLOBAL, env = "LOOKOUT_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Read a programmatic token from this file instead of LOOKOUT_TOKEN; `-` is standard input.
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Print results, and errors too, as JSON for a program.
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) json: bool,
    /// Print help; `-h` is short.
    #[arg(long, short, global = true, help_heading = GLOBAL, action = ArgAction::Help)]
    help: Option<bool>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const GLOBAL: &str = "Global options";

const AFTER: &str = "\
Environment:
  LOOKOUT_URL    The MCP endpoint, unless --url is given
  LOOKOUT_TOKEN  A programmatic token, made on Lookout's token page; used instead of a sign-in
  BROWSER        The program that `login` opens the sign-in page with
  NO_COLOR       No colours, whatever the terminal can do

Exit codes:
  0  Done
  1  The tool ran and failed
  2  The command, its flags or its arguments are wrong
  3  Not signed in, or not allowed
  4  The server cannot be reached, or its answer makes no sense";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sign in with the browser and remember it
    ///
    /// Opens Lookout's consent page, where you choose what this computer may do,
    /// and waits for your answer. The credentials are kept in a file that only
    /// you can read, below your configuration folder.
    #[command(
        verbatim_doc_comment,
        after_help = "\
Examples:
  lookout login --url https://lookout.example/mcp
  lookout login --read-only"
    )]
    Login(LoginFlags),
    /// Revoke the sign-in at the server and forget it.
    Logout,
    /// Show where you are signed in, how, and what you may do.
    Whoami,
    /// List the tools, or show all about one
    ///
    /// The list is the catalogue that this program was built with and needs no
    /// sign-in; --remote asks the server what it lets you call.
    #[command(verbatim_doc_comment)]
    Tools(ToolsFlags),
    /// Call a tool and print its result as JSON
    ///
    /// Every tool is a command with a flag for each of its arguments;
    /// `lookout call TOOL --help` shows them.
    #[command(
        verbatim_doc_comment,
        subcommand_value_name = "TOOL",
        subcommand_help_heading = "Tools",
        subcommand_required = true,
        arg_required_else_help = true,
        disable_help_subcommand = true,
        after_help = "\
Examples:
  lookout call list_tables --schema main --limit 20
  lookout call save_dashboard --title Sales --spec @sales.json --dry-run
  echo '{\"table\": \"orders\"}' | lookout call describe_table --args -"
    )]
    Call {},
    /// Run one read-only SQL statement and print the rows.
    #[command(after_help = "\
Examples:
  lookout query 'select country, count(*) from customers group by country'
  lookout query @report.sql --param since=2026-11-01 --output csv > report.csv
  lookout query - --max-rows 2000 --output ndjson < report.sql")]
    Query(QueryFlags),
    /// Print a script that completes commands, tools and flags in your shell.
    #[command(after_help = "\
Examples:
  lookout completions bash > ~/.local/share/bash-completion/completions/lookout
  lookout completions zsh > ~/.zfunc/_lookout
  lookout completions fish > ~/.config/fish/completions/lookout.fish
  lookout completions powershell >> $PROFILE")]
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: Shell,
    },
}

#[derive(Args, Debug)]
pub(crate) struct LoginFlags {
    /// Ask for reading alone, so that nothing in the workspace can be changed from here.
    #[arg(long)]
    pub(crate) read_only: bool,
    /// Print the address of the sign-in page instead of opening a browser; open it on this computer.
    #[arg(long)]
    pub(crate) no_browser: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ToolsFlags {
    /// Show this tool: its arguments with their limits, its scope and its errors.
    pub(crate) name: Option<String>,
    /// Ask the server which tools it lets you call.
    #[arg(long, conflicts_with = "name")]
    pub(crate) remote: bool,
}

#[derive(Args, Debug)]
pub(crate) struct QueryFlags {
    /// The statement; `@FILE` reads it from a file and `-` from standard input.
    #[arg(allow_hyphen_values = true, value_parser = query::statement)]
    pub(crate) sql: String,
    #[arg(long, short, value_name = "ID")]
    pub(crate) warehouse: Option<String>,
    #[arg(long, short = 'n', value_name = "N")]
    pub(crate) max_rows: Option<i64>,
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<i64>,
    /// A value for `:NAME` in the statement: a number, true, false, null, or else text. Can be repeated.
    #[arg(long, short, value_name = "NAME=VALUE", value_parser = call::parameter)]
    pub(crate) param: Vec<(String, serde_json::Value)>,
    /// How to print the rows; a table unless --json or this says otherwise.
    #[arg(long, short, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,
}

/// How rows are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns for people; long values are cut.
    Table,
    /// Comma-separated values with a header (RFC 4180); NULL is empty, empty text is "".
    Csv,
    /// The whole result as the server sent it, with columns and rows.
    Json,
    /// One JSON object for each row and line.
    Ndjson,
    /// A Markdown table.
    Markdown,
}

/// The whole command line, with the tools of the catalogue.
pub(crate) fn command() -> clap::Command {
    let names = catalogue().tools.iter().map(|tool| tool.name.as_str());
    let names = PossibleValuesParser::new(names);
    Cli::command()
        .mut_subcommand("tools", |tools| {
            tools.mut_arg("name", |name| name.value_parser(names).hide_possible_values(true))
        })
        .mut_subcommand("call", |call| call.subcommands(call::commands()))
        .mut_subcommand("query", |query| {
            query::FLAGS.into_iter().fold(query, |query, (flag, argument)| {
                query.mut_arg(flag, |arg| call::explained(arg, QueryWarehouse::NAME, argument))
            })
        })
}

pub(crate) fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "lookout", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::command().debug_assert();
    }
}
