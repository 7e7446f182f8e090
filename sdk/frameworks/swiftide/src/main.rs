//! An agent of swiftide that uses Lookout's tools, through `catalogue` and `dispatch` alone.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use lookout_sdk::{Client, ReadOnly, catalogue};
use script::Step;
use swiftide_agents::Agent;
use swiftide_core::AgentContext;
use swiftide_core::chat_completion::errors::{LanguageModelError, ToolError};
use swiftide_core::chat_completion::{
    ChatCompletion, ChatCompletionRequest, ChatCompletionResponse, ChatMessage, Tool, ToolCall,
    ToolOutput, ToolSpec,
};

/// One tool of the catalogue, for swiftide.
#[derive(Clone)]
struct Lookout {
    client: Client<ReadOnly>,
    name: &'static str,
}

#[async_trait]
impl Tool for Lookout {
    async fn invoke(&self, _: &dyn AgentContext, call: &ToolCall) -> Result<ToolOutput, ToolError> {
        let arguments = call.args().unwrap_or_default();
        let reply = self.client.dispatch_text(self.name, arguments).await;
        let reply = reply.map_err(anyhow::Error::from)?;
        Ok(if reply.is_error { ToolOutput::fail(reply.text) } else { ToolOutput::text(reply.text) })
    }

    fn name(&self) -> Cow<'_, str> {
        self.name.into()
    }

    fn tool_spec(&self) -> ToolSpec {
        let tool = catalogue().tool(self.name).expect("it was made from the catalogue");
        ToolSpec {
            name: tool.name.clone(),
            description: tool.description.clone(),
            parameters_schema: tool.input_schema.clone().try_into().ok(),
        }
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let client = script::client()?;
    let names = client.catalogue().map(|tool| tool.name.as_str());
    let tools =
        names.map(|name| Box::new(Lookout { client: client.clone(), name }) as Box<dyn Tool>);
    let model = Scripted::default();
    let mut agent = Agent::builder().llm(&model).tools(tools).limit(8).build()?;
    agent.query_once(script::QUESTION).await.context("the first step")?;
    while model.said().is_none() {
        agent.run_once().await?;
    }
    script::judge(&client, &model.seen(), &model.said().unwrap_or_default()).await
}

/// The scripted model, which remembers what it was given to read.
#[derive(Clone, Default)]
struct Scripted(Arc<Mutex<(Vec<String>, Option<String>)>>);

impl Scripted {
    fn seen(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    fn said(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }
}

#[async_trait]
impl ChatCompletion for Scripted {
    async fn complete(
        &self,
        request: &ChatCompletionRequest,
    ) -> Result<ChatCompletionResponse, LanguageModelError> {
        let results = request.messages().iter().filter_map(|message| match message {
            ChatMessage::ToolOutput(_, output) => Some(output.content()?.to_owned()),
            _ => None,
        });
        let seen: Vec<String> = results.collect();
        let mut response = ChatCompletionResponse::builder();
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match script::next(&seen) {
            Step::Say(text) => {
                response.message(text.clone());
                memory.1 = Some(text);
            }
            Step::Call { name, arguments } => {
                let id = format!("call_{}", seen.len());
                let call =
                    ToolCall::builder().id(id).name(name).args(arguments.to_string()).build();
                response.tool_calls([call.map_err(LanguageModelError::permanent)?]);
            }
        }
        memory.0 = seen;
        response.build().map_err(LanguageModelError::permanent)
    }
}
