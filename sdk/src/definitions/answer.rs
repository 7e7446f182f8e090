//! Replies as the model APIs want them back.

use serde_json::{Value, json};

use crate::ToolReply;

impl ToolReply {
    /// The message that answers a tool call of OpenAI's chat completions; `id` is the call's.
    ///
    /// ```no_run
    /// # use lookout_sdk::Client;
    /// # async fn run(client: Client, call: serde_json::Value, messages: &mut Vec<serde_json::Value>) -> Result<(), lookout_sdk::Error> {
    /// let name = call["function"]["name"].as_str().unwrap_or_default();
    /// let reply = client.dispatch(name, call["function"]["arguments"].clone()).await?;
    /// messages.push(reply.to_openai_chat(call["id"].as_str().unwrap_or_default()));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn to_openai_chat(&self, id: &str) -> Value {
        json!({ "role": "tool", "tool_call_id": id, "content": self.text })
    }

    /// The item that answers a function call of OpenAI's responses; `call_id` is the call's, which is not its `id`.
    ///
    /// ```no_run
    /// # use lookout_sdk::Client;
    /// # async fn run(client: Client, call: serde_json::Value, input: &mut Vec<serde_json::Value>) -> Result<(), lookout_sdk::Error> {
    /// let reply = client.dispatch(call["name"].as_str().unwrap_or_default(), call["arguments"].clone()).await?;
    /// input.push(reply.to_openai_responses(call["call_id"].as_str().unwrap_or_default()));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn to_openai_responses(&self, call_id: &str) -> Value {
        json!({ "type": "function_call_output", "call_id": call_id, "output": self.text })
    }

    /// The block that answers a `tool_use` block of Anthropic's messages; it goes into the content of a user's message.
    ///
    /// ```no_run
    /// # use lookout_sdk::Client;
    /// # async fn run(client: Client, used: serde_json::Value, content: &mut Vec<serde_json::Value>) -> Result<(), lookout_sdk::Error> {
    /// let reply = client.dispatch(used["name"].as_str().unwrap_or_default(), used["input"].clone()).await?;
    /// content.push(reply.to_anthropic(used["id"].as_str().unwrap_or_default()));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn to_anthropic(&self, tool_use_id: &str) -> Value {
        json!({
            "type": "tool_result",
            "tool_use_id": tool_use_id,
            "content": self.text,
            "is_error": self.is_error,
        })
    }

    /// The part that answers a `functionCall` of Gemini, which is `call`: its name, and its `id` where it has one, stand in the answer too.
    ///
    /// ```no_run
    /// # use lookout_sdk::Client;
    /// # async fn run(client: Client, call: serde_json::Value, parts: &mut Vec<serde_json::Value>) -> Result<(), lookout_sdk::Error> {
    /// let reply = client.dispatch(call["name"].as_str().unwrap_or_default(), call["args"].clone()).await?;
    /// parts.push(reply.to_gemini(&call));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn to_gemini(&self, call: &Value) -> Value {
        let key = if self.is_error { "error" } else { "output" };
        let result = self.json.clone().unwrap_or_else(|| self.text.as_str().into());
        let mut answer = json!({ "name": call["name"], "response": { key: result } });
        if let Some(id) = call.get("id") {
            answer["id"] = id.clone();
        }
        json!({ "functionResponse": answer })
    }
}
