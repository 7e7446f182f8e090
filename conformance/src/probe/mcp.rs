//! Speaking MCP: either revision, with or without a token, well formed or not.

use serde_json::{Map, Value, json};

use crate::catalogue::Tool;
use crate::outcome::{Halt, Outcome, ProbeError, Violation};
use crate::probe::Probe;
use crate::probe::http::{Reply, Request};
use crate::secret::Secret;

pub(crate) const STATELESS: &str = "2026-07-28";
pub(crate) const INITIALIZE: [&str; 2] = ["2025-11-25", "2025-06-18"];

const VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES_KEY: &str = "io.modelcontextprotocol/clientCapabilities";
const CLIENT_KEY: &str = "io.modelcontextprotocol/clientInfo";

/// Which way of opening a conversation the endpoint understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Revision {
    /// 2026-07-28: every request carries its version, and nothing is remembered.
    Stateless,
    /// 2025-11-25 and before: `initialize` first, perhaps with a session id.
    Initialize,
}

impl Probe<'_> {
    /// A well-formed POST of `method` to `endpoint`, without a token.
    pub(crate) fn message(&self, endpoint: &str, method: &str, params: Value) -> Request {
        match self.site().revision {
            Revision::Stateless => stateless(endpoint, method, params),
            Revision::Initialize => legacy(
                endpoint,
                INITIALIZE[0],
                json!({"id": 1, "method": method, "params": params}),
            ),
        }
    }

    /// Calls `method` at the main resource with `token`.
    pub(crate) fn mcp(
        &self,
        token: &Secret,
        method: &str,
        params: Value,
    ) -> Result<Reply, ProbeError> {
        self.mcp_at(&self.site().endpoint, token, method, params)
    }

    /// Calls `method` at `endpoint` with `token`, opening a conversation first where that is needed.
    pub(crate) fn mcp_at(
        &self,
        endpoint: &str,
        token: &Secret,
        method: &str,
        params: Value,
    ) -> Result<Reply, ProbeError> {
        self.mcp_with(endpoint, "Bearer", token, method, params)
    }

    /// The same with the authentication scheme spelt as `scheme`.
    pub(crate) fn mcp_with(
        &self,
        endpoint: &str,
        scheme: &str,
        token: &Secret,
        method: &str,
        params: Value,
    ) -> Result<Reply, ProbeError> {
        let authorized = |request| bearing_as(scheme, request, token);
        match self.site().revision {
            Revision::Stateless => self.send(&authorized(stateless(endpoint, method, params))),
            Revision::Initialize => {
                let message = json!({"id": 1, "method": method, "params": params});
                self.after_initialize(INITIALIZE[0], endpoint, authorized, |version| {
                    legacy(endpoint, version, message)
                })
            }
        }
    }

    /// Sends a message with `token`, opening a conversation first where that is needed.
    pub(crate) fn say(
        &self,
        endpoint: &str,
        token: &Secret,
        message: Request,
    ) -> Result<Reply, ProbeError> {
        let authorized = |request| bearing(request, token);
        match self.site().revision {
            Revision::Stateless => self.send(&authorized(message)),
            Revision::Initialize => {
                self.after_initialize(INITIALIZE[0], endpoint, authorized, |_| message)
            }
        }
    }

    /// Calls `method` in `version`, one of those that begin with `initialize`, whatever else the
    /// endpoint speaks.
    pub(crate) fn mcp_since(
        &self,
        version: &str,
        endpoint: &str,
        token: &Secret,
        method: &str,
        params: &Value,
    ) -> Result<Reply, ProbeError> {
        let message = json!({"id": 1, "method": method, "params": params});
        self.after_initialize(
            version,
            endpoint,
            |request| bearing(request, token),
            |version| legacy(endpoint, version, message),
        )
    }

    fn after_initialize(
        &self,
        version: &str,
        endpoint: &str,
        authorized: impl Fn(Request) -> Request,
        message: impl FnOnce(&str) -> Request,
    ) -> Result<Reply, ProbeError> {
        let opened = self.send(&authorized(initialize(endpoint, version)))?;
        if !opened.is_success() {
            return Ok(opened);
        }
        let agreed = rpc(&opened).pointer("/result/protocolVersion").cloned().unwrap_or_default();
        let mut request = message(agreed.as_str().unwrap_or(version));
        if let Some(session) = opened.header("mcp-session-id") {
            request = request.header("mcp-session-id", session);
        }
        self.send(&authorized(request))
    }

    /// Calls a tool. A tool that ran and failed still answers 200: it was callable.
    pub(crate) fn call_tool(
        &self,
        endpoint: &str,
        token: &Secret,
        tool: &str,
        arguments: &Value,
    ) -> Result<Reply, ProbeError> {
        let known = self.catalogue().tools.iter().find(|known| known.name == tool);
        if self.target.limits.polite && known.is_some_and(Tool::may_do_harm) {
            return Err(ProbeError::unavailable(format!(
                "{tool} changes something, and a polite run calls such a tool only with arguments \
                 that [tools.{tool}] of the target file gives"
            )));
        }
        self.mcp_at(endpoint, token, "tools/call", json!({"name": tool, "arguments": arguments}))
    }

    /// The names of all tools that `token` is shown and that the catalogue can judge.
    pub(crate) fn list_tools(
        &self,
        endpoint: &str,
        token: &Secret,
    ) -> Result<Vec<String>, ProbeError> {
        let tools = self.described_tools(endpoint, token)?;
        let names = tools.iter().filter_map(|tool| Some(tool.get("name")?.as_str()?.to_owned()));
        Ok(names.filter(|name| self.catalogue().judges(name)).collect())
    }

    /// What is said of all tools that `token` is shown, page by page. A server may refuse to list
    /// anything for want of scopes, which shows none.
    pub(crate) fn described_tools(
        &self,
        endpoint: &str,
        token: &Secret,
    ) -> Result<Vec<Value>, ProbeError> {
        let mut described = Vec::new();
        let mut params = json!({});
        for _ in 0..20 {
            let reply = self.mcp_at(endpoint, token, "tools/list", params.clone())?;
            if reply.challenge("error").as_deref() == Some("insufficient_scope") {
                return Ok(Vec::new());
            }
            let result =
                rpc(&reply.succeeded("list tools")?).get("result").cloned().unwrap_or_default();
            let tools = result.get("tools").and_then(Value::as_array).cloned().unwrap_or_default();
            described.extend(tools);
            match result.get("nextCursor").and_then(Value::as_str) {
                Some(cursor) => params = json!({"cursor": cursor}),
                None => break,
            }
        }
        Ok(described)
    }

    /// Whether `token` is accepted at the main resource. Only 401 counts as not accepted.
    pub(crate) fn is_live(&self, token: &Secret) -> Result<bool, ProbeError> {
        self.is_live_at(&self.site().endpoint, token)
    }

    pub(crate) fn is_live_at(&self, endpoint: &str, token: &Secret) -> Result<bool, ProbeError> {
        let reply = self.mcp_at(endpoint, token, self.site().heartbeat, json!({}))?.alive()?;
        match reply.status {
            200 => Ok(true),
            401 => Ok(false),
            _ => Err(ProbeError::step("use a token", reply.summary())),
        }
    }

    /// Holds when `token` is refused; `why` completes "is refused because …".
    pub(crate) fn is_dead(&self, token: &Secret, why: &str) -> Outcome {
        let mut lives = self.is_live(token)?;
        if lives && self.profile().revocation_delay_ms.value > 0 {
            self.let_revocation_spread();
            lives = self.is_live(token)?;
        }
        if lives {
            let expected = format!("401 for the token, because {why}");
            return Err(Violation::new(expected, "the token still works").into());
        }
        Ok(())
    }

    /// Holds when `token` is accepted; `why` completes "works because …".
    pub(crate) fn still_works(&self, token: &Secret, why: &str) -> Outcome {
        if self.is_live(token)? {
            return Ok(());
        }
        Err(Violation::new(format!("a working token, because {why}"), "401 for the token").into())
    }

    /// A fresh token must work before its death means anything.
    pub(crate) fn works_before(&self, token: &Secret) -> Result<(), Halt> {
        if self.is_live(token)? {
            return Ok(());
        }
        Err(ProbeError::step("use a fresh token", "the endpoint answered 401").into())
    }
}

