//! What a first start shows: a shop's data, dashboards over it, and the instrumentation documents of its sources.
//!
//! Invariant: everything here is a function of its arguments. Two machines that create the shop of the same day hold the same bytes.
//!
//! Deliberately absent: a clock. The shop's year ends on the day that the caller names.

mod dashboards;
mod documents;
mod furnish;
mod random;
pub mod shop;

pub use self::furnish::{FurnishError, WAREHOUSE, furnish};
pub use self::{
    dashboards::dashboards,
    documents::{DocumentedEvent, DocumentedProperty, Location, SourceDocument, source_documents},
};
