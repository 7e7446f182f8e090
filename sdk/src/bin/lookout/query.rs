//! `lookout query`: rows of a warehouse.

use lookout_sdk::schema::{QueryWarehouse, QueryWarehouseResult, Tool as _, TruncationReason};
use serde::Deserialize as _;
use serde_json::{Map, Value};

use crate::cli::{Cli, Format, QueryFlags};
use crate::connection::Connection;
use crate::failure::Failure;
use crate::screen::Screen;
use crate::{inert, input, rows};

/// The flags that are arguments of the tool, by their own names.
pub(crate) const FLAGS: [(&str, &str); 3] =
    [("warehouse", "warehouse_id"), ("max_rows", "max_rows"), ("timeout", "timeout_seconds")];

pub(crate) async fn run(cli: &Cli, flags: &QueryFlags, screen: &Screen) -> Result<(), Failure> {
    let connection = Connection::of(cli)?;
    let arguments = arguments(flags)?;
    let reply = connection.call(QueryWarehouse::NAME, arguments).await?;
    let json = reply.json.unwrap_or_default();
    let result = QueryWarehouseResult::deserialize(&json).map_err(|_| {
        Failure::Server(
            "the result does not have the documented shape; compare `lookout whoami`".to_owned(),
        )
    })?;
    let usual = if screen.json { Format::Json } else { Format::Table };
    match flags.output.unwrap_or(usual) {
        Format::Table => print_table(&result, screen)?,
        Format::Json => screen.print_json(&json)?,
        Format::Csv => screen.print(&guarded(rows::csv(&result), screen))?,
        Format::Ndjson => screen.print(&inert::json(&rows::ndjson(&result)))?,
        Format::Markdown => screen.print(&rows::markdown(&result))?,
    }
    remark(&result, screen);
    Ok(())
}

/// A statement may begin with a comment; what begins like one and is a single word is a flag that does not exist.
pub(crate) fn statement(text: &str) -> Result<String, String> {
    if text.len() > 1 && text.starts_with('-') && !text.contains(char::is_whitespace) {
        return Err("there is no such flag; `lookout query --help` shows them".to_owned());
    }
    Ok(text.to_owned())
}

fn arguments(flags: &QueryFlags) -> Result<Value, Failure> {
    let mut arguments = Map::new();
    arguments.insert("sql".to_owned(), input::text(&flags.sql, "the statement")?.into());
    let mut insert = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            arguments.insert(name.to_owned(), value);
        }
    };
    insert("warehouse_id", flags.warehouse.as_deref().map(Value::from));
    insert("max_rows", flags.max_rows.map(Value::from));
    insert("timeout_seconds", flags.timeout.map(Value::from));
    let mut params = Map::new();
    for (name, value) in &flags.param {
        if params.insert(name.clone(), value.clone()).is_some() {
            return Err(Failure::usage(format!("--param {name} is given more than once")));
        }
    }
    insert("params", (!params.is_empty()).then(|| params.into()));
    Ok(arguments.into())
}

fn print_table(result: &QueryWarehouseResult, screen: &Screen) -> Result<(), Failure> {
    let table = rows::table(result);
    screen.print(&table.render(screen.style))?;
    if table.is_cut() {
        screen.say("note: long values are cut; --output csv or json has them whole");
    }
    if screen.terminal {
        let rows = if result.row_count == 1 { "row" } else { "rows" };
        screen.say(&format!("{} {rows}, {} ms", result.row_count, result.elapsed_ms));
    }
    Ok(())
}

/// A pipe gets the values as they are, a terminal without what it would act on.
fn guarded(text: String, screen: &Screen) -> String {
    if screen.terminal { inert::text(&text) } else { text }
}

/// What to know about the result besides its rows.
fn remark(result: &QueryWarehouseResult, screen: &Screen) {
    if result.truncated {
        let advice = match result.truncation_reason {
            Some(TruncationReason::RowLimit) => "raise --max-rows, or aggregate in SQL",
            _ => "select fewer columns, or aggregate in SQL",
        };
        screen.say(&format!(
            "warning: the result is cut off after {} rows; {advice}",
            result.row_count
        ));
    }
    for hint in &result.hints {
        screen.say(&format!("note: {}", inert::line(hint)));
    }
}
