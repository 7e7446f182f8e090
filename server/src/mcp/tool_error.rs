//! How a tool fails: a value that a model can read, never a protocol error.
//!
//! The text goes into `content` and the facts into `_meta`; `structuredContent` stays empty, because clients validate it against
//! the output schema even when the result is an error.

use std::fmt;

use lookout_schema::ErrorCode;
use lookout_schema::protocol::meta;
use serde::Serialize;
use serde_json::{Value, json};

use crate::store::StoreError;
use crate::warehouse::WarehouseError;

/// Longest text of an error, in characters; clients cut longer ones.
const MAX_TEXT: usize = 2000;
/// Longest details of an error as JSON, in octets; longer ones are left out.
const MAX_DETAILS: usize = 20_000;

/// A failed tool call.
#[derive(Clone, Debug)]
pub struct ToolError(Box<Facts>);

#[derive(Clone, Debug)]
struct Facts {
    code: ErrorCode,
    message: String,
    hint: Option<String>,
    retryable: bool,
    details: Option<Value>,
}

impl ToolError {
    /// A failure with a stable code and a sentence that says what happened.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self(Box::new(Facts {
            code,
            message: message.into(),
            hint: None,
            retryable: false,
            details: None,
        }))
    }

    /// A failure of this server. `cause` goes to the log, not to the client.
    #[must_use]
    pub fn internal(cause: impl fmt::Display) -> Self {
        tracing::error!(%cause, "a tool call failed");
        let mut error = Self::new(ErrorCode::Internal, "Lookout could not complete the call.");
        error.0.retryable = true;
        error.hint(
            "Try again in a moment; if it keeps failing, tell an administrator of the workspace.",
        )
    }

    /// The same failure with a sentence that says what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// The same failure with facts for a program.
    #[must_use]
    pub fn details(mut self, details: Value) -> Self {
        self.0.details = Some(details);
        self
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &ErrorCode {
        &self.0.code
    }

    /// The result of `tools/call` for this failure (MCP 2026-07-28 server/tools).
    pub(super) fn result(&self) -> Value {
        let Facts { code, message, hint, retryable, details } = &*self.0;
        let mut text = format!("{code}: {}", cut(message, MAX_TEXT));
        let mut facts =
            json!({ "code": code, "message": cut(message, MAX_TEXT), "retryable": retryable });
        if let Some(hint) = hint {
            text = format!("{text} {hint}");
            facts["hint"] = hint.as_str().into();
        }
        if let Some(details) =
            details.as_ref().filter(|details| details.to_string().len() <= MAX_DETAILS)
        {
            facts["details"] = details.clone();
        }
        let text = cut(&text, MAX_TEXT);
        json!({ "content": [{ "type": "text", "text": text }], "isError": true, "_meta": { (meta::ERROR): facts } })
    }

    /// A handler's result as JSON.
    pub(crate) fn written(output: impl Serialize) -> Result<Value, Self> {
        serde_json::to_value(output).map_err(Self::internal)
    }
}

impl From<WarehouseError> for ToolError {
    fn from(error: WarehouseError) -> Self {
        let details = match &error {
            WarehouseError::TableNotFound { nearest, .. } => Some(json!({ "nearest": nearest })),
            WarehouseError::AmbiguousTable { candidates, .. } => {
                Some(json!({ "candidates": candidates }))
            }
            WarehouseError::SqlSyntax { position: Some(at), .. } => {
                Some(json!({ "line": at.line, "column": at.column }))
            }
            _ => None,
        };
        let (code, retryable) = (error.code().into(), error.is_retryable());
        Self(Box::new(Facts { code, message: error.to_string(), hint: None, retryable, details }))
    }
}

impl From<StoreError> for ToolError {
    fn from(error: StoreError) -> Self {
        Self::internal(error)
    }
}

/// The first `most` characters of a text, with a mark where it was cut.
pub(crate) fn cut(text: &str, most: usize) -> std::borrow::Cow<'_, str> {
    match text.char_indices().nth(most) {
        None => text.into(),
        Some(_) => text.chars().take(most - 1).chain(['…']).collect(),
    }
}