/// Adds the one legal place for a token.
pub(crate) fn bearing(request: Request, token: &Secret) -> Request {
    bearing_as("Bearer", request, token)
}

fn bearing_as(scheme: &str, request: Request, token: &Secret) -> Request {
    request.header("authorization", format!("{scheme} {}", token.expose()))
}

/// A request of 2026-07-28, with the headers and `_meta` members that every request carries.
pub(crate) fn stateless(endpoint: &str, method: &str, params: Value) -> Request {
    stateless_at(STATELESS, endpoint, method, params)
}

/// The same, claiming another version consistently in header and body.
pub(crate) fn stateless_at(version: &str, endpoint: &str, method: &str, params: Value) -> Request {
    let mut members = match params {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    let name = members.get("name").and_then(Value::as_str).map(str::to_owned);
    members.insert(
        "_meta".to_owned(),
        json!({
            VERSION_KEY: version,
            CAPABILITIES_KEY: {},
            CLIENT_KEY: {"name": "lookout-conformance", "version": env!("CARGO_PKG_VERSION")},
        }),
    );
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": members});
    let request = accepting(Request::post_json(endpoint, &body))
        .header("mcp-protocol-version", version)
        .header("mcp-method", method);
    match name {
        Some(name) if method == "tools/call" => request.header("mcp-name", name),
        _ => request,
    }
}

/// `initialize` for one of the revisions that begin with it.
pub(crate) fn initialize(endpoint: &str, version: &str) -> Request {
    let params = json!({
        "protocolVersion": version,
        "capabilities": {},
        "clientInfo": {"name": "lookout-conformance", "version": env!("CARGO_PKG_VERSION")},
    });
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params});
    accepting(Request::post_json(endpoint, &body))
}

/// A later message of such a revision: members of `message` beside `jsonrpc`.
pub(crate) fn legacy(endpoint: &str, version: &str, message: Value) -> Request {
    let mut body = json!({"jsonrpc": "2.0"});
    if let (Some(body), Value::Object(members)) = (body.as_object_mut(), message) {
        body.extend(members);
    }
    accepting(Request::post_json(endpoint, &body)).header("mcp-protocol-version", version)
}

fn accepting(request: Request) -> Request {
    request.header("accept", "application/json, text/event-stream")
}

/// The JSON-RPC message of an answer, whether it came as JSON or as an event stream.
pub(crate) fn rpc(reply: &Reply) -> Value {
    let streamed =
        reply.header("content-type").is_some_and(|kind| kind.contains("text/event-stream"));
    if !streamed {
        return reply.json();
    }
    let events = reply.body.lines().filter_map(|line| line.strip_prefix("data:"));
    let mut messages = events.filter_map(|data| serde_json::from_str::<Value>(data.trim()).ok());
    let answers =
        |message: &Value| message.get("result").is_some() || message.get("error").is_some();
    messages.rfind(answers).unwrap_or_default()
}

/// The JSON-RPC error code of an answer.
pub(crate) fn rpc_error(reply: &Reply) -> Option<i64> {
    rpc(reply).get("error")?.get("code")?.as_i64()
}
