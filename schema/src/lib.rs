//! The contract between Lookout and external AI tools: which tools exist, which scopes they need, and what they take and return.
//!
//! The types in this crate and the embedded catalogue are written by `cargo xtask codegen` from the JSON files beside this crate's manifest.
//! Both sides of the wire use them, so they cannot disagree.
//! There is no I/O here.

mod scope_set;

#[rustfmt::skip]
mod generated;

pub use generated::Scope;
pub use scope_set::{ScopeSet, UnknownScope};
