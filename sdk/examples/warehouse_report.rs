//! Connects to a Lookout server, looks around, and prints which countries bought how much, as a table.
//!
//! ```text
//! cargo run -p lookout-sdk --example warehouse_report
//! cargo run -p lookout-sdk --example warehouse_report -- "select name from products"
//! ```
//!
//! `LOOKOUT_URL` is the MCP endpoint, `http://127.0.0.1:8787/mcp` unless set.
//! With `LOOKOUT_TOKEN` that programmatic token is sent; without it a browser is where you sign in.

#![expect(clippy::print_stdout, reason = "a report is printed")]

use std::error::Error;
use std::process::ExitCode;

use lookout_sdk::auth::OAuth;
use lookout_sdk::schema::{ListTables, ListWarehouses, QueryWarehouse, QueryWarehouseResult};
use lookout_sdk::{Client, ReadOnly};
use serde_json::Value;

const MOST_ROWS: i64 = 20;

/// Of the shop that `lookout-server serve --demo` comes with.
const SALES_BY_COUNTRY: &str = "\
    SELECT customers.country, COUNT(*) AS orders, ROUND(SUM(orders.total_cents) / 100.0, 2) AS revenue \
    FROM orders JOIN customers ON customers.id = orders.customer_id \
    WHERE orders.status <> 'cancelled' GROUP BY customers.country ORDER BY revenue DESC LIMIT 10";

#[tokio::main]
async fn main() -> ExitCode {
    match report().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn report() -> Result<(), Box<dyn Error>> {
    let client = connect().await?;

    let warehouses = client.list_warehouses(ListWarehouses::default()).await?.warehouses;
    for warehouse in &warehouses {
        println!("warehouse {} ({})", warehouse.id, warehouse.name);
    }
    let first = warehouses.first().ok_or("no warehouse is connected to this workspace")?;

    let listing = ListTables::new().warehouse_id(&first.id);
    for table in client.list_tables(listing).await?.tables {
        println!("table     {}", table.qualified_name);
    }

    let sql = std::env::args().nth(1).unwrap_or_else(|| SALES_BY_COUNTRY.to_owned());
    println!("\n{sql}\n");
    let query = QueryWarehouse::new(sql).warehouse_id(&first.id).max_rows(MOST_ROWS);
    match client.query_warehouse(query).await {
        Ok(result) => print_table(&result),
        // What the tool has to say about the statement is for the person who wrote it.
        Err(error) if error.is_tool_error() => println!("{error}"),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// A read-only client: this program could not save a dashboard if it tried.
async fn connect() -> Result<Client<ReadOnly>, lookout_sdk::Error> {
    let url =
        std::env::var("LOOKOUT_URL").unwrap_or_else(|_| "http://127.0.0.1:8787/mcp".to_owned());
    let builder =
        Client::builder(url).client_info("warehouse-report", env!("CARGO_PKG_VERSION")).read_only();
    if let Ok(token) = std::env::var("LOOKOUT_TOKEN") {
        return builder.token(token).build();
    }
    let oauth = OAuth::new().client_name("Warehouse report").present(|url| {
        println!("Open this address in the browser of this machine to sign in:\n\n  {url}\n")
    });
    let client = builder.oauth(oauth).build()?;
    let granted = client.sign_in().await?;
    println!("signed in with {}\n", granted.join(" "));
    Ok(client)
}

fn print_table(result: &QueryWarehouseResult) {
    let header = result.columns.iter().map(|column| column.name.clone()).collect();
    let rows: Vec<Vec<String>> = std::iter::once(header)
        .chain(result.rows.iter().map(|row| row.iter().map(cell).collect()))
        .collect();
    let widths: Vec<usize> = (0..result.columns.len())
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    for (number, row) in rows.iter().enumerate() {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}")).collect();
        println!("{}", cells.join("  ").trim_end());
        if number == 0 {
            println!(
                "{}",
                widths.iter().map(|&width| "-".repeat(width)).collect::<Vec<_>>().join("  ")
            );
        }
    }
    let cut = if result.truncated { ", and there are more" } else { "" };
    println!("\n{} rows in {} ms{cut}", result.row_count, result.elapsed_ms);
}

/// A cell for a terminal: what a warehouse stores must not be able to move the cursor or change colours.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
