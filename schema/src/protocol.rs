//! The vocabulary of MCP and JSON-RPC that client and server share: revisions, headers, `_meta` keys, error codes, envelopes.
//!
//! Only words are here; who says what when is decided by the server's endpoint and the client's transport.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The revision without sessions, in which every request stands alone.
pub const MODERN_REVISION: &str = "2026-07-28";

/// The revisions that open with `initialize`, newest first.
pub const INITIALIZE_REVISIONS: [&str; 2] = ["2025-11-25", "2025-06-18"];

/// Header names, in lower case.
pub mod header {
    /// Revision of the request.
    pub const PROTOCOL_VERSION: &str = "mcp-protocol-version";
    /// JSON-RPC method of the request (MCP 2026-07-28 basic/transports/streamable-http).
    pub const METHOD: &str = "mcp-method";
    /// Tool that `tools/call` names (MCP 2026-07-28 basic/transports/streamable-http).
    pub const NAME: &str = "mcp-name";
}

/// Keys of `_meta`.
pub mod meta {
    /// Revision of the request.
    pub const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
    /// What the client can do.
    pub const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
    /// Name and version of the client.
    pub const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
    /// Name and version of the server.
    pub const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
    /// A tool error as data: `code`, `message`, `hint`, `retryable`, `retry_after_ms`, `details`.
    pub const ERROR: &str = "com.rudderstack.lookout/error";
    /// Digest of the catalogue that the server runs.
    pub const CATALOGUE_DIGEST: &str = "com.rudderstack.lookout/catalogueDigest";
}

/// JSON-RPC error codes.
pub mod code {
    /// The body is not JSON.
    pub const PARSE_ERROR: i64 = -32700;
    /// The body is not a JSON-RPC request.
    pub const INVALID_REQUEST: i64 = -32600;
    /// No such method.
    pub const METHOD_NOT_FOUND: i64 = -32601;
    /// The parameters do not fit the method, or name an unknown tool.
    pub const INVALID_PARAMS: i64 = -32602;
    /// A header says something else than the body, or is missing.
    pub const HEADER_MISMATCH: i64 = -32020;
    /// The request needs a capability that the client did not declare.
    pub const MISSING_CAPABILITY: i64 = -32021;
    /// The server does not speak the requested revision.
    pub const UNSUPPORTED_VERSION: i64 = -32022;
}

/// A JSON-RPC request, or a notification when `id` is absent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// Always `2.0`.
    pub jsonrpc: String,
    /// A string or an integer; unique among the requests in flight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Value>,
    /// What is asked.
    pub method: String,
    /// With what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<Value>,
}

/// A JSON-RPC response: exactly one of `result` and `error`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Response {
    /// Always `2.0`.
    pub jsonrpc: String,
    /// The id of the request; absent when it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Value>,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// Why nothing did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RpcError>,
}

/// The error of a JSON-RPC response.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RpcError {
    /// One of [`code`].
    pub code: i64,
    /// What is wrong and what to do.
    pub message: String,
    /// Facts for a program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

impl Response {
    /// A response that carries `result`.
    #[must_use]
    pub fn result(id: Value, result: Value) -> Self {
        Self { jsonrpc: "2.0".to_owned(), id: Some(id), result: Some(result), error: None }
    }

    /// A response that carries an error.
    #[must_use]
    pub fn error(
        id: Option<Value>,
        code: i64,
        message: impl Into<String>,
        data: Option<Value>,
    ) -> Self {
        let error = RpcError { code, message: message.into(), data };
        Self { jsonrpc: "2.0".to_owned(), id, result: None, error: Some(error) }
    }
}
