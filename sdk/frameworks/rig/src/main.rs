//! An agent of rig that uses Lookout's tools.
//!
//! The model is rig's own scripted one: what it says is fixed when the program starts, so what it was given to read is judged.

use anyhow::Result;
use lookout_sdk::{Client, ReadOnly};
use rig_agent::{Agent, AgentBuilder};
use rig_core::DynModel;
use rig_core::message::{Message, UserContent};
use rig_core::operation::Completion;
use rig_core::test_utils::{MockCompletionModel, MockTurn};
use rig_core::tool::ToolOutput;
use script::Step;

/// The whole of what an application has to do.
fn agent(model: impl Into<DynModel<Completion>>, client: &Client<ReadOnly>) -> Agent {
    let tools = lookout_sdk::rig::tools(client, client.catalogue());
    AgentBuilder::new(model).preamble("Answer from the warehouse.").dynamic_tools(tools).build()
}

#[tokio::main]
async fn main() -> Result<()> {
    let client = script::client()?;
    let model = MockCompletionModel::from_turns(turns(script::expected(&client).await?));
    let answer = agent(model.clone(), &client).prompt(script::QUESTION).max_turns(5).await?;
    let last = model.requests().pop().map(|request| request.chat_history).unwrap_or_default();
    script::judge(&client, &seen(&last), &answer.output()).await
}

/// The script, with what the tools are going to answer.
fn turns(last: String) -> Vec<MockTurn> {
    let mut seen = Vec::new();
    let mut turns = Vec::new();
    for result in ["the warehouses", "table_not_found", "the rows"] {
        if let Step::Call { name, arguments } = script::next(&seen) {
            turns.push(MockTurn::tool_call(format!("call_{}", seen.len()), name, arguments));
        }
        seen.push(result.to_owned());
    }
    turns.push(MockTurn::text(last));
    turns
}

/// What the model was given to read of its calls.
fn seen(history: &[Message]) -> Vec<String> {
    let of_user = history.iter().flat_map(|message| match message {
        Message::User { content } => content.as_slice(),
        _ => &[],
    });
    let results = of_user.filter_map(|content| match content {
        UserContent::ToolResult(result) => ToolOutput::content(result.content.clone()).ok(),
        _ => None,
    });
    results.map(|output| output.render()).collect()
}
