//! `lookout call`: a command for each tool and a flag for each argument.

use clap::builder::{PossibleValuesParser, ValueParser};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use lookout_sdk::schema::{ToolEntry, catalogue};
use serde_json::{Map, Number, Value};

use crate::arguments::{Argument, Kind};
use crate::connection::Connection;
use crate::failure::Failure;
use crate::screen::Screen;
use crate::table::{WIDTH, wrapped};
use crate::{inert, input};

/// The flag that gives all arguments at once.
const ARGS: &str = "args";
const HEADING: &str = "Arguments";

/// A command for each tool.
pub(crate) fn commands() -> impl Iterator<Item = Command> {
    catalogue().tools.iter().map(|tool| {
        let flags = Argument::all(tool);
        let flags = flags.iter().map(flag).chain([all_at_once()]);
        Command::new(tool.name.as_str())
            .about(summary(&tool.description))
            .long_about(format!("{}\nNeeds {}.", wrapped(&tool.description, WIDTH, 0), tool.scopes))
            .args(flags)
    })
}

fn all_at_once() -> Arg {
    Arg::new(ARGS)
        .long(ARGS)
        .value_name("JSON")
        .help("All arguments as one JSON object, @FILE or - for standard input; flags replace its members")
        .help_heading(HEADING)
        .allow_hyphen_values(true)
}

fn flag(argument: &Argument) -> Arg {
    let long = argument.flag();
    let arg = Arg::new(argument.name)
        .long(long)
        .value_name(argument.placeholder())
        .help_heading(HEADING)
        .action(ArgAction::Set);
    let arg = if long == argument.name { arg } else { arg.alias(argument.name) };
    let arg = if argument.required { arg.required_unless_present(ARGS) } else { arg };
    limited(arg, argument)
}

/// A flag with the help and the limits of an argument.
fn limited(arg: Arg, argument: &Argument) -> Arg {
    let limits = argument.limits.join("; ");
    let limits = if limits.is_empty() { limits } else { format!(" [{limits}]") };
    let from = if argument.kind == Kind::Json { "; JSON, @FILE or -" } else { "" };
    let arg = arg.help(format!("{}{from}{limits}", argument.description.trim_end_matches('.')));
    match &argument.kind {
        Kind::Choice(values) => arg.value_parser(PossibleValuesParser::new(values.clone())),
        Kind::Integer { least, most } => {
            let range = least.unwrap_or(i64::MIN)..=most.unwrap_or(i64::MAX);
            arg.value_parser(value_parser!(i64).range(range)).allow_negative_numbers(true)
        }
        Kind::Number => arg.value_parser(value_parser!(f64)).allow_negative_numbers(true),
        Kind::Boolean => arg
            .value_parser(ValueParser::bool())
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true"),
        Kind::Json | Kind::Text => arg.allow_hyphen_values(true),
    }
}

/// The flag of another command that is an argument of a tool.
pub(crate) fn explained(arg: Arg, tool: &str, name: &str) -> Arg {
    let tool = catalogue().tool(tool).expect("the command is built on a tool of the catalogue");
    let argument = Argument::all(tool).into_iter().find(|argument| argument.name == name);
    limited(arg, &argument.expect("the command is built on arguments of the catalogue"))
}

/// What a description says before it goes into detail.
pub(crate) fn summary(text: &str) -> &str {
    text.split_inclusive(['.', ':', ';'])
        .next()
        .filter(|start| text.len() == start.len() || text[start.len()..].starts_with(' '))
        .map_or(text, |start| start.trim_end_matches(['.', ':', ';']))
}

/// How many digits a number can have and still be that number as a double.
const EXACT_DIGITS: usize = 15;

/// `NAME=VALUE`, where the value is a JSON scalar if it can be read as one; a number that would be rounded is text.
pub(crate) fn parameter(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    if name.is_empty() {
        return Err("write it as NAME=VALUE".to_owned());
    }
    let scalar = serde_json::from_str(value).ok().filter(|scalar: &Value| match scalar {
        Value::Number(number) => is_exact(number, value),
        scalar => !scalar.is_object() && !scalar.is_array(),
    });
    Ok((name.to_owned(), scalar.unwrap_or_else(|| value.into())))
}

/// Whether a number is still what was written.
fn is_exact(number: &Number, written: &str) -> bool {
    let is_short = written.bytes().filter(u8::is_ascii_digit).count() <= EXACT_DIGITS
        && !written.contains(['e', 'E']);
    is_short || number.to_string() == written
}

/// One call, as the command line has it.
pub(crate) struct Call {
    tool: &'static ToolEntry,
    arguments: Value,
}

impl Call {
    pub(crate) fn of(matches: &ArgMatches) -> Result<Self, Failure> {
        let (name, flags) = matches
            .subcommand_matches("call")
            .and_then(ArgMatches::subcommand)
            .expect("clap lets no call without a tool through");
        let tool = catalogue().tool(name).expect("the commands are the tools");
        let mut members = match flags.get_one::<String>(ARGS) {
            None => Map::new(),
            Some(given) => match input::json(given, "--args")? {
                Value::Object(members) => members,
                _ => {
                    return Err(Failure::usage(
                        "--args is one JSON object, such as '{\"limit\": 10}'",
                    ));
                }
            },
        };
        for argument in Argument::all(tool) {
            if let Some(value) = value(&argument, flags)? {
                members.insert(argument.name.to_owned(), value);
            }
        }
        Ok(Self { tool, arguments: members.into() })
    }

    pub(crate) async fn run(self, connection: &Connection, screen: &Screen) -> Result<(), Failure> {
        let reply = connection.call(&self.tool.name, self.arguments).await?;
        match reply.json {
            Some(json) => screen.print_json(&json),
            None => screen.print(&format!("{}\n", inert::text(&reply.text))),
        }
    }
}

/// The value of one flag, if it was given.
fn value(argument: &Argument, flags: &ArgMatches) -> Result<Option<Value>, Failure> {
    let name = argument.name;
    Ok(match argument.kind {
        Kind::Text | Kind::Choice(_) => {
            flags.get_one::<String>(name).map(|text| text.as_str().into())
        }
        Kind::Integer { .. } => flags.get_one::<i64>(name).map(|&number| number.into()),
        Kind::Number => flags.get_one::<f64>(name).map(|&number| number.into()),
        Kind::Boolean => flags.get_one::<bool>(name).map(|&truth| truth.into()),
        Kind::Json => match flags.get_one::<String>(name) {
            Some(given) => Some(input::json(given, &format!("--{}", argument.flag()))?),
            None => None,
        },
    })
}
