//! A loop over genai with Lookout's tools, through `catalogue` and `dispatch` alone.

use anyhow::{Context as _, Result, bail};
use genai::adapter::AdapterKind;
use genai::chat::{ChatMessage, ChatRequest, Tool, ToolResponse};
use genai::resolver::{AuthData, Endpoint, ServiceTargetResolver};
use genai::{Client, ModelIden, ServiceTarget};

#[tokio::main]
async fn main() -> Result<()> {
    let lookout = script::client()?;
    let model = scripted(script::openai::start().await?)?;

    let tools = lookout.catalogue().map(|tool| {
        let offered = Tool::new(tool.name.as_str()).with_description(&tool.description);
        offered.with_schema(tool.input_schema.clone())
    });
    let mut chat = ChatRequest::from_user(script::QUESTION).with_tools(tools.collect::<Vec<_>>());
    let mut seen = Vec::new();
    for _ in 0..8 {
        let answer = model.exec_chat("scripted", chat.clone(), None).await?;
        let calls = answer.tool_calls().into_iter().cloned().collect::<Vec<_>>();
        if calls.is_empty() {
            let said = answer.into_first_text().context("the model said nothing")?;
            return script::judge(&lookout, &seen, &said).await;
        }
        chat = chat.append_message(ChatMessage::from(calls.clone()));
        for call in calls {
            let reply = lookout.dispatch(&call.fn_name, call.fn_arguments.clone()).await?;
            seen.push(reply.text.clone());
            chat = chat.append_message(ToolResponse::from_tool_call(&call, reply.text));
        }
    }
    bail!("the model does not come to an end")
}

/// A client of genai whose every model is the scripted one.
fn scripted(url: String) -> Result<Client> {
    let resolver = ServiceTargetResolver::from_resolver_fn(
        move |target: ServiceTarget| -> Result<ServiceTarget, genai::resolver::Error> {
            Ok(ServiceTarget {
                endpoint: Endpoint::from_owned(format!("{url}/")),
                auth: AuthData::from_single("none"),
                model: ModelIden::new(AdapterKind::OpenAI, target.model.model_name),
            })
        },
    );
    Ok(Client::builder().with_service_target_resolver(resolver).build()?)
}
