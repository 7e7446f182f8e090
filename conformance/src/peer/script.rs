//! What one scenario consists of: how the servers behave, and what the client is asked to do.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use crate::peer::answer::Answer;
use crate::peer::ask::Ask;
use crate::peer::place::Role;
use crate::peer::world::World;

type Instead = Box<dyn FnMut(&Ask, &mut World) -> Option<Answer> + Send>;
type Amend = Box<dyn FnMut(&Ask, &mut World, &mut Answer) + Send>;

/// Honest servers, with what this scenario changes in them.
pub(crate) struct Script {
    pub(crate) setting: Setting,
    /// What the client is asked to do, as `LOOKOUT_CONFORMANCE_TASK` has it.
    pub(crate) steps: Vec<Value>,
    /// How often the client is started, one after the other, with the same store.
    pub(crate) starts: usize,
    /// How long nothing may happen before the client is stopped; the run's own value if unset.
    pub(crate) quiet: Option<Duration>,
    pub(crate) instead: Vec<Instead>,
    pub(crate) amend: Vec<Amend>,
}

/// What is fixed about the servers of a scenario.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) revisions: Revisions,
    /// The path of the issuer, for example `/tenant`; empty for none.
    pub(crate) issuer_path: String,
    /// The scope of the challenge to a request without a token; none where it names none.
    pub(crate) challenge_scope: Option<String>,
    /// Whether the challenge names the resource metadata.
    pub(crate) names_metadata: bool,
    /// Whether `iss` is advertised, and sent.
    pub(crate) iss: bool,
    /// Whether clients can register.
    pub(crate) registration: bool,
    /// Whether client identifier metadata documents are advertised.
    pub(crate) documents: bool,
    /// Whether the client is given an identifier that is registered already.
    pub(crate) known_client: bool,
    /// Whether refresh tokens are issued.
    pub(crate) refresh: bool,
    /// Seconds that an access token is said to live.
    pub(crate) expires_in: u64,
    /// How a registered client authenticates at the token endpoint.
    pub(crate) client_authentication: &'static str,
    /// Whether the revisions with `initialize` have a session id.
    pub(crate) session: bool,
    /// Whether MCP answers are streams of events.
    pub(crate) streams: bool,
    /// The scopes that a person grants, whatever is asked for.
    pub(crate) granted: Option<String>,
    /// A server that speaks TLS with a certificate nobody trusts.
    pub(crate) untrusted: Option<Role>,
}

/// The MCP revisions that the server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Revisions {
    Both,
    Modern,
    Legacy,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            revisions: Revisions::Both,
            issuer_path: String::new(),
            challenge_scope: Some("mcp:read mcp:write".to_owned()),
            names_metadata: true,
            iss: true,
            registration: true,
            documents: false,
            known_client: false,
            refresh: true,
            expires_in: 600,
            client_authentication: "none",
            session: true,
            streams: false,
            granted: None,
            untrusted: None,
        }
    }
}

impl Script {
    /// Honest servers; the client lists the tools and calls one of them.
    pub(crate) fn honest() -> Self {
        Self {
            setting: Setting::default(),
            steps: vec![list_tools(), call(READ_TOOL)],
            starts: 1,
            quiet: None,
            instead: Vec::new(),
            amend: Vec::new(),
        }
    }

    pub(crate) fn set(mut self, change: impl FnOnce(&mut Setting)) -> Self {
        change(&mut self.setting);
        self
    }

    /// What the client is asked to do instead.
    pub(crate) fn task(mut self, steps: impl Into<Vec<Value>>) -> Self {
        self.steps = steps.into();
        self
    }

    /// The client is started so often, with the same store.
    pub(crate) fn started(mut self, times: usize) -> Self {
        self.starts = times;
        self
    }

    pub(crate) fn quiet_for(mut self, quiet: Duration) -> Self {
        self.quiet = Some(quiet);
        self
    }

    /// Answers in place of the honest servers, where it answers at all.
    pub(crate) fn instead(
        mut self,
        answer: impl FnMut(&Ask, &mut World) -> Option<Answer> + Send + 'static,
    ) -> Self {
        self.instead.push(Box::new(answer));
        self
    }

    /// Changes what the servers answer to requests for `route`.
    pub(crate) fn on(
        mut self,
        route: Route,
        mut change: impl FnMut(&Ask, &mut World, &mut Answer) + Send + 'static,
    ) -> Self {
        self.amend.push(Box::new(move |ask, world, answer| {
            if world.route(ask) == route {
                change(ask, world, answer);
            }
        }));
        self
    }

    /// The task as the client is given it.
    pub(crate) fn task_text(&self) -> String {
        json!({ "steps": self.steps }).to_string()
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("setting", &self.setting).finish_non_exhaustive()
    }
}

/// What a request is for, whatever its path happens to be in this scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Route {
    /// Protected resource metadata, at any address (RFC 9728).
    ResourceMetadata,
    /// Authorization server metadata, at any address (RFC 8414, OpenID Connect Discovery).
    ServerMetadata,
    Register,
    Authorize,
    Token,
    Revoke,
    Mcp,
    /// Anything else.
    Elsewhere,
}

/// A tool that reads and takes no arguments.
pub(crate) const READ_TOOL: &str = "list_warehouses";

/// A tool that writes.
pub(crate) const WRITE_TOOL: &str = "save_dashboard";

/// The step that lists all tools.
pub(crate) fn list_tools() -> Value {
    json!({ "do": "list-tools" })
}

/// The step that calls a tool of the catalogue with arguments that fit.
pub(crate) fn call(name: &str) -> Value {
    call_with(name, &crate::peer::honest::tools::arguments(name))
}

/// The step that calls a tool with these arguments.
pub(crate) fn call_with(name: &str, arguments: &Value) -> Value {
    json!({ "do": "call-tool", "name": name, "arguments": arguments })
}

/// The step that calls a tool so many times at once.
pub(crate) fn calls_at_once(name: &str, times: usize) -> Value {
    let one = json!({ "name": name, "arguments": crate::peer::honest::tools::arguments(name) });
    json!({ "do": "call-tools", "calls": vec![one; times] })
}

/// The step that begins a call and cancels it after so many milliseconds.
pub(crate) fn cancel_call(name: &str, after_ms: u64) -> Value {
    let arguments = crate::peer::honest::tools::arguments(name);
    json!({ "do": "cancel-call", "name": name, "arguments": arguments, "after_ms": after_ms })
}

/// The step that drops the connection and makes a new one with the same credentials.
pub(crate) fn reconnect() -> Value {
    json!({ "do": "reconnect" })
}

/// The step that logs out.
pub(crate) fn sign_out() -> Value {
    json!({ "do": "sign-out" })
}
