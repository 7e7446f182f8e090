//! The contract between Lookout and external AI tools: which tools exist, which scopes they need, and what they take and return.
//!
//! The types in this crate and the embedded catalogue are written by `cargo xtask codegen` from the JSON files beside this crate's manifest.
//! Both sides of the wire use them, so they cannot disagree.
//! There is no I/O here.
//!
//! ```
//! use lookout_schema::{QueryWarehouse, Scope, ScopeSet, Tool, catalogue};
//!
//! let call = QueryWarehouse::new("select count(*) from orders where country = :country")
//!     .max_rows(10)
//!     .param("country", "NO");
//! assert_eq!(QueryWarehouse::NAME, "query_warehouse");
//! assert_eq!(QueryWarehouse::SCOPES, ScopeSet::of(&[Scope::McpRead]));
//!
//! let entry = catalogue().tool(QueryWarehouse::NAME).expect("every tool type is in the catalogue");
//! assert_eq!(entry.scopes, QueryWarehouse::SCOPES);
//! # let _ = call;
//! ```
//!
//! Types can gain members: arguments are made with `new` and setters, results are read.
//! Whoever has to write results turns on the feature `construct`, and is then to be built together with this crate.

#[cfg(feature = "arrow")]
pub mod arrow;
mod catalogue;
mod excerpt;
#[doc(hidden)]
pub mod inert;
mod open_enum;
#[doc(hidden)]
pub mod protocol;
mod rows;
mod scope_set;
mod shape;
mod tool;
mod violation;

#[rustfmt::skip]
#[expect(unused_qualifications, clippy::unwrap_used, reason = "the shape is typify's")]
mod generated;

#[cfg(feature = "arrow")]
/// What record batches are made of, in the version that this crate was built with.
pub use arrow_array;
#[cfg(feature = "arrow")]
/// The types of record batches, in the version that this crate was built with.
pub use arrow_schema;
pub use catalogue::{Annotations, Catalogue, ErrorEntry, ToolEntry, catalogue};
pub use generated::*;
use open_enum::open_enum;
pub use rows::RowError;
pub use scope_set::{ScopeSet, UnknownScope};
pub use tool::{Paged, Tool};
pub use violation::{InvalidArguments, Violation};
