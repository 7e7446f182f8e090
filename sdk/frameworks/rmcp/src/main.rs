//! A loop over a client of rmcp whose server is our client.
//!
//! Whatever takes `Peer<RoleClient>` or a `RunningService` of rmcp takes what [`Bridge::connect`] returns; here the loop is written out.

use anyhow::{Context as _, Result, ensure};
use lookout_sdk::rmcp::Bridge;
use rmcp::model::{CallToolRequestParams, CallToolResult};
use script::Step;
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<()> {
    let client = script::client()?;
    let running = Bridge::new(client.clone()).connect().await?;

    let tools = running.list_all_tools().await?;
    ensure!(tools.iter().any(|tool| tool.name == "query_warehouse"), "a tool is missing");
    ensure!(tools.iter().all(|tool| tool.name != "save_dashboard"), "a tool is too many");
    let server = running.peer_info().context("the bridge did not say what it is")?;
    ensure!(server.instructions.is_some(), "Lookout's instructions did not arrive");

    let mut seen = Vec::new();
    let said = loop {
        match script::next(&seen) {
            Step::Say(text) => break text,
            Step::Call { name, arguments } => {
                let Value::Object(arguments) = arguments else { unreachable!("it is an object") };
                let call = CallToolRequestParams::new(name).with_arguments(arguments);
                seen.push(text(&running.call_tool(call).await?));
            }
        }
    };
    script::judge(&client, &seen, &said).await
}

fn text(result: &CallToolResult) -> String {
    let texts = result.content.iter().filter_map(|content| content.as_text());
    texts.map(|content| content.text.as_str()).collect::<Vec<_>>().join("\n")
}
