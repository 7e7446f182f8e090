//! The JSON-RPC messages of a run, as the MCP endpoint received them.

use serde_json::Value;

use crate::outcome::{Halt, not_tested};
use crate::peer::answer::Answer;
use crate::peer::ask::Ask;
use crate::peer::honest::mcp::{MODERN, is_modern};
use crate::peer::log::Sent;
use crate::peer::run::Run;
use crate::peer::script::Route;

/// One message that the client posted, with what it was answered.
#[derive(Clone, Debug)]
pub(crate) struct Message<'r> {
    pub(crate) ask: &'r Ask,
    /// The body; null when it is no JSON.
    pub(crate) body: Value,
    pub(crate) answer: &'r Answer,
    pub(crate) sent: Sent,
}

impl Message<'_> {
    pub(crate) fn method(&self) -> &str {
        self.body["method"].as_str().unwrap_or_default()
    }

    /// Something that wants an answer. A method outside `notifications/` does even if the id is
    /// missing.
    pub(crate) fn is_request(&self) -> bool {
        let method = self.method();
        !method.is_empty() && (self.has("id") || !method.starts_with("notifications/"))
    }

    /// An answer of the client to a request of the server.
    pub(crate) fn is_response(&self) -> bool {
        !self.has("method") && (self.has("result") || self.has("error"))
    }

    pub(crate) fn is_modern(&self) -> bool {
        is_modern(self.ask)
    }

    /// Whether the server took it: not for want of a token, nor for any other reason, refused.
    pub(crate) fn is_accepted(&self) -> bool {
        (200..300).contains(&self.answer.status)
    }

    pub(crate) fn has(&self, member: &str) -> bool {
        self.body.get(member).is_some()
    }

    /// A member of `_meta` with the prefix of the protocol.
    pub(crate) fn meta(&self, name: &str) -> Option<&Value> {
        self.body["params"]["_meta"].get(format!("io.modelcontextprotocol/{name}"))
    }
}

impl Run {
    /// Everything that was posted to the MCP endpoint, in the order it arrived.
    pub(crate) fn messages(&self) -> impl Iterator<Item = Message<'_>> {
        let posts = self
            .exchanges()
            .filter(|(ask, ..)| ask.method == "POST" && self.world.route(ask) == Route::Mcp);
        posts.map(|(ask, answer, sent)| Message { ask, body: ask.json(), answer, sent })
    }

    /// The requests and notifications of MCP 2026-07-28; not tested if there are none.
    pub(crate) fn modern(&self) -> Result<Vec<Message<'_>>, Halt> {
        let is_one = |message: &Message<'_>| message.is_modern() && !message.is_response();
        let found: Vec<_> = self.messages().filter(is_one).collect();
        match (found.is_empty(), self.messages().next()) {
            (false, _) => Ok(found),
            (true, Some(_)) => Err(not_tested(format!("the client did not speak MCP {MODERN}"))),
            (true, None) => Err(self.never("a request to the MCP server")),
        }
    }

    /// Not tested unless the client sent `initialize` and was answered with a result.
    pub(crate) fn needs_initialize(&self) -> Result<(), Halt> {
        let is_opening = |message: &Message<'_>| {
            message.method() == "initialize" && message.answer.status == 200
        };
        if self.messages().any(|message| is_opening(&message)) {
            return Ok(());
        }
        match self.messages().next() {
            Some(_) => Err(not_tested("the client opened no session with initialize")),
            None => Err(self.never("a request to the MCP server")),
        }
    }

    /// The calls of `tool` that the server answered; not tested if there are none.
    pub(crate) fn calls(&self, tool: &str) -> Result<Vec<Message<'_>>, Halt> {
        let is_one = |message: &Message<'_>| {
            message.is_accepted() && message.ask.tool().as_deref() == Some(tool)
        };
        let found: Vec<_> = self.messages().filter(is_one).collect();
        if found.is_empty() { Err(self.never(&format!("the call of {tool}"))) } else { Ok(found) }
    }

    /// Whether the client took what `tool` answered for a success: it went on to call another tool,
    /// or says that every step is done. Not tested if the call was never answered.
    pub(crate) fn takes(&self, tool: &str) -> Result<bool, Halt> {
        self.calls(tool)?;
        let called: Vec<String> = self
            .messages()
            .filter(Message::is_accepted)
            .filter_map(|message| message.ask.tool())
            .collect();
        let went_on = called.iter().rposition(|name| name == tool) < called.len().checked_sub(1);
        Ok(went_on || (self.is_success() && self.unsupported().is_none()))
    }

    /// How the client ended, for a violation.
    pub(crate) fn ending(&self) -> String {
        self.exit().map(ToString::to_string).unwrap_or_default()
    }
}
