//! An agent's loop, written by hand: a model asks for tools, Lookout answers, until the model has what it needs.
//!
//! The model is a script and the server is the fake of `lookout_sdk::testing`, so this runs anywhere:
//! `cargo run -p lookout-sdk --example agent_loop --features testing`.

#![expect(clippy::print_stdout, reason = "the conversation is what there is to see")]

use lookout_sdk::schema::ErrorCode;
use lookout_sdk::testing::{Answer, FakeLookout};
use lookout_sdk::{Access, Client, Error, definitions};
use serde_json::{Value, json};

/// What a model says in its turn.
enum Turn {
    CallTool { name: &'static str, arguments: Value },
    Say(String),
}

/// Stands for the API of a model: reads the conversation, and says the next thing.
fn model(tools: &[Value], heard: &[String]) -> Turn {
    match heard {
        [] => {
            println!("(the model sees {} tools)", tools.len());
            Turn::CallTool { name: "describe_table", arguments: json!({ "table": "order" }) }
        }
        // A failure is text that says what to do next, and the model does it.
        [failure] if failure.contains("Did you mean orders?") => {
            Turn::CallTool { name: "describe_table", arguments: json!({ "table": "orders" }) }
        }
        [_, _] => {
            let sql = "select country, count(*) as orders from orders group by country";
            Turn::CallTool { name: "query_warehouse", arguments: json!({ "sql": sql }) }
        }
        [.., rows] => {
            let result: Value = serde_json::from_str(rows).expect("a result is JSON");
            Turn::Say(format!(
                "Most orders, {}, come from {}.",
                result["rows"][0][1], result["rows"][0][0]
            ))
        }
    }
}

/// The loop itself; what a tool answers goes back to the model, be it a result or a failure.
async fn answer<S: Access>(client: &Client<S>) -> Result<String, Error> {
    let tools = definitions::anthropic(client.catalogue());
    let mut heard = Vec::new();
    loop {
        match model(&tools, &heard) {
            Turn::Say(answer) => return Ok(answer),
            Turn::CallTool { name, arguments } => {
                println!("-> {name} {arguments}");
                let reply = client.dispatch(name, arguments).await?;
                println!("<- {}", reply.text);
                heard.push(reply.text);
            }
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let lookout = FakeLookout::start();
    let missing = Answer::error(ErrorCode::TableNotFound).hint("Did you mean orders?");
    lookout.on("describe_table", Answer::sequence([missing, described()]));

    let answer = answer(&lookout.read_only_client()).await?;
    println!("{answer}");

    // In a test, this is where the assertions are.
    assert_eq!(answer, r#"Most orders, 412, come from "DE"."#);
    assert_eq!(lookout.calls().len(), 3);
    Ok(())
}

fn described() -> Answer {
    let column = json!({ "name": "country", "type": "TEXT", "normalized_type": "string", "nullable": true, "comment": null });
    Answer::result(json!({
        "warehouse_id": "shop", "schema": "main", "name": "orders", "qualified_name": "main.orders",
        "kind": "table", "comment": null, "columns": [column], "truncated": false, "columns_total": 1,
    }))
}
