//! What a tool says of its failure.

use std::fmt;
use std::time::Duration;

use lookout_schema::inert::Inert;
use serde_json::{Value, json};

/// What a tool reported instead of a result, for the model that called it to read.
///
/// ```no_run
/// # use lookout_sdk::{Client, schema::QueryWarehouse};
/// # async fn run(client: Client) -> Result<(), lookout_sdk::Error> {
/// let asked = client.query_warehouse(QueryWarehouse::new("select 1")).await;
/// if let Some(failed) = asked.as_ref().err().and_then(|error| error.tool_error()) {
///     println!("{}: {} {}", failed.code, failed.message, failed.hint.as_deref().unwrap_or_default());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ToolError {
    /// A stable name from the catalogue, such as `table_not_found`; `unspecified` when the server gave none.
    pub code: String,
    /// What happened.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// How long to wait before the next attempt.
    pub retry_after: Option<Duration>,
    /// Further members, such as the violations of the input schema.
    pub details: Value,
}

impl ToolError {
    /// The same in JSON, as it stands on the wire: `code`, `message`, `retryable`, and `hint`, `retry_after_ms` and `details` where there are such.
    ///
    /// ```
    /// # fn report(error: &lookout_sdk::Error) {
    /// if let Some(failure) = error.tool_error() {
    ///     println!("{}", failure.to_json()["code"]);
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut json =
            json!({ "code": self.code, "message": self.message, "retryable": self.retryable });
        if let Some(hint) = &self.hint {
            json["hint"] = hint.as_str().into();
        }
        if let Some(wait) = self.retry_after {
            json["retry_after_ms"] = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).into();
        }
        if !self.details.is_null() {
            json["details"] = self.details.clone();
        }
        json
    }

    /// A failure that was found here, before or instead of the tool, and that the model can put right.
    pub(crate) fn of_model(code: &str, message: String, hint: &str) -> Self {
        Self {
            code: code.to_owned(),
            message,
            hint: Some(hint.to_owned()),
            retryable: false,
            retry_after: None,
            details: Value::Null,
        }
    }
}

impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", Inert(&self.code), Inert(&self.message))?;
        match &self.hint {
            Some(hint) => write!(f, " {}", Inert(hint)),
            None => Ok(()),
        }
    }
}
