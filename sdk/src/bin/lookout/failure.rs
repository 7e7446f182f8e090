//! Why a command did not succeed: one line that says what to do, and an exit code.

use std::error::Error as _;
use std::fmt;
use std::process::ExitCode;

use lookout_sdk::{Error, ToolError};
use serde_json::{Value, json};

use crate::inert;
use crate::screen::Screen;

const TOOL: u8 = 1;
pub(crate) const USAGE: u8 = 2;
const NOT_ALLOWED: u8 = 3;
const SERVER: u8 = 4;

#[derive(Debug)]
pub(crate) enum Failure {
    /// The tool ran and failed.
    Tool(Box<ToolError>),
    /// The command cannot be carried out as it is.
    Usage(String),
    /// Not signed in, or not allowed.
    NotAllowed(String),
    /// The server cannot be reached or makes no sense.
    Server(String),
    /// Whoever read the result has gone, as `head` does; that is no failure.
    NobodyReads,
}

impl Failure {
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self::Usage(what.into())
    }

    /// Something of this machine failed.
    pub(crate) fn machine(what: &str, cause: &dyn fmt::Display) -> Self {
        Self::Usage(format!("{what}: {cause}"))
    }

    /// The same failure with more to say.
    pub(crate) fn and(mut self, more: &str) -> Self {
        if let Self::Usage(what) | Self::NotAllowed(what) | Self::Server(what) = &mut self {
            what.push_str(more);
        }
        self
    }

    /// What an error of the library means to a person who used `endpoint` with a token from `token`, or with a sign-in.
    pub(crate) fn of(error: &Error, endpoint: &str, token: Option<&str>) -> Self {
        if let Some(tool) = error.tool_error() {
            return Self::Tool(Box::new(tool.clone()));
        }
        if error.is_unauthorized() {
            return Self::NotAllowed(match token {
                Some(origin) => format!(
                    "{endpoint} does not accept the token from {origin}; make a new one on Lookout's token page"
                ),
                None => format!("not signed in; run `lookout login --url {endpoint}`"),
            });
        }
        if error.is_insufficient_scope() {
            return Self::scopes(error.required_scopes(), endpoint, token);
        }
        let text = explained(error);
        if error.is_transport() || error.is_timeout() {
            let wait = error.retry_after().map(|wait| format!("; wait {} s", wait.as_secs()));
            return Self::Server(format!("{endpoint}: {text}{}", wait.unwrap_or_default()));
        }
        if error.is_authorization() {
            return Self::NotAllowed(text);
        }
        if error.is_protocol() { Self::Server(text) } else { Self::Usage(text) }
    }

    /// A call needs scopes that were not granted.
    pub(crate) fn scopes(needed: &[String], endpoint: &str, token: Option<&str>) -> Self {
        let needed = inert::line(&needed.join(" "));
        Self::NotAllowed(match token {
            Some(origin) => format!(
                "the token from {origin} may not do this, which needs {needed}; make a token that has it on Lookout's token page"
            ),
            None => format!(
                "your sign-in does not allow this, which needs {needed}; run `lookout login --url {endpoint}` to be asked for it"
            ),
        })
    }

    fn code(&self) -> u8 {
        match self {
            Self::NobodyReads => 0,
            // The tool did not run: it is the command that has to change.
            Self::Tool(error) if error.code == "invalid_arguments" => USAGE,
            Self::Tool(_) => TOOL,
            Self::Usage(_) => USAGE,
            Self::NotAllowed(_) => NOT_ALLOWED,
            Self::Server(_) => SERVER,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::NobodyReads => "nobody_reads",
            Self::Tool(_) => "tool",
            Self::Usage(_) => "usage",
            Self::NotAllowed(_) => "not_allowed",
            Self::Server(_) => "server",
        }
    }

    pub(crate) fn report(&self, screen: &Screen) -> ExitCode {
        match self {
            Self::NobodyReads => {}
            failure if screen.json => screen.say(&inert::json(&failure.to_json().to_string())),
            failure => screen.say(&format!("error: {failure}")),
        }
        ExitCode::from(self.code())
    }

    fn to_json(&self) -> Value {
        let mut error = match self {
            Self::Tool(tool) => tool.to_json(),
            failure => json!({ "message": failure.to_string() }),
        };
        error["kind"] = self.kind().into();
        json!({ "error": error })
    }
}

/// The error with the innermost cause, which says what the machine met.
fn explained(error: &Error) -> String {
    let mut cause = error.source();
    while let Some(next) = cause.and_then(std::error::Error::source) {
        cause = Some(next);
    }
    match cause {
        Some(cause) => inert::line(&format!("{error} ({cause})")),
        None => inert::line(&error.to_string()),
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tool(error) => error.fmt(f),
            Self::Usage(what) | Self::NotAllowed(what) | Self::Server(what) => f.write_str(what),
            Self::NobodyReads => f.write_str("nobody reads the result"),
        }
    }
}
