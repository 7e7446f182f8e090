//! Data warehouses: one trait, the guard in front of it, and the embedded engine.
//!
//! A caller hands over one [`Statement`] and receives one [`Outcome`] or one [`WarehouseError`]; nothing else is shared between calls.
//!
//! Invariant: no statement changes anything, reads a table outside the [`Catalogue`], or runs past its caps. Two layers hold this and neither
//! trusts the other: the [`guard`] judges the parsed text, and the engine refuses on its own (for the embedded one a read-only file and an
//! authorizer that decides while the statement is compiled).
//!
//! Deliberately absent: storing result rows. An [`Outcome`] lives until its caller has written it out.

pub mod catalogue;
pub mod embedded;
mod error;
pub mod guard;
mod types;

use std::{fmt, future::Future, pin::Pin};

pub use self::{
    catalogue::{Catalogue, ColumnDescription, Table, TableDescription, TableKind},
    embedded::{Embedded, EmbeddedConfig},
    error::{Position, WarehouseError},
    guard::{Checked, Guard},
    types::{
        Column, NormalizedType, Outcome, Scalar, Statement, TruncationReason, WarehouseInfo,
        WarehouseKind,
    },
};

/// What every method of a [`Warehouse`] returns: a boxed future, so that the trait is object-safe.
///
/// Dropping it before it is ready cancels the work behind it.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, WarehouseError>> + Send + 'a>>;

/// A connected data warehouse that can only be read.
pub trait Warehouse: fmt::Debug + Send + Sync {
    /// Who this warehouse is, without host, user or credential.
    fn info(&self) -> &WarehouseInfo;

    /// Every table and view that may be read, ordered by schema and name.
    fn tables(&self) -> Pending<'_, Vec<Table>>;

    /// The columns of one table, named as `name`, `schema.name` or its `qualified_name`.
    ///
    /// # Errors
    /// [`WarehouseError::TableNotFound`], [`WarehouseError::AmbiguousTable`] or [`WarehouseError::SchemaNotFound`].
    fn describe<'a>(&'a self, table: &'a str) -> Pending<'a, TableDescription>;

    /// Judges a statement and lets the engine compile it, without running it and without values for its parameters.
    ///
    /// # Errors
    /// What [`Warehouse::query`] would refuse before reading the first row.
    fn check<'a>(&'a self, sql: &'a str) -> Pending<'a, Checked>;

    /// Runs one statement under its caps.
    ///
    /// # Errors
    /// Every variant of [`WarehouseError`] that concerns statements.
    fn query(&self, statement: Statement) -> Pending<'_, Outcome>;
}
