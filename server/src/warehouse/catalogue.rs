//! The tables that may be read, and how a written name finds one.
//!
//! Invariant: a name that does not resolve here is never handed to an engine.

use std::collections::BTreeSet;

use super::{NormalizedType, WarehouseError};

/// Most names offered when a table is not found.
const NEAREST: usize = 5;

/// What kind of relation a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TableKind {
    /// A base table.
    Table,
    /// A view.
    View,
    /// A view whose rows are stored.
    MaterializedView,
    /// A table whose rows lie outside the warehouse.
    External,
}

impl TableKind {
    /// The wire word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::View => "view",
            Self::MaterializedView => "materialized_view",
            Self::External => "external",
        }
    }
}

/// One table or view, without its columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The schema it is in.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// The name to paste in SQL, quoted where the dialect needs it.
    pub qualified_name: String,
    /// What kind of relation it is.
    pub kind: TableKind,
    /// What it holds, for people.
    pub comment: Option<String>,
    /// How many rows it has, roughly.
    pub approximate_rows: Option<u64>,
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnDescription {
    /// Its exact name.
    pub name: String,
    /// The warehouse's own type.
    pub type_name: String,
    /// The shared type.
    pub normalized_type: NormalizedType,
    /// Whether it may be null, where the warehouse says so.
    pub nullable: Option<bool>,
    /// What it holds, for people.
    pub comment: Option<String>,
}

/// One table with all its columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableDescription {
    /// The table.
    pub table: Table,
    /// Its columns in their order.
    pub columns: Vec<ColumnDescription>,
}

/// How a dialect compares names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// ASCII case never matters, quoted or not (SQLite).
    Insensitive,
    /// An unquoted name means its lower-case form (PostgreSQL).
    Lower,
    /// An unquoted name means its upper-case form (Snowflake).
    Upper,
    /// Names are compared as written (BigQuery tables).
    Exact,
}

/// One part of a written name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePart {
    /// The text between the quotes, or the bare word.
    pub text: String,
    /// Whether it was quoted.
    pub quoted: bool,
}

impl Fold {
    /// The form of a name that two equal names share.
    #[must_use]
    pub fn key(self, part: &NamePart) -> String {
        match (self, part.quoted) {
            (Self::Insensitive, _) | (Self::Lower, false) => part.text.to_ascii_lowercase(),
            (Self::Upper, false) => part.text.to_ascii_uppercase(),
            (Self::Lower | Self::Upper, true) | (Self::Exact, _) => part.text.clone(),
        }
    }

    /// The key of a name as the engine stores it.
    #[must_use]
    pub fn stored(self, name: &str) -> String {
        self.key(&NamePart { text: name.to_owned(), quoted: true })
    }
}

/// Every table that may be read.
#[derive(Clone, Debug)]
pub struct Catalogue {
    tables: Vec<TableDescription>,
    default_schema: Option<String>,
    fold: Fold,
}

impl Catalogue {
    /// A catalogue of these tables. A bare name that exists in several schemas means the one in `default_schema`, if it is there.
    #[must_use]
    pub fn new(
        mut tables: Vec<TableDescription>,
        default_schema: Option<String>,
        fold: Fold,
    ) -> Self {
        tables.sort_by(|a, b| {
            (&a.table.schema, &a.table.name).cmp(&(&b.table.schema, &b.table.name))
        });
        Self { tables, default_schema, fold }
    }

    /// Every table, ordered by schema and name.
    #[must_use]
    pub fn tables(&self) -> &[TableDescription] {
        &self.tables
    }

    /// How names are compared.
    #[must_use]
    pub const fn fold(&self) -> Fold {
        self.fold
    }

    /// Finds the table that a person wrote as `name`, `schema.name` or the qualified name.
    ///
    /// # Errors
    /// [`WarehouseError::TableNotFound`], [`WarehouseError::AmbiguousTable`] or [`WarehouseError::SchemaNotFound`].
    pub fn find(&self, written: &str) -> Result<&TableDescription, WarehouseError> {
        // A name that itself holds a dot or a quote is found as it stands before it is taken apart.
        let key = self.fold.stored(written);
        let mut whole = self.tables.iter().filter(|t| {
            self.fold.stored(&t.table.name) == key || t.table.qualified_name == written
        });
        match (whole.next(), whole.next()) {
            (Some(only), None) => Ok(only),
            _ => self.resolve(&split(written).ok_or_else(|| self.not_found(written))?),
        }
    }

