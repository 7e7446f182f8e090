//! The tools for whatever takes a client of [rmcp] (feature `rmcp`, which needs rmcp 3).
//!
//! rmcp brings its own transport, sign-in and token store. A [`Bridge`] stands in for the server instead: rmcp's side of it is an ordinary MCP connection
//! without a network, and what goes to Lookout goes through our [`Client`], with its credentials, its renewal and its step-up.
//! So an agent framework that takes `Peer<RoleClient>` or a `RunningService` gets Lookout's tools with one sign-in for the whole program.
//!
//! ```no_run
//! use lookout_sdk::Client;
//! use lookout_sdk::rmcp::Bridge;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder("https://lookout.example/mcp").build()?;
//! client.sign_in().await?;
//! let running = Bridge::new(client).connect().await?;
//! for tool in running.list_all_tools().await? {
//!     println!("{}", tool.name);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! It is a [`ServerHandler`] like any other, so it can also be served on standard input and output for a program that starts MCP servers.
//!
//! Deliberately absent: resources, prompts and notifications, of which Lookout has none.
//!
//! [rmcp]: https://docs.rs/rmcp

use std::sync::Arc;

use ::rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData,
    Implementation, ListToolsResult, MetaObject, PaginatedRequestParams, ServerCapabilities,
    ServerConfig, Tool, ToolAnnotations,
};
use ::rmcp::service::{RequestContext, RunningService};
use ::rmcp::{RoleClient, RoleServer, ServerHandler, ServiceExt as _};
use lookout_schema::protocol::meta;
use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::access::Access;
use crate::{Client, Error, ToolDescription, ToolReply};

/// How many bytes may wait on the way between the two sides.
const BUFFER: usize = 64 * 1024;

/// A server of rmcp whose tools are those of a [`Client`].
///
/// A call that rmcp's client cancels is dropped, which ends the request to Lookout too. What a model can put right is a result with `isError`;
/// a server that cannot be reached, or a person who is not signed in, is a JSON-RPC error with what [`Error`] says.
///
/// ```
/// use lookout_sdk::Client;
/// use lookout_sdk::rmcp::Bridge;
/// use rmcp::ServerHandler as _;
///
/// # let token = "lkmcp_0";
/// let client = Client::builder("https://lookout.example/mcp").token(token).build()?;
/// let bridge = Bridge::new(client).instructions("Ask for tables before columns.");
/// assert!(bridge.get_info().capabilities.tools.is_some());
/// # Ok::<(), lookout_sdk::Error>(())
/// ```
#[derive(Debug)]
pub struct Bridge<S> {
    client: Client<S>,
    instructions: Option<String>,
}

impl<S: Access> Bridge<S> {
    /// A server whose tools are those that `client` may call.
    ///
    /// ```
    /// # let token = "lkmcp_0";
    /// let client = lookout_sdk::Client::builder("https://lookout.example/mcp").token(token).build()?;
    /// let bridge = lookout_sdk::rmcp::Bridge::new(client);
    /// # drop(bridge);
    /// # Ok::<(), lookout_sdk::Error>(())
    /// ```
    pub fn new(client: Client<S>) -> Self {
        Self { client, instructions: None }
    }

    /// How the tools are to be used, for the model; [`Bridge::connect`] passes on what Lookout says unless this is set.
    ///
    /// ```
    /// # let token = "lkmcp_0";
    /// # let client = lookout_sdk::Client::builder("https://lookout.example/mcp").token(token).build()?;
    /// let bridge = lookout_sdk::rmcp::Bridge::new(client).instructions("Only the shop's tables.");
    /// # drop(bridge);
    /// # Ok::<(), lookout_sdk::Error>(())
    /// ```
    #[must_use]
    pub fn instructions(mut self, instructions: impl Into<String>) -> Self {
        self.instructions = Some(instructions.into());
        self
    }

    /// A running client of rmcp whose server is this, in this process. Dropping it ends both.
    ///
    /// ```no_run
    /// # async fn run(client: lookout_sdk::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let running = lookout_sdk::rmcp::Bridge::new(client).connect().await?;
    /// println!("{:?}", running.peer_info().and_then(|server| server.instructions.clone()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Client::discover`], which it calls for the instructions; [`Error::is_protocol`] when the two sides do not come to terms.
    pub async fn connect(mut self) -> Result<RunningService<RoleClient, ()>, Error> {
        if self.instructions.is_none() {
            self.instructions = self.client.discover().await?.instructions;
        }
        let (near, far) = tokio::io::duplex(BUFFER);
        tokio::spawn(async move {
            // Whatever ends it, the other side sees the connection close.
            if let Ok(running) = self.serve(far).await {
                running.waiting().await.ok();
            }
        });
        ().serve(near).await.map_err(|error| {
            Error::protocol("rmcp did not accept the bridge as a server").caused_by(error)
        })
    }
}

impl<S: Access> ServerHandler for Bridge<S> {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().build();
        let identity = Implementation::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
        let info = ServerConfig::new(capabilities).with_server_info(identity);
        match &self.instructions {
            Some(instructions) => info.with_instructions(instructions),
            None => info,
        }
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let listed = tokio::select! {
            listed = self.client.tools() => listed.map_err(|error| unreached(&error))?,
            () = context.ct.cancelled() => return Err(cancelled()),
        };
        let callable = listed.into_iter().filter(|tool| self.client.may_call(&tool.name));
        Ok(ListToolsResult::with_all_items(callable.filter_map(described).collect()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = request.arguments.map_or(Value::Null, Value::Object);
        tokio::select! {
            reply = self.client.dispatch(&request.name, arguments) => {
                Ok(result(reply.map_err(|error| unreached(&error))?).into())
            }
            () = context.ct.cancelled() => Err(cancelled()),
        }
    }
}

/// A tool in rmcp's words; none when its schema is no object, which rmcp cannot say.
fn described(tool: ToolDescription) -> Option<Tool> {
    let Value::Object(input) = tool.input_schema else { return None };
    let mut described =
        Tool::new_with_raw(tool.name, Some(tool.description.into()), Arc::new(input));
    described.title = tool.title;
    if let Some(Value::Object(output)) = tool.output_schema {
        described.output_schema = Some(Arc::new(output));
    }
    described.annotations = ToolAnnotations::deserialize(tool.annotations).ok();
    Some(described)
}

fn result(reply: ToolReply) -> CallToolResult {
    let content = vec![ContentBlock::text(reply.text)];
    let Some(error) = reply.error else {
        let mut result = CallToolResult::success(content);
        result.structured_content = reply.json;
        return result;
    };
    let mut result = CallToolResult::error(content);
    result.meta = MetaObject::deserialize(json!({ (meta::ERROR): error.to_json() })).ok();
    result
}

fn unreached(error: &Error) -> ErrorData {
    ErrorData::internal_error(error.to_string(), None)
}

fn cancelled() -> ErrorData {
    ErrorData::internal_error("the request was cancelled", None)
}
