//! The contract between Lookout and external AI tools: which tools exist, which scopes they need, and what they take and return.
//!
//! The types in this crate and the embedded catalogue are written by `cargo xtask codegen` from the JSON files beside this crate's manifest.
//! Both sides of the wire use them, so they cannot disagree.
//! There is no I/O here.
//!
//! ```
//! use lookout_schema::{QueryWarehouse, Scope, ScopeSet, Tool, catalogue};
//!
//! let call = QueryWarehouse { max_rows: 10, ..QueryWarehouse::new("select count(*) from orders") };
//! assert_eq!(QueryWarehouse::NAME, "query_warehouse");
//! assert_eq!(QueryWarehouse::SCOPES, ScopeSet::of(&[Scope::McpRead]));
//!
//! let entry = catalogue().tool(QueryWarehouse::NAME).expect("every tool type is in the catalogue");
//! assert_eq!(entry.scopes, QueryWarehouse::SCOPES);
//! # let _ = call;
//! ```

mod catalogue;
mod open_enum;
pub mod protocol;
mod scope_set;

#[rustfmt::skip]
#[expect(missing_docs, unused_qualifications, clippy::redundant_field_names, clippy::unwrap_used, reason = "the shape is typify's")]
mod generated;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use catalogue::{Annotations, Catalogue, ErrorEntry, ToolEntry, catalogue};
pub use generated::*;
use open_enum::open_enum;
pub use scope_set::{ScopeSet, UnknownScope};

/// A curated tool. The implementing type is the tool's arguments.
pub trait Tool: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Name on the wire.
    const NAME: &'static str;
    /// Every scope that a call needs.
    const SCOPES: ScopeSet;
    /// Structured result.
    type Output: Serialize + DeserializeOwned + Send + 'static;
}
