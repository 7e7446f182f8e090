//! What a panel says in place of its data when its query fails: what happened and what helps, in words for people who did not write the query.

use lookout_schema::ErrorCode;

use crate::mcp::ToolError;

/// Why a panel has no data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) what: &'static str,
    pub(super) advice: &'static str,
}

impl Failure {
    /// The page had no time left for this panel.
    pub(super) const LATE: Self = Self {
        what: "The panels before this one took too long.",
        advice: "Choose a shorter time range, or reload the page.",
    };

    pub(super) const UNDRAWN: Self = Self {
        what: "This kind of panel is not known here.",
        advice: "A newer version of Lookout may show it.",
    };
}

impl From<&ToolError> for Failure {
    /// Nothing of the error's own text is shown: it may quote the query or name tables.
    fn from(error: &ToolError) -> Self {
        const REPAIR: &str = "Ask whoever saved this dashboard to correct it. The query is below.";
        let (what, advice) = match error.code() {
            ErrorCode::SqlSyntax
            | ErrorCode::InvalidArguments
            | ErrorCode::MultipleStatements
            | ErrorCode::MissingParameter
            | ErrorCode::UnknownParameter => ("The query of this panel is not valid.", REPAIR),
            ErrorCode::TableNotFound | ErrorCode::SchemaNotFound | ErrorCode::AmbiguousTable => {
                ("This panel reads a table that is not in the warehouse.", REPAIR)
            }
            ErrorCode::ReadOnlyViolation | ErrorCode::FunctionNotAllowed => {
                ("The query of this panel does more than read, which is not allowed.", REPAIR)
            }
            ErrorCode::WarehouseNotFound | ErrorCode::WarehouseRequired => (
                "The warehouse of this panel is not connected to this workspace.",
                "Ask an administrator to connect it.",
            ),
            ErrorCode::QueryTimeout => (
                "The query of this panel took too long and was stopped.",
                "Choose a shorter time range, or reload the page.",
            ),
            ErrorCode::TooManyConcurrentQueries | ErrorCode::RateLimited => {
                ("The warehouse is busy.", "Reload the page in a few seconds.")
            }
            ErrorCode::WarehouseUnavailable => (
                "The warehouse does not answer.",
                "Reload the page in a moment. If it stays like this, tell an administrator.",
            ),
            ErrorCode::PermissionDeniedByWarehouse => (
                "The warehouse does not let Lookout read this.",
                "Ask an administrator to allow it, or to remove the panel.",
            ),
            ErrorCode::ResultTooLarge => (
                "The query of this panel returns more than can be shown.",
                "Choose a shorter time range.",
            ),
            _ => (
                "The data of this panel could not be read.",
                "Reload the page in a moment. If it stays like this, tell an administrator.",
            ),
        };
        Self { what, advice }
    }
}
