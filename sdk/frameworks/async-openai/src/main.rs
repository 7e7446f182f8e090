//! A loop over async-openai with Lookout's tools, through `definitions` and `dispatch` alone.

use anyhow::{Context as _, Result, bail};
use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::types::chat::{
    ChatCompletionMessageToolCalls, ChatCompletionRequestMessage, ChatCompletionRequestUserMessage,
    ChatCompletionTools, CreateChatCompletionRequestArgs,
};
use lookout_sdk::definitions;
use serde_json::json;

#[tokio::main]
async fn main() -> Result<()> {
    let lookout = script::client()?;
    let base = script::openai::start().await?;
    let model = Client::with_config(OpenAIConfig::new().with_api_base(base).with_api_key("none"));

    let tools = json!(definitions::openai_chat(lookout.catalogue()));
    let tools: Vec<ChatCompletionTools> = serde_json::from_value(tools)?;
    let question = ChatCompletionRequestUserMessage::from(script::QUESTION);
    let mut messages = vec![ChatCompletionRequestMessage::from(question)];
    let mut seen = Vec::new();
    for _ in 0..8 {
        let request = CreateChatCompletionRequestArgs::default()
            .model("scripted")
            .messages(messages.clone())
            .tools(tools.clone())
            .build()?;
        let choice = model.chat().create(request).await?.choices.pop();
        let message = choice.context("the model answered nothing")?.message;
        let Some(calls) = message.tool_calls else {
            let said = message.content.context("the model said nothing")?;
            return script::judge(&lookout, &seen, &said).await;
        };
        let asked = json!({ "role": "assistant", "content": message.content, "tool_calls": calls });
        messages.push(serde_json::from_value(asked)?);
        for call in calls {
            let ChatCompletionMessageToolCalls::Function(call) = call else { continue };
            let reply =
                lookout.dispatch_text(&call.function.name, &call.function.arguments).await?;
            messages.push(serde_json::from_value(reply.to_openai_chat(&call.id))?);
            seen.push(reply.text);
        }
    }
    bail!("the model does not come to an end")
}