    /// Finds the table that a statement names by these parts.
    ///
    /// # Errors
    /// As [`Catalogue::find`].
    pub fn resolve(&self, parts: &[NamePart]) -> Result<&TableDescription, WarehouseError> {
        let written = || parts.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join(".");
        let (schema, name) = match parts {
            [name] => (None, name),
            [schema, name] => (Some(schema), name),
            _ => return Err(self.not_found(&written())),
        };
        let key = self.fold.key(name);
        let named = self.tables.iter().filter(|t| self.fold.stored(&t.table.name) == key);
        let found: Vec<_> = match schema {
            None => named.collect(),
            Some(schema) => {
                let key = self.fold.key(schema);
                let schemas: BTreeSet<_> =
                    self.tables.iter().map(|t| t.table.schema.clone()).collect();
                if !schemas.iter().any(|known| self.fold.stored(known) == key) {
                    return Err(WarehouseError::SchemaNotFound {
                        name: schema.text.clone(),
                        schemas: schemas.into_iter().collect(),
                    });
                }
                named.filter(|t| self.fold.stored(&t.table.schema) == key).collect()
            }
        };
        match found.as_slice() {
            [] => Err(self.not_found(&written())),
            [only] => Ok(only),
            several => {
                let preferred =
                    several.iter().find(|t| Some(&t.table.schema) == self.default_schema.as_ref());
                preferred.copied().ok_or_else(|| WarehouseError::AmbiguousTable {
                    name: written(),
                    candidates: several.iter().map(|t| t.table.qualified_name.clone()).collect(),
                })
            }
        }
    }

    fn not_found(&self, written: &str) -> WarehouseError {
        let wanted = split(written)
            .and_then(|mut parts| parts.pop())
            .map_or_else(|| written.to_owned(), |part| part.text);
        let names =
            self.tables.iter().map(|t| (t.table.name.as_str(), t.table.qualified_name.as_str()));
        WarehouseError::TableNotFound { name: shortened(written), nearest: nearest(&wanted, names) }
    }
}

/// Takes `a."b.c"` apart. Accepts the quotes of every dialect: `"…"`, backticks and `[…]`, doubled inside to mean themselves.
fn split(written: &str) -> Option<Vec<NamePart>> {
    let mut parts = Vec::new();
    let mut rest = written.trim().chars().peekable();
    loop {
        let close = match rest.peek()? {
            quote @ ('"' | '`') => Some(*quote),
            '[' => Some(']'),
            _ => None,
        };
        let mut text = String::new();
        if let Some(close) = close {
            rest.next();
            loop {
                match rest.next()? {
                    c if c == close && rest.peek() == Some(&close) => text.extend(rest.next()),
                    c if c == close => break,
                    c => text.push(c),
                }
            }
        } else {
            while let Some(c) = rest.next_if(|c| *c != '.') {
                text.push(c);
            }
        }
        if text.is_empty() {
            return None;
        }
        parts.push(NamePart { text, quoted: close.is_some() });
        match rest.next() {
            None => return Some(parts),
            Some('.') => {}
            Some(_) => return None,
        }
    }
}

/// The names closest to `wanted`: at most five, nearest first, and none that is merely of the same length.
pub(crate) fn nearest<'a>(
    wanted: &str,
    names: impl Iterator<Item = (&'a str, &'a str)>,
) -> Vec<String> {
    let wanted = shortened(wanted).to_lowercase();
    let mut scored: Vec<_> = names
        .filter_map(|(name, shown)| {
            let name = name.to_lowercase();
            let contained = wanted.len() > 2 && (name.contains(&wanted) || wanted.contains(&name));
            let distance = distance(&wanted, &name);
            (contained || distance <= wanted.chars().count().max(name.chars().count()) / 2)
                .then(|| (distance, shown.to_owned()))
        })
        .collect();
    scored.sort();
    scored.truncate(NEAREST);
    scored.into_iter().map(|(_, shown)| shown).collect()
}

/// A name short enough for a message.
fn shortened(written: &str) -> String {
    written.chars().take(128).collect()
}

/// Levenshtein's distance in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
