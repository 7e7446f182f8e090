//! What comes back from a server, read.

use std::time::Duration;

use lookout_schema::protocol::meta;
use serde::Deserialize;
use serde_json::Value;

use crate::Error;
use crate::error::{Kind, ToolError};

/// What a tool answered, for a loop that hands it to a model.
///
/// A failure of the tool is a reply like any other, because the model can act on it.
///
/// ```no_run
/// # use lookout_sdk::Client;
/// # async fn run(client: Client, arguments: serde_json::Value) -> Result<(), lookout_sdk::Error> {
/// let reply = client.dispatch("list_tables", arguments).await?;
/// println!("{} {:?}", reply.text, reply.required_scopes());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ToolReply {
    /// The text for the model: the result as JSON, or what went wrong and what to do next.
    pub text: String,
    /// The structured result; none when the tool failed.
    pub json: Option<Value>,
    /// Whether the tool failed.
    pub is_error: bool,
    /// The failure as data.
    pub error: Option<ToolError>,
    /// The scopes that the call lacked.
    pub(crate) scopes: Vec<String>,
}

/// A tool as the server lists it.
///
/// ```no_run
/// # use lookout_sdk::Client;
/// # async fn run(client: Client) -> Result<(), lookout_sdk::Error> {
/// for tool in client.tools().await? {
///     println!("{}: {} {}", tool.name, tool.description, tool.input_schema);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ToolDescription {
    /// Name for [`Client::dispatch`](crate::Client::dispatch).
    pub name: String,
    /// Name for people.
    #[serde(default)]
    pub title: Option<String>,
    /// What the tool does, for the model.
    #[serde(default)]
    pub description: String,
    /// JSON Schema of the arguments.
    pub input_schema: Value,
    /// JSON Schema of the structured result.
    #[serde(default)]
    pub output_schema: Option<Value>,
    /// Hints about what the tool does to the world; they are the server's word and nothing more.
    #[serde(default)]
    pub annotations: Value,
}

/// A server, as it describes itself.
///
/// ```no_run
/// # use lookout_sdk::Client;
/// # async fn run(client: Client) -> Result<(), lookout_sdk::Error> {
/// let server = client.discover().await?;
/// if server.has_our_catalogue() == Some(false) {
///     println!("{:?} {:?} has other tools than this program was built with", server.name, server.version);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ServerInfo {
    /// Name of the server's software.
    pub name: Option<String>,
    /// Version of the server's software.
    pub version: Option<String>,
    /// The revisions of MCP that it speaks.
    pub revisions: Vec<String>,
    /// How its tools are to be used, for the model.
    pub instructions: Option<String>,
    /// Digest of the catalogue that it runs.
    pub catalogue_digest: Option<String>,
}

impl ServerInfo {
    /// Whether the server runs the catalogue that this crate was built from; `None` when it does not say.
    ///
    /// With another catalogue most calls still work, because both sides ignore what they do not know.
    #[must_use]
    pub fn has_our_catalogue(&self) -> Option<bool> {
        self.catalogue_digest.as_deref().map(|digest| digest == lookout_schema::CATALOGUE_DIGEST)
    }

    /// Reads the result of `server/discover`, or of `initialize`.
    pub(crate) fn from_result(result: &Value) -> Self {
        let of_meta = &result["_meta"][meta::SERVER_INFO];
        let info = if of_meta.is_object() { of_meta } else { &result["serverInfo"] };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let revisions = match &result["supportedVersions"] {
            Value::Array(all) => all.iter().filter_map(text).collect(),
            _ => text(&result["protocolVersion"]).into_iter().collect(),
        };
        Self {
            name: text(&info["name"]),
            version: text(&info["version"]),
            revisions,
            instructions: text(&result["instructions"]),
            catalogue_digest: text(&result["_meta"][meta::CATALOGUE_DIGEST]),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallResult {
    content: Vec<Content>,
    #[serde(default)]
    structured_content: Option<Value>,
    #[serde(default)]
    is_error: bool,
    #[serde(rename = "_meta", default)]
    meta: Value,
}

#[derive(Deserialize)]
struct Content {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    text: Option<String>,
}

#[derive(Deserialize)]
struct WireError {
    code: String,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    hint: Option<String>,
    #[serde(default)]
    retryable: bool,
    #[serde(default)]
    retry_after_ms: Option<u64>,
    #[serde(default)]
    details: Value,
}

impl ToolReply {
    /// Reads the result of `tools/call`.
    pub(crate) fn from_result(result: Value) -> Result<Self, Error> {
        let result: CallResult = serde_json::from_value(result).map_err(|error| {
            Error::protocol("the tool's answer is not a tool result").caused_by(error)
        })?;
        let texts = result.content.into_iter().filter(|content| content.kind == "text");
        let text = texts.filter_map(|content| content.text).collect::<Vec<_>>().join("\n");
        let error = result.is_error.then(|| tool_error(&result.meta[meta::ERROR], &text));
        let json = result.structured_content.filter(|_| error.is_none());
        Ok(Self { text, json, is_error: result.is_error, error, scopes: Vec::new() })
    }

    /// What a failed call comes to that did not reach the tool.
    pub(crate) fn failed(error: ToolError) -> Self {
        let text = error.to_string();
        Self { text, json: None, is_error: true, error: Some(error), scopes: Vec::new() }
    }

    /// The scopes that the call needs and was not granted, for [`Client::step_up`](crate::Client::step_up); empty when it did not fail for that.
    ///
    /// [`Client::dispatch`](crate::Client::dispatch) shows how a loop asks for them.
    #[must_use]
    pub fn required_scopes(&self) -> &[String] {
        &self.scopes
    }

    /// The structured result, or the tool's failure as an error.
    pub(crate) fn into_json(self) -> Result<Value, Error> {
        if let Some(error) = self.error {
            return Err(Error::new(Kind::Tool(error)));
        }
        self.json.ok_or_else(|| Error::protocol("the tool's answer has no structured result"))
    }
}

fn tool_error(wire: &Value, text: &str) -> ToolError {
    match WireError::deserialize(wire) {
        Ok(error) => ToolError {
            code: error.code,
            message: error.message.unwrap_or_else(|| text.to_owned()),
            hint: error.hint,
            retryable: error.retryable,
            retry_after: error.retry_after_ms.map(Duration::from_millis),
            details: error.details,
        },
        Err(_) => ToolError {
            code: "unspecified".to_owned(),
            message: text.to_owned(),
            hint: None,
            retryable: false,
            retry_after: None,
            details: Value::Null,
        },
    }
}
