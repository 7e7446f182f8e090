//! What a tool of the fake answers.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lookout_schema::protocol::meta;
use lookout_schema::{ErrorCode, ToolEntry, catalogue};
use serde_json::{Value, json};

use super::schema::violations;
use crate::ToolError;

/// What a tool answers: a result, an error, or one after the other.
///
/// JSON is an answer by itself: `lookout.on("list_tables", json!({ … }))`.
///
/// ```
/// # use lookout_sdk::testing::{Answer, FakeLookout};
/// # use lookout_sdk::schema::{DescribeTable, ErrorCode};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let lookout = FakeLookout::start();
/// let missing = Answer::error(ErrorCode::TableNotFound).hint("Did you mean orders?");
/// lookout.on("describe_table", missing);
///
/// let error = lookout.client().describe_table(DescribeTable::new("order")).await.unwrap_err();
/// assert_eq!(error.tool_error().unwrap().code, "table_not_found");
/// # }
/// ```
#[derive(Clone)]
pub struct Answer(Kind);

#[derive(Clone)]
enum Kind {
    Result(Value),
    Error(Box<Failure>),
    Computed(Arc<dyn Fn(&Value) -> Answer + Send + Sync>),
    Sequence(Vec<Answer>),
}

#[derive(Clone)]
struct Failure {
    code: ErrorCode,
    message: String,
    hint: Option<String>,
    retry_after: Option<Duration>,
    details: Value,
}

/// A fixture that the tool could not have answered.
///
/// `Display` names every member that is wrong, with its JSON Pointer; see [`FakeLookout::try_on`](super::FakeLookout::try_on).
#[derive(Clone, PartialEq, Eq)]
pub struct InvalidFixture {
    tool: String,
    problems: Vec<String>,
}

impl Answer {
    /// A structured result; JSON is one by itself, but not where an [`Answer`] is called for.
    ///
    /// ```
    /// # use lookout_sdk::testing::{Answer, FakeLookout};
    /// let nothing = Answer::result(serde_json::json!({ "docs": [], "next_cursor": null }));
    /// FakeLookout::start().on("list_source_docs", nothing);
    /// ```
    pub fn result(result: impl Into<Value>) -> Self {
        Self(Kind::Result(result.into()))
    }

    /// A failure of the tool, with the words that the catalogue has for the code.
    ///
    /// It must be a code that the tool can end in; the codes that every tool shares are good for all.
    ///
    /// ```
    /// # use lookout_sdk::testing::{Answer, FakeLookout};
    /// # use lookout_sdk::schema::ErrorCode;
    /// let lookout = FakeLookout::start();
    /// lookout.on("query_warehouse", Answer::error(ErrorCode::QueryTimeout));
    /// lookout.on("get_dashboard", Answer::error("dashboard_not_found"));
    /// assert!(lookout.try_on("get_dashboard", Answer::error("query_timeout")).is_err());
    /// ```
    pub fn error(code: impl Into<ErrorCode>) -> Self {
        let code = code.into();
        let described = catalogue().errors.get(code.as_str());
        let message = described.map_or_else(String::new, |entry| entry.description.clone());
        let failure =
            Failure { code, message, hint: None, retry_after: None, details: Value::Null };
        Self(Kind::Error(Box::new(failure)))
    }

    /// The answer that `compute` gives for the arguments of each call.
    ///
    /// A panic in it, such as that of an assertion about the arguments, fails the test when the fake is dropped.
    ///
    /// ```
    /// # use lookout_sdk::testing::{Answer, FakeLookout};
    /// # use serde_json::json;
    /// let lookout = FakeLookout::start();
    /// lookout.on("list_tables", Answer::computed(|arguments| {
    ///     assert_eq!(arguments["schema"], "main");
    ///     json!({ "warehouse_id": "shop", "tables": [], "next_cursor": null })
    /// }));
    /// ```
    pub fn computed<A: Into<Self>>(compute: impl Fn(&Value) -> A + Send + Sync + 'static) -> Self {
        Self(Kind::Computed(Arc::new(move |arguments| compute(arguments).into())))
    }

    /// One answer for each call; the last one stays.
    ///
    /// ```
    /// # use lookout_sdk::testing::{Answer, FakeLookout};
    /// # use lookout_sdk::schema::ErrorCode;
    /// # use serde_json::json;
    /// let page = |next| json!({ "dashboards": [], "next_cursor": next });
    /// let lookout = FakeLookout::start();
    /// lookout.on("list_dashboards", Answer::sequence([
    ///     Answer::result(page(Some("2"))),
    ///     Answer::error(ErrorCode::RateLimited),
    ///     Answer::result(page(None)),
    /// ]));
    /// ```
    ///
    /// # Panics
    ///
    /// When there is no answer at all.
    #[track_caller]
    pub fn sequence<A: Into<Self>>(answers: impl IntoIterator<Item = A>) -> Self {
        let answers: Vec<Self> = answers.into_iter().map(Into::into).collect();
        assert!(!answers.is_empty(), "a sequence of answers has at least one");
        Self(Kind::Sequence(answers))
    }

