//! The SDK's client, doing the task that `CLIENTS.md` describes.
//!
//! The SDK opens the browser, hears the answer and keeps the credentials by itself. What its guide leaves to an application is done as the guide shows it:
//! signing in, asking for further scopes, and calling again after either.

#![expect(clippy::print_stderr, reason = "the contract wants errors there")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use lookout_sdk::auth::{FileStore, OAuth};
use lookout_sdk::{Client, Error};
use serde_json::Value;
use tokio::task::JoinSet;

/// The contract's limit on one step.
const STEP: Duration = Duration::from_secs(15);
/// The SDK gives a call a minute, which is longer than that.
const CALL: Duration = Duration::from_secs(10);

fn client(url: &str) -> Result<Client> {
    let variable = |name| std::env::var(name).with_context(|| format!("{name} is not set"));
    let patience: f64 = variable("LOOKOUT_CONFORMANCE_PATIENCE")?.parse()?;
    let store = PathBuf::from(variable("LOOKOUT_CONFORMANCE_STORE")?);
    let mut oauth = OAuth::new()
        .client_name("Lookout SDK")
        .metadata_document("https://lookout.example/clients/sdk.json")
        .store(FileStore::new(store.join("credentials")))
        .patience(Duration::from_secs_f64(patience));
    if let Ok(identifier) = variable("LOOKOUT_CONFORMANCE_CLIENT_ID") {
        oauth = oauth.registered_client(variable("LOOKOUT_CONFORMANCE_ISSUER")?, identifier);
    }
    Ok(Client::builder(url).oauth(oauth).timeout(CALL).build()?)
}

/// Does what a refusal asks of the person; the caller then calls once more.
async fn answer(client: &Client, refusal: Error) -> Result<(), Error> {
    if refusal.is_unauthorized() {
        client.sign_in().await.map(drop)
    } else if refusal.is_insufficient_scope() {
        client.step_up(refusal.required_scopes()).await.map(drop)
    } else {
        Err(refusal)
    }
}

async fn list_tools(client: &Client) -> Result<()> {
    if let Err(refusal) = client.tools().await {
        answer(client, refusal).await?;
        client.tools().await?;
    }
    Ok(())
}

async fn call_tool(client: &Client, call: &Value) -> Result<()> {
    let name = call["name"].as_str().context("a call has no name")?;
    let arguments = &call["arguments"];
    let reply = match client.dispatch(name, arguments.clone()).await {
        Ok(reply) => reply,
        Err(refusal) => {
            answer(client, refusal).await?;
            client.dispatch(name, arguments.clone()).await?
        }
    };
    let reply = match reply.required_scopes() {
        [] => reply,
        needed => {
            client.step_up(needed).await?;
            client.dispatch(name, arguments.clone()).await?
        }
    };
    if reply.is_error { bail!("the tool reported an error") } else { Ok(()) }
}

async fn call_tools(client: &Client, calls: &Value) -> Result<()> {
    let mut running = JoinSet::new();
    for call in calls.as_array().context("the step has no calls")? {
        let (client, call) = (client.clone(), call.clone());
        running.spawn(async move { call_tool(&client, &call).await });
    }
    while let Some(done) = running.join_next().await {
        done??;
    }
    Ok(())
}

/// Dropping the future is how a call is cancelled.
async fn cancel_call(client: &Client, step: &Value) -> Result<()> {
    let after = Duration::from_millis(step["after_ms"].as_u64().unwrap_or(300));
    match tokio::time::timeout(after, call_tool(client, step)).await {
        Err(_) => Ok(()),
        Ok(Err(error)) => Err(error),
        Ok(Ok(())) => bail!("the call ended before it was cancelled"),
    }
}

/// Does the steps, and ends the connection whatever became of them.
async fn run() -> Result<()> {
    let given = std::env::args().nth(1);
    let url = given.map_or_else(|| std::env::var("LOOKOUT_CONFORMANCE_URL"), Ok)?;
    let mut client = client(&url)?;
    let done = run_steps(&mut client, &url).await;
    client.close().await;
    done
}

async fn run_steps(client: &mut Client, url: &str) -> Result<()> {
    let task: Value = serde_json::from_str(&std::env::var("LOOKOUT_CONFORMANCE_TASK")?)?;
    let late = |_| anyhow!("a step took too long");
    tokio::time::timeout(STEP, client.sign_in()).await.map_err(late)??;
    for step in task["steps"].as_array().context("the task has no steps")? {
        let name = step["do"].as_str().unwrap_or_default();
        let done = async {
            match name {
                "list-tools" => list_tools(client).await?,
                "call-tool" => call_tool(client, step).await?,
                "call-tools" => call_tools(client, &step["calls"]).await?,
                "cancel-call" => cancel_call(client, step).await?,
                "sign-out" => drop(client.sign_out().await?),
                "reconnect" => {
                    client.close().await;
                    *client = self::client(url)?;
                }
                _ => return Ok(false),
            }
            anyhow::Ok(true)
        };
        if !tokio::time::timeout(STEP, done).await.map_err(late)?? {
            eprintln!("unsupported: {name}");
            return Ok(());
        }
    }
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let message = format!("{error:#}").replace('\n', " ");
            eprintln!("{}", message.chars().take(300).collect::<String>());
            ExitCode::FAILURE
        }
    }
}
