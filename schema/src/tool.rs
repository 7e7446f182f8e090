//! What makes a type a call of a tool.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{InvalidArguments, ScopeSet, Violation};

/// A curated tool. The implementing type is the tool's arguments.
///
/// ```
/// use lookout_schema::{QueryWarehouse, Scope, ScopeSet, Tool};
///
/// assert_eq!(QueryWarehouse::NAME, "query_warehouse");
/// assert_eq!(QueryWarehouse::SCOPES, ScopeSet::of(&[Scope::McpRead]));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the arguments of a tool",
    label = "not a tool's arguments",
    note = "the arguments of the tool `query_warehouse` are made with `QueryWarehouse::new(sql)`; every tool has such a type"
)]
pub trait Tool: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Name on the wire.
    const NAME: &'static str;
    /// Every scope that a call needs.
    const SCOPES: ScopeSet;
    /// Structured result.
    type Output: Serialize + DeserializeOwned + Send + 'static;

    /// Checks raw arguments, such as a model wrote, against the tool's input schema.
    ///
    /// A tool that is not of the catalogue says nothing about its arguments, so then nothing is refused.
    ///
    /// ```
    /// use lookout_schema::{ListTables, Tool as _};
    /// use serde_json::json;
    ///
    /// assert!(ListTables::check(&json!({ "schema": "public" })).is_ok());
    /// let invalid = ListTables::check(&json!({ "shema": "public" })).unwrap_err();
    /// assert!(invalid.to_string().contains("has `shema`, allowed are `warehouse_id`, `schema`"));
    /// ```
    ///
    /// # Errors
    ///
    /// Everything in which they differ.
    fn check(arguments: &Value) -> Result<(), InvalidArguments> {
        let _ = arguments;
        Ok(())
    }

    /// Checks these arguments against the tool's input schema, as every typed call does before it sends them.
    ///
    /// ```
    /// use lookout_schema::{ReadSourceDoc, Tool as _};
    ///
    /// assert!(ReadSourceDoc::new("doc-1").max_chars(40_000).validate().is_ok());
    /// assert!(ReadSourceDoc::new("doc-1").max_chars(40_001).validate().is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// Everything in which they differ.
    fn validate(&self) -> Result<(), InvalidArguments> {
        match serde_json::to_value(self) {
            Ok(arguments) => Self::check(&arguments),
            Err(error) => {
                let message = format!("cannot be written as JSON: {error}");
                let violation = Violation { pointer: String::new(), message };
                Err(InvalidArguments::new(Self::NAME, vec![violation]))
            }
        }
    }
}

/// A tool that lists something page by page.
///
/// ```
/// use lookout_schema::{ListTables, ListTablesResult, Paged};
///
/// let page: ListTablesResult = serde_json::from_value(serde_json::json!({
///     "warehouse_id": "shop", "tables": [], "next_cursor": "c2",
/// }))?;
/// let cursor = ListTables::next_cursor(&page).expect("there is another page").to_owned();
/// let next = ListTables::new().schema("main").starting_at(cursor);
/// assert_eq!(next, ListTables::new().schema("main").cursor("c2"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not list anything page by page",
    label = "has no pages",
    note = "the tools with pages are those whose arguments have a `cursor`, such as `ListTables`"
)]
pub trait Paged: Tool + Clone {
    /// What the pages list.
    type Item: Send + 'static;

    /// The same call for the page that begins at `cursor`.
    #[must_use]
    fn starting_at(self, cursor: String) -> Self;

    /// Where the page after this one begins; none behind the last.
    fn next_cursor(page: &Self::Output) -> Option<&str>;

    /// What the page lists.
    fn items(page: Self::Output) -> Vec<Self::Item>;
}
