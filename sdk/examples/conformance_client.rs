//! The client that the official conformance suite of MCP runs: lists the tools of a server and calls each of them once.
//!
//! `cargo xtask official run` starts it, with the server's URL as its argument and the suite's environment: `MCP_CONFORMANCE_SCENARIO` is the name of the
//! scenario, and `MCP_CONFORMANCE_CONTEXT` a JSON object with what an operator would have configured, such as a client identifier with its secret.
//! Everything is done as the guide says; only the person is played: whoever is asked opens the authorization URL and follows where it leads.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use lookout_sdk::auth::OAuth;
use lookout_sdk::{Client, ToolDescription, ToolReply};
use serde_json::{Map, Value};

/// Where the suite says that the metadata document of its client is.
const METADATA_DOCUMENT: &str = "https://conformance-test.local/client-metadata.json";

/// The suite itself waits for half a minute.
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            let mut source = error.source();
            while let Some(cause) = source {
                eprintln!("  because {cause}");
                source = cause.source();
            }
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("the URL of an MCP server is missing")?;
    let context: Value = match std::env::var("MCP_CONFORMANCE_CONTEXT") {
        Ok(context) => serde_json::from_str(&context)?,
        Err(_) => Value::Null,
    };
    let client = Client::builder(url).oauth(oauth(&context)).timeout(PATIENCE).build()?;
    let tools = authorized(&client, async || client.tools().await).await?;
    for (name, arguments) in calls(&tools, &context) {
        let reply = call(&client, &name, &arguments).await?;
        eprintln!("{name}: {}", reply.text);
    }
    client.close().await;
    Ok(())
}

fn oauth(context: &Value) -> OAuth {
    let oauth = OAuth::new().client_name("Conformance client").present(consent);
    let text = |name: &str| context[name].as_str();
    match (text("issuer"), text("client_id"), text("client_secret")) {
        (Some(issuer), Some(id), Some(secret)) => {
            oauth.registered_client_with_secret(issuer, id, secret)
        }
        _ => oauth.metadata_document(METADATA_DOCUMENT),
    }
}

/// A browser whose person agrees with everything.
fn consent(url: &str) {
    let url = url.to_owned();
    tokio::spawn(async move {
        if let Err(error) = reqwest::get(url).await {
            eprintln!("the browser failed: {error}");
        }
    });
}

async fn call(
    client: &Client,
    name: &str,
    arguments: &Value,
) -> Result<ToolReply, lookout_sdk::Error> {
    loop {
        let reply =
            authorized(client, async || client.dispatch(name, arguments.clone()).await).await?;
        // A scope that is missing is a reply, for a model to read; this program asks the person at once.
        if reply.required_scopes().is_empty() {
            return Ok(reply);
        }
        client.step_up(reply.required_scopes()).await?;
    }
}

/// Does something, asking the person for what it turns out to need; the client itself knows when to stop asking.
async fn authorized<T>(
    client: &Client,
    action: impl AsyncFn() -> Result<T, lookout_sdk::Error>,
) -> Result<T, lookout_sdk::Error> {
    let mut is_signed_in = false;
    loop {
        match action().await {
            Err(error) if error.is_unauthorized() && !is_signed_in => {
                client.sign_in().await?;
                is_signed_in = true;
            }
            Err(error) if error.is_insufficient_scope() => {
                client.step_up(error.required_scopes()).await?;
            }
            other => return other,
        }
    }
}

/// The calls that the scenario names, or one of each tool.
fn calls(tools: &[ToolDescription], context: &Value) -> Vec<(String, Value)> {
    if let Some(named) = context["toolCalls"].as_array() {
        let name = |call: &Value| call["name"].as_str().unwrap_or_default().to_owned();
        return named.iter().map(|call| (name(call), call["arguments"].clone())).collect();
    }
    tools.iter().map(|tool| (tool.name.clone(), arguments(tool, tools))).collect()
}

/// The arguments that the tool requires, of the right types; a schema that is asked for is the one of the first tool.
fn arguments(tool: &ToolDescription, tools: &[ToolDescription]) -> Value {
    let required = tool.input_schema["required"].as_array().into_iter().flatten();
    let arguments: Map<String, Value> = required
        .filter_map(Value::as_str)
        .map(|name| {
            let value = match tool.input_schema["properties"][name]["type"].as_str() {
                Some("integer" | "number") => 3.into(),
                Some("boolean") => true.into(),
                Some("object") => tools[0].input_schema.clone(),
                Some("array") => Value::Array(Vec::new()),
                _ => "text".into(),
            };
            (name.to_owned(), value)
        })
        .collect();
    arguments.into()
}