    /// The same failure in other words; nothing for what is no failure.
    ///
    /// ```
    /// # use lookout_sdk::testing::{Answer, FakeLookout};
    /// # use lookout_sdk::schema::ErrorCode;
    /// # use std::time::Duration;
    /// let busy = Answer::error(ErrorCode::TooManyConcurrentQueries)
    ///     .message("Four statements are running.")
    ///     .hint("Try again shortly.")
    ///     .retry_after(Duration::from_secs(2))
    ///     .details(serde_json::json!({ "running": 4 }));
    /// FakeLookout::start().on("query_warehouse", busy);
    /// ```
    #[must_use]
    pub fn message(self, message: impl Into<String>) -> Self {
        self.failing(|failure| failure.message = message.into())
    }

    /// The same failure with what to do next; as [`Answer::message`].
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        self.failing(|failure| failure.hint = Some(hint.into()))
    }

    /// The same failure with how long to wait before the next attempt; as [`Answer::message`].
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        self.failing(|failure| failure.retry_after = Some(wait))
    }

    /// The same failure with facts for a program; as [`Answer::message`].
    #[must_use]
    pub fn details(self, details: impl Into<Value>) -> Self {
        self.failing(|failure| failure.details = details.into())
    }

    fn failing(mut self, change: impl FnOnce(&mut Failure)) -> Self {
        if let Kind::Error(failure) = &mut self.0 {
            change(failure);
        }
        self
    }

    /// Checks what can be known before a call.
    pub(super) fn check(&self, tool: &ToolEntry) -> Result<(), InvalidFixture> {
        let mut problems = Vec::new();
        self.judge(tool, "", &mut problems);
        if problems.is_empty() {
            return Ok(());
        }
        Err(InvalidFixture { tool: tool.name.clone(), problems })
    }

    fn judge(&self, tool: &ToolEntry, place: &str, problems: &mut Vec<String>) {
        match &self.0 {
            Kind::Result(result) => {
                let found = violations(&tool.output_schema, result);
                problems.extend(found.iter().map(|violation| format!("{place}{violation}")));
            }
            Kind::Error(failure) => {
                let code = failure.code.as_str();
                let codes: Vec<_> = catalogue().errors_of(tool).map(|(code, _)| code).collect();
                if !codes.contains(&code) {
                    let codes = codes.join(", ");
                    problems.push(format!("{place}it does not end in {code}, but in {codes}"));
                }
            }
            Kind::Computed(_) => {}
            Kind::Sequence(answers) => {
                for (index, answer) in answers.iter().enumerate() {
                    answer.judge(tool, &format!("{place}answer {}: ", index + 1), problems);
                }
            }
        }
    }

    /// Takes the answer for one call; a sequence moves on.
    pub(super) fn take(&mut self) -> Self {
        match &mut self.0 {
            Kind::Sequence(answers) if answers.len() > 1 => answers.remove(0),
            Kind::Sequence(answers) => answers[0].take(),
            _ => self.clone(),
        }
    }

    /// The result of `tools/call` for these arguments (MCP 2026-07-28 server/tools).
    pub(super) fn to_call_result(
        &self,
        tool: &ToolEntry,
        arguments: &Value,
    ) -> Result<Value, InvalidFixture> {
        match &self.0 {
            Kind::Result(result) => Ok(json!({
                "content": [{ "type": "text", "text": result.to_string() }],
                "structuredContent": result,
                "isError": false,
            })),
            Kind::Error(failure) => Ok(failure.to_call_result()),
            Kind::Computed(compute) => {
                let answer = compute(arguments);
                answer.check(tool)?;
                answer.to_call_result(tool, arguments)
            }
            // A sequence that a closure made begins anew for each call.
            Kind::Sequence(answers) => answers[0].to_call_result(tool, arguments),
        }
    }
}

impl Failure {
    fn to_call_result(&self) -> Value {
        let Self { code, message, hint, retry_after, details } = self.clone();
        let described = catalogue().errors.get(code.as_str());
        error_result(&ToolError {
            retryable: described.is_some_and(|entry| entry.retryable),
            code: code.to_string(),
            message,
            hint,
            retry_after,
            details,
        })
    }
}

/// A failure as the result of `tools/call`.
pub(super) fn error_result(error: &ToolError) -> Value {
    json!({
        "content": [{ "type": "text", "text": error.to_string() }],
        "isError": true,
        "_meta": { (meta::ERROR): error.to_json() },
    })
}

impl From<Value> for Answer {
    fn from(result: Value) -> Self {
        Self::result(result)
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Result(result) => f.debug_tuple("Result").field(result).finish(),
            Kind::Error(failure) => f.debug_tuple("Error").field(&failure.code).finish(),
            Kind::Computed(_) => f.write_str("Computed"),
            Kind::Sequence(answers) => f.debug_tuple("Sequence").field(answers).finish(),
        }
    }
}

impl InvalidFixture {
    pub(super) fn unknown_tool(tool: &str) -> Self {
        let names: Vec<_> = catalogue().tools.iter().map(|tool| tool.name.as_str()).collect();
        let problem = format!("the catalogue has no such tool; it has {}", names.join(", "));
        Self { tool: tool.to_owned(), problems: vec![problem] }
    }
}

impl fmt::Display for InvalidFixture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot answer this", self.tool)?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

// What `unwrap` prints is what a person reads.
impl fmt::Debug for InvalidFixture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for InvalidFixture {}
