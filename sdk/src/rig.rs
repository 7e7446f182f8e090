//! The tools as [rig]'s tools (feature `rig`, which needs rig 0.44).
//!
//! ```no_run
//! use lookout_sdk::Client;
//! use rig_core::tool::DynamicTool;
//!
//! # async fn run() -> Result<(), lookout_sdk::Error> {
//! let client = Client::builder("https://lookout.example/mcp").read_only().build()?;
//! let tools: Vec<DynamicTool> = lookout_sdk::rig::tools(&client, client.catalogue());
//! // `AgentBuilder::new(model).dynamic_tools(tools)` of rig takes them.
//! # drop(tools);
//! # Ok(())
//! # }
//! ```
//!
//! The model of a call reads the same text as after [`Client::dispatch`]. To rig a failure is a [`ToolExecutionError`], so that its hooks and its retries
//! can tell a query that was wrong from a server that is away.
//!
//! [rig]: https://rig.rs

use rig_core::message::ToolName;
use rig_core::tool::{DynamicTool, ToolErrorKind, ToolExecutionError, ToolOutput};
use serde_json::Value;

use crate::access::Access;
use crate::definitions::Offer;
use crate::{Client, Error, ToolReply};

/// Tools of rig that call these tools through `client`: those of the offline catalogue, or those that [`Client::tools`] listed.
///
/// A tool without a name is left out. A failure of a tool has its code and says whether the same call may succeed later;
/// [`Error`] is the source of one that did not reach the tool.
///
/// ```
/// use lookout_sdk::Client;
///
/// # let token = "lkmcp_0";
/// let client = Client::builder("https://lookout.example/mcp").token(token).read_only().build()?;
/// let tools = lookout_sdk::rig::tools(&client, client.catalogue());
/// assert_eq!(tools.len(), 9);
/// assert_eq!(tools[0].name().to_string(), "describe_table");
/// # Ok::<(), lookout_sdk::Error>(())
/// ```
pub fn tools<'a, S: Access>(
    client: &Client<S>,
    tools: impl IntoIterator<Item = impl Into<Offer<'a>>>,
) -> Vec<DynamicTool> {
    tools.into_iter().filter_map(|tool| one(client.clone(), tool.into())).collect()
}

fn one<S: Access>(client: Client<S>, offer: Offer<'_>) -> Option<DynamicTool> {
    let name = offer.name.to_owned();
    let call = move |arguments: Value| {
        let (client, name) = (client.clone(), name.clone());
        async move { output(client.dispatch(&name, arguments).await) }
    };
    let named = ToolName::new(offer.name).ok()?;
    let (description, schema) = (offer.description, offer.input_schema.clone());
    Some(DynamicTool::new(named, description, schema, move |arguments| Box::pin(call(arguments))))
}

fn output(outcome: Result<ToolReply, Error>) -> Result<ToolOutput, ToolExecutionError> {
    let reply = outcome.map_err(unreached)?;
    let Some(error) = reply.error else { return Ok(ToolOutput::text(reply.text)) };
    let kind = match error.code.as_str() {
        "insufficient_scope" | "permission_denied_by_warehouse" => ToolErrorKind::PermissionDenied,
        "invalid_arguments" => ToolErrorKind::InvalidArgs,
        "query_timeout" => ToolErrorKind::Timeout,
        "rate_limited" | "too_many_concurrent_queries" => ToolErrorKind::RateLimited,
        "unknown_tool" => ToolErrorKind::NotFound,
        code if code.ends_with("_not_found") => ToolErrorKind::NotFound,
        _ => ToolErrorKind::Other,
    };
    Err(ToolExecutionError::new(kind, reply.text)
        .with_code(error.code)
        .with_retryable(error.retryable))
}

/// A call that did not reach the tool. What an [`Error`] says holds no secret, so the model may read it and tell the person.
fn unreached(error: Error) -> ToolExecutionError {
    let kind = if error.is_timeout() {
        ToolErrorKind::Timeout
    } else if error.is_transport() {
        ToolErrorKind::Network
    } else if error.is_unauthorized() || error.is_authorization() {
        ToolErrorKind::PermissionDenied
    } else {
        ToolErrorKind::Other
    };
    let retryable = matches!(kind, ToolErrorKind::Timeout | ToolErrorKind::Network);
    ToolExecutionError::new(kind, error.to_string()).with_retryable(retryable).with_source(error)
}
