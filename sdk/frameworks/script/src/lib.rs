//! The turn that every recipe is to come to, and a model that says what its script says.
//!
//! The model asks which warehouses there are, misspells a table, reads what went wrong, asks again and answers. What it says last stands in no recipe:
//! it comes out of the result of the tool, so a recipe that drops a result, or the text of a failure, ends with other words.

pub mod openai;

use anyhow::{Context as _, Result, bail, ensure};
use lookout_sdk::schema::QueryWarehouse;
use lookout_sdk::{Access, Client, ReadOnly, Reads};
use serde_json::{Value, json};

/// What the person asks.
pub const QUESTION: &str = "How many orders are there?";

/// What the model does next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// It calls a tool.
    Call {
        /// The tool's name.
        name: &'static str,
        /// What it is called with.
        arguments: Value,
    },
    /// It answers, and the turn is over.
    Say(String),
}

/// What the model does when it has seen these results of its calls, the first one first.
#[must_use]
pub fn next(seen: &[String]) -> Step {
    let query =
        |sql: &str| Step::Call { name: "query_warehouse", arguments: json!({ "sql": sql }) };
    match seen {
        [] => Step::Call { name: "list_warehouses", arguments: json!({}) },
        [_] => query("select count(*) as n from ordrs"),
        [_, failure] if failure.contains("table_not_found") => {
            query("select count(*) as n from orders")
        }
        [_, _, found] => {
            Step::Say(answer(found).unwrap_or_else(|| format!("I cannot read {found:?}.")))
        }
        _ => Step::Say("What the tools told me makes no sense.".to_owned()),
    }
}

fn answer(found: &str) -> Option<String> {
    let found: Value = serde_json::from_str(found).ok()?;
    Some(said(&found["rows"][0][0]))
}

fn said(count: &Value) -> String {
    let count = count.as_str().map_or_else(|| count.to_string(), str::to_owned);
    format!("There are {count} orders.")
}

/// A client that only reads, of the endpoint in `LOOKOUT_URL` and with the programmatic token in `LOOKOUT_TOKEN`.
///
/// # Errors
///
/// When one of them is missing, or cannot be used.
pub fn client() -> Result<Client<ReadOnly>> {
    let variable = |name: &'static str| std::env::var(name).context(name);
    let client = Client::builder(variable("LOOKOUT_URL")?).token(variable("LOOKOUT_TOKEN")?);
    Ok(client.read_only().build()?)
}

/// What the model is to say in the end, asked without any framework.
///
/// # Errors
///
/// When the demo's shop cannot be queried.
pub async fn expected<S: Access + Reads>(client: &Client<S>) -> Result<String> {
    let query: QueryWarehouse =
        serde_json::from_value(json!({ "sql": "select count(*) from orders" }))?;
    let found = client.query_warehouse(query).await?;
    Ok(said(&found.rows[0][0]))
}

/// Prints the turn, and fails when it is not the one that the script tells of.
///
/// # Errors
///
/// When the model saw, or said, something else.
pub async fn judge(client: &Client<ReadOnly>, seen: &[String], said: &str) -> Result<()> {
    println!("asked:  {QUESTION}");
    for (index, result) in seen.iter().enumerate() {
        if let Step::Call { name, arguments } = next(&seen[..index]) {
            let shown: String = result.chars().take(100).collect();
            println!("called: {name} {arguments}\n        {shown}");
        }
    }
    println!("said:   {said}");
    ensure!(seen.len() == 3, "the model saw {} results and not 3", seen.len());
    ensure!(seen[1].contains("table_not_found"), "the model did not read what went wrong");
    let expected = expected(client).await?;
    if said != expected {
        bail!("the model was to say {expected:?}");
    }
    Ok(())
}
