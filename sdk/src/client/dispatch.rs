//! Calls that a model makes.
//!
//! Invariant: what the model can put right is a [`ToolReply`] that tells it how, and `Err` is for whoever wrote the loop: the server cannot be reached,
//! nobody is signed in, or an answer makes no sense.

use lookout_schema::protocol::code;
use lookout_schema::{InvalidArguments, ScopeSet, catalogue};
use serde_json::{Map, Value, json};

use super::Client;
use crate::Error;
use crate::access::Access;
use crate::error::{Kind, ToolError};
use crate::reply::ToolReply;

/// How many names of tools an answer lists.
const MOST_NAMES: usize = 100;

impl<S: Access> Client<S> {
    /// Calls a tool by name, for a loop that gets both from a model.
    ///
    /// `arguments` is a JSON object; `null` stands for an empty one, and a text is read as JSON, as [`Client::dispatch_text`] does.
    /// What a model can put right is a reply with `is_error`, and its text says what to do: a tool that does not exist, arguments that are not JSON or
    /// not what the tool takes (nothing is sent then), a scope that is missing, and whatever failed in the tool.
    ///
    /// Arguments are checked against the catalogue, unless the server listed the tool with another schema.
    /// A read-only client calls only tools that its catalogue knows to need no more than `mcp:read`.
    /// A tool that the catalogue does not know can be called by a client of full access; the first time the server's list is read before.
    ///
    /// ```no_run
    /// # use lookout_sdk::Client;
    /// # async fn run(client: Client, name: &str, arguments: serde_json::Value) -> Result<(), lookout_sdk::Error> {
    /// let mut reply = client.dispatch(name, arguments.clone()).await?;
    /// if !reply.required_scopes().is_empty() {
    ///     client.step_up(reply.required_scopes()).await?;
    ///     reply = client.dispatch(name, arguments).await?;
    /// }
    /// println!("{}", reply.text);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::is_unauthorized`], [`Error::is_transport`], [`Error::is_timeout`] and [`Error::is_protocol`] when the call did not reach a tool or its
    /// answer made no sense; [`Error::is_authorization`] when the tokens could not be renewed.
    pub async fn dispatch(&self, name: &str, arguments: Value) -> Result<ToolReply, Error> {
        match arguments {
            Value::String(text) => self.dispatch_text(name, &text).await,
            Value::Null => self.dispatch_json(name, Value::Object(Map::new())).await,
            arguments => self.dispatch_json(name, arguments).await,
        }
    }

    /// Calls a tool by name with arguments as the model wrote them: a text that should be a JSON object.
    ///
    /// An empty text stands for an empty object, and an object that was written as a JSON text is read too.
    ///
    /// ```no_run
    /// # use lookout_sdk::Client;
    /// # async fn run(client: Client) -> Result<(), lookout_sdk::Error> {
    /// let reply = client.dispatch_text("list_tables", r#"{"schema": "main"#).await?;
    /// assert!(reply.is_error && reply.text.contains("not JSON"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Client::dispatch`].
    pub async fn dispatch_text(&self, name: &str, arguments: &str) -> Result<ToolReply, Error> {
        match read(arguments) {
            Ok(arguments) => self.dispatch_json(name, arguments).await,
            Err(error) => Ok(ToolReply::failed(ToolError::of_model(
                "invalid_arguments",
                format!("The arguments are not JSON: {error}."),
                "Write them as one whole JSON object and call again.",
            ))),
        }
    }

    async fn dispatch_json(&self, name: &str, arguments: Value) -> Result<ToolReply, Error> {
        let entry = catalogue().tool(name);
        match entry {
            Some(entry) if !entry.scopes.is_subset(S::SCOPES) => {
                let needed = entry.scopes.iter().map(|scope| scope.as_str().to_owned());
                return Ok(lacking(needed.collect()));
            }
            None if !self.may_call_unknown() => return Ok(self.unknown(name)),
            // A server that lists another schema than ours judges by its own.
            Some(entry) if self.inner.listing.agrees_on(name) => {
                if let Err(invalid) = entry.check(&arguments) {
                    return Ok(ToolReply::failed(unfit(&invalid)));
                }
            }
            _ => {}
        }
        match self.call_tool(name, arguments).await {
            Err(error) => match error.kind() {
                Kind::InsufficientScope(scopes) => Ok(lacking(scopes.clone())),
                Kind::Rpc { code: code::INVALID_PARAMS, .. }
                    if (entry.is_none() || !self.inner.listing.is_blank())
                        && self.inner.listing.tool(name).is_none() =>
                {
                    Ok(self.unknown(name))
                }
                Kind::Rpc { code: code::INVALID_PARAMS, message } => {
                    Ok(ToolReply::failed(ToolError::of_model(
                        "invalid_arguments",
                        format!("The server refuses the arguments, or has no such tool: {message}"),
                        "Compare the arguments with the tool's schema. If they fit, do without this tool.",
                    )))
                }
                _ => Err(error),
            },
            reply => reply,
        }
    }

    /// Whether calls may go out of which nothing is known, so that they may write.
    fn may_call_unknown(&self) -> bool {
        S::SCOPES == ScopeSet::all()
    }

    /// Whether a call of the tool would be sent.
    #[cfg(feature = "rmcp")]
    pub(crate) fn may_call(&self, name: &str) -> bool {
        let entry = catalogue().tool(name);
        entry.map_or_else(|| self.may_call_unknown(), |entry| entry.scopes.is_subset(S::SCOPES))
    }

    /// A reply to a call of a tool that does not exist, with those that do.
    fn unknown(&self, name: &str) -> ToolReply {
        let mut names = self.inner.listing.names();
        if names.is_empty() || !self.may_call_unknown() {
            names = self.catalogue().map(|tool| tool.name.clone()).collect();
            names.retain(|known| known != name);
        }
        names.sort();
        names.truncate(MOST_NAMES);
        let error = ToolError::of_model(
            "unknown_tool",
            format!("There is no tool {name:?}."),
            &format!("The tools are: {}.", names.join(", ")),
        );
        ToolReply::failed(ToolError { details: json!({ "tools": names }), ..error })
    }
}

/// Reads arguments that a model wrote, once more if what it wrote is a text again.
fn read(arguments: &str) -> Result<Value, serde_json::Error> {
    if arguments.trim().is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    match serde_json::from_str(arguments)? {
        Value::Null => Ok(Value::Object(Map::new())),
        Value::String(inner) => serde_json::from_str(&inner),
        arguments => Ok(arguments),
    }
}

/// Arguments that do not fit the tool's schema, as the server says it.
pub(crate) fn unfit(invalid: &InvalidArguments) -> ToolError {
    let violations = invalid.violations();
    let listed: Vec<String> = violations.iter().map(ToString::to_string).collect();
    let details = violations
        .iter()
        .map(|violation| json!({ "pointer": violation.pointer, "message": violation.message }));
    let details = json!({ "violations": details.collect::<Vec<_>>() });
    let error = ToolError::of_model(
        "invalid_arguments",
        format!("The arguments do not fit the input schema: {}.", listed.join("; ")),
        "Correct them all and call again.",
    );
    ToolError { details, ..error }
}

fn lacking(scopes: Vec<String>) -> ToolReply {
    let error = ToolError::of_model(
        "insufficient_scope",
        format!("This call needs the scope {}, which was not granted.", scopes.join(" ")),
        "Say so to the person, who can grant it. Do not call again before.",
    );
    let details = json!({ "required_scopes": scopes });
    ToolReply { scopes, ..ToolReply::failed(ToolError { details, ..error }) }
}
