//! Calls of tools, as the activity page shows them: who called what, when, and how it ended.
//!
//! Never what was asked or answered: there is no column for arguments, statements or rows.

use std::time::Instant;

use super::StoreFuture;
use crate::authority::Timestamp;
use crate::metrics::CallOutcome;

/// A call that ended.
#[derive(Clone, Debug)]
pub struct EndedCall {
    /// When it ended, by this process's clock; the store turns it into a time.
    pub ended: Instant,
    /// The workspace.
    pub workspace_id: String,
    /// The person whose grant it was made with.
    pub user_id: String,
    /// The grant.
    pub grant_id: String,
    /// What the application or the token is called.
    pub grant_name: String,
    /// The first characters of a programmatic token; empty for an application.
    pub hint: String,
    /// The tool, by its name in the catalogue.
    pub tool: &'static str,
    /// How it ended.
    pub outcome: CallOutcome,
    /// The code of the tool's error.
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// How many rows it returned, where a result has rows.
    pub rows: Option<i64>,
}

/// A call that was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedCall {
    /// Grows with every row.
    pub id: i64,
    /// When it ended.
    pub at: Timestamp,
    /// The e-mail address of the person whose grant it was made with.
    pub user_email: String,
    /// The grant.
    pub grant_id: String,
    /// What the application or the token was called then.
    pub grant_name: String,
    /// The first characters of a programmatic token; empty for an application.
    pub hint: String,
    /// The tool.
    pub tool: String,
    /// How it ended.
    pub outcome: CallOutcome,
    /// The code of the tool's error; empty otherwise.
    pub error: String,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// How many rows it returned, where a result has rows.
    pub rows: Option<i64>,
}

/// Which calls are asked for.
#[derive(Clone, Debug, Default)]
pub struct CallQuery {
    /// Of this workspace.
    pub workspace_id: String,
    /// With grants of this person, or of everybody.
    pub user_id: Option<String>,
    /// Of this tool.
    pub tool: Option<String>,
    /// That ended like this.
    pub outcome: Option<CallOutcome>,
    /// With this grant.
    pub grant_id: Option<String>,
    /// From before the call with this time and identifier.
    pub before: Option<(i64, i64)>,
    /// At most so many.
    pub limit: i64,
}

/// Keeps calls of tools.
pub trait ActivityStore: Send + Sync {
    /// Adds calls, all or none.
    fn add_calls(&self, calls: Vec<EndedCall>) -> StoreFuture<'_, ()>;

    /// Calls that were recorded, the newest first.
    fn calls(&self, query: CallQuery) -> StoreFuture<'_, Vec<RecordedCall>>;
}
