//! `lookout tools`: what can be called.

use lookout_sdk::schema::{ToolEntry, catalogue};
use serde_json::{Value, json};

use crate::arguments::{Argument, Kind};
use crate::call::summary;
use crate::cli::{Cli, ToolsFlags};
use crate::connection::Connection;
use crate::failure::Failure;
use crate::screen::{Screen, Style};
use crate::table;
use crate::table::{WIDTH, wrapped};

pub(crate) async fn run(cli: &Cli, flags: &ToolsFlags, screen: &Screen) -> Result<(), Failure> {
    if flags.remote {
        return remote(&Connection::of(cli)?, screen).await;
    }
    let Some(name) = &flags.name else {
        if screen.json {
            let all: Vec<_> = catalogue().tools.iter().map(described).collect();
            return screen.print_json(&all.into());
        }
        let lines = catalogue()
            .tools
            .iter()
            .map(|tool| (tool.name.clone(), tool.scopes.to_string(), tool.description.clone()));
        return screen.print(&overview(lines, screen.style));
    };
    let tool = catalogue().tool(name).expect("clap lets through the names of tools alone");
    if screen.json {
        screen.print_json(&described(tool))
    } else {
        screen.print(&page(tool, screen.style))
    }
}

/// What the server lists for this person.
async fn remote(connection: &Connection, screen: &Screen) -> Result<(), Failure> {
    let listed = connection.client()?.tools().await.map_err(|error| connection.failure(&error))?;
    if screen.json {
        let all = listed.iter().map(|tool| {
            json!({
                "name": tool.name,
                "title": tool.title,
                "description": tool.description,
                "inputSchema": tool.input_schema,
                "outputSchema": tool.output_schema,
                "annotations": tool.annotations,
            })
        });
        return screen.print_json(&all.collect::<Vec<_>>().into());
    }
    let lines = listed.into_iter().map(|tool| {
        let known = catalogue().tool(&tool.name);
        let scopes = known.map_or_else(|| "?".to_owned(), |known| known.scopes.to_string());
        (tool.name, scopes, tool.description)
    });
    screen.print(&overview(lines, screen.style))
}

fn overview(lines: impl Iterator<Item = (String, String, String)>, style: Style) -> String {
    let mut table =
        table::Table::new(["TOOL", "NEEDS", "WHAT IT DOES"].map(|name| (name.to_owned(), false)));
    table.show_whole();
    for (name, scopes, description) in lines {
        let what = summary(&description).to_owned();
        table.row([name, scopes, what].map(table::Cell::Text));
    }
    table.render(style)
}

fn described(tool: &ToolEntry) -> Value {
    let errors = catalogue().errors_of(tool);
    let errors = errors.map(|(code, entry)| {
        json!({ "code": code, "description": entry.description, "retryable": entry.retryable })
    });
    json!({
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "scopes": tool.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>(),
        "annotations": tool.annotations,
        "inputSchema": tool.input_schema,
        "outputSchema": tool.output_schema,
        "errors": errors.collect::<Vec<_>>(),
    })
}

/// All about one tool.
fn page(tool: &'static ToolEntry, style: Style) -> String {
    let effect = if tool.annotations.read_only_hint {
        "It changes nothing."
    } else {
        "It changes the workspace."
    };
    let mut page = format!("{}: {}\n\n", style.bold(&tool.name), tool.title);
    page += &wrapped(&tool.description, WIDTH, 0);
    page += &format!("\nNeeds {}. {effect}\n", tool.scopes);
    page += &format!("\n{}\n", style.bold("Arguments"));
    for argument in Argument::all(tool) {
        let needed = if argument.required { " (required)" } else { "" };
        let value = match &argument.kind {
            Kind::Boolean => String::new(),
            Kind::Choice(values) => format!(" {}", values.join("|")),
            _ => format!(" {}", argument.placeholder()),
        };
        page += &format!("  {}{value}{needed}\n", style.bold(&format!("--{}", argument.flag())));
        page += &wrapped(argument.description, WIDTH, 6);
        if !argument.limits.is_empty() {
            page += &wrapped(&argument.limits.join("; "), WIDTH, 6);
        }
    }
    page += &format!("\n{}\n", style.bold("Result"));
    let members = tool.output_schema["properties"].as_object().into_iter().flatten();
    page += &definitions(members.map(|(name, schema)| (name.as_str(), &schema["description"])));
    page += &format!("\n{}\n", style.bold("Errors"));
    let errors = catalogue().errors_of(tool);
    let errors: Vec<_> = errors
        .map(|(code, entry)| {
            let again = if entry.retryable { " May succeed later." } else { "" };
            (code, Value::from(format!("{}{again}", entry.description)))
        })
        .collect();
    page += &definitions(errors.iter().map(|(code, text)| (*code, text)));
    page
}

/// Names with their explanations beside them.
fn definitions<'a>(all: impl Iterator<Item = (&'a str, &'a Value)>) -> String {
    let all: Vec<_> = all.collect();
    let widest = all.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let one = |(name, text): &(&str, &Value)| {
        let indent = widest + 4;
        let lines = wrapped(text.as_str().unwrap_or_default(), WIDTH, indent);
        format!("  {name:<widest$}  {}", lines.trim_start())
    };
    all.iter().map(one).collect()
}
