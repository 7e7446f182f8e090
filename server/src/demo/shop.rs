//! The demonstration shop: a year of a web shop that sells tea, generated.
//!
//! Money is stored in integer cents, over which sums are exact; the `DECIMAL` columns beside them are generated from the cents for reading.
//! Times are RFC 3339 text in UTC with whole seconds, so they compare as text. The year ends on the midnight with which `today` begins.
//!
//! Invariant: a file exists under the asked name only when it is whole. The work happens in a file beside it that is renamed at the end.

mod generate;
mod ledger;
mod people;
mod tables;
mod visit;
mod words;

use std::{
    collections::BTreeMap,
    fs, io, iter,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

use jiff::civil::Date;
use rusqlite::Connection;

use self::tables::{DAILY_SALES, DAILY_SALES_COMMENT, INDEXES, TABLES};
use crate::warehouse::embedded::Comment;

/// How many rows were written, by table.
pub type Rows = BTreeMap<&'static str, u64>;

/// Why the shop could not be created. For the operator: the sources name files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// The file could not be written or renamed.
    #[error("cannot write the demonstration shop to {}: {source}", path.display())]
    File {
        /// The file asked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// SQLite refused.
    #[error("cannot fill the demonstration shop: {0}")]
    Database(#[from] rusqlite::Error),
}

/// Creates the shop in a file, replacing one that is there.
///
/// `scale` multiplies the number of visits: 1.0 gives about 350,000 rows, and at least one visit a day is made. `today` is the day after the last
/// day with data.
///
/// # Errors
/// When the folder cannot be written to. The file under `path` is then as it was before.
pub fn create(path: &Path, scale: f64, today: Date) -> Result<Rows, CreateError> {
    let failed = |source| CreateError::File { path: path.to_owned(), source };
    let unfinished = Unfinished::beside(path);
    let rows = {
        let mut connection = Connection::open(&unfinished.0)?;
        // Nobody else sees this file and a torn one is thrown away, so a journal would be work for nothing.
        connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -65536;")?;
        let transaction = connection.transaction()?;
        for table in TABLES {
            let columns: Vec<_> = table
                .columns
                .iter()
                .map(|(name, declaration, _)| format!("{name} {declaration}"))
                .collect();
            transaction.execute_batch(&format!(
                "CREATE TABLE {} ({})",
                table.name,
                columns.join(", ")
            ))?;
        }
        let rows = generate::fill(&transaction, scale, today)?;
        transaction.execute_batch(INDEXES)?;
        transaction.execute_batch(DAILY_SALES)?;
        transaction.commit()?;
        rows
    };
    fs::File::open(&unfinished.0).and_then(|file| file.sync_all()).map_err(failed)?;
    fs::rename(&unfinished.0, path).map_err(failed)?;
    Ok(rows)
}

/// What the shop's tables and columns hold, for the catalogue of a warehouse.
#[must_use]
pub fn comments() -> BTreeMap<String, Comment> {
    let tables = TABLES.iter().map(|table| {
        let columns = table
            .columns
            .iter()
            .map(|(name, _, comment)| ((*name).to_owned(), (*comment).to_owned()))
            .collect();
        (table.name.to_owned(), Comment { table: table.comment.to_owned(), columns })
    });
    let view = Comment { table: DAILY_SALES_COMMENT.to_owned(), columns: BTreeMap::new() };
    tables.chain(iter::once(("daily_sales".to_owned(), view))).collect()
}

/// A file that is removed unless it was renamed.
struct Unfinished(PathBuf);

impl Unfinished {
    fn beside(path: &Path) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(
            ".{}-{}.unfinished",
            process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        ));
        Self(path.with_file_name(name))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After the rename there is nothing to remove, and a file that cannot be removed does no harm.
        let _ = fs::remove_file(&self.0);
    }
}
