//! The database of the servers, seen from beside them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};

use crate::cluster::Cluster;

/// Which database the servers use.
#[derive(Debug)]
pub enum Database {
    /// A file in the data directory.
    Sqlite(PathBuf),
    /// A PostgreSQL cluster of the run's own.
    Postgres(Throwaway),
}

/// A PostgreSQL cluster that goes with this value.
#[derive(Debug)]
pub struct Throwaway {
    cluster: Cluster,
    url: String,
}

/// Things that are half done, as counts that must be 0, each with what it would mean.
const HALVES: &[(&str, &str)] = &[
    (
        "a code that was used up for nothing",
        "select count(*) from codes c join grants g on g.id = c.grant_id where c.used_at is not null and g.revoked_at is null
         and not exists (select 1 from tokens t where t.grant_id = c.grant_id)",
    ),
    (
        "a refresh token that was replaced by nothing",
        "select count(*) from tokens o where o.kind = 'refresh' and o.superseded_at is not null
         and not exists (select 1 from tokens n where n.grant_id = o.grant_id and n.kind = 'refresh' and n.generation = o.generation + 1)",
    ),
    (
        "two refresh tokens of one generation",
        "select count(*) from (select 1 from tokens where kind = 'refresh' group by grant_id, generation having count(*) > 1) twice",
    ),
    (
        "a refresh token without its access token",
        "select count(*) from tokens r where r.kind = 'refresh'
         and not exists (select 1 from tokens a where a.grant_id = r.grant_id and a.kind = 'access' and a.generation = r.generation)",
    ),
    (
        "a grant of an application without a code",
        "select count(*) from grants g where g.kind = 'oauth' and not exists (select 1 from codes c where c.grant_id = g.id)",
    ),
    (
        "a programmatic grant without its token",
        "select count(*) from grants g where g.kind = 'programmatic' and not exists (select 1 from tokens t where t.grant_id = g.id)",
    ),
];

impl Database {
    /// The embedded database in a data directory.
    #[must_use]
    pub fn embedded(data: &Path) -> Self {
        Self::Sqlite(data.join("lookout.db"))
    }

    /// A new PostgreSQL cluster. `None` where PostgreSQL is not installed, which is said.
    #[must_use]
    pub fn throwaway() -> Option<Self> {
        let cluster = Cluster::start()?;
        let url = cluster.fresh_database();
        Some(Self::Postgres(Throwaway { cluster, url }))
    }

    /// The address of a database that the servers share.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(throwaway) => Some(&throwaway.url),
        }
    }

    /// Kills the database server, every process at once or in its own sudden way, calls `ended`, and starts it again. Returns whether there was one.
    #[must_use]
    pub fn crash(&self, at_once: bool, ended: impl FnOnce()) -> bool {
        let Self::Postgres(Throwaway { cluster, .. }) = self else { return false };
        if at_once {
            cluster.kill9();
        } else {
            cluster.stop_immediate();
        }
        ended();
        cluster.start_again();
        true
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }

    /// Everything that is half done now.
    ///
    /// # Errors
    ///
    /// When the database cannot be asked.
    pub fn half_states(&self) -> Result<Vec<String>> {
        let mut found = Vec::new();
        for (meaning, query) in HALVES {
            let count = self.count(query)?;
            if count != 0 {
                found.push(format!("{count} times {meaning}"));
            }
        }
        Ok(found)
    }

    /// Takes a table away, or gives it back: for as long as it is away, the store is in trouble.
    ///
    /// # Errors
    ///
    /// When the database refuses.
    pub fn hide_tokens(&self, hide: bool) -> Result<()> {
        let [from, to] = if hide { ["tokens", "hidden"] } else { ["hidden", "tokens"] };
        self.execute(&format!("alter table {from} rename to {to}"))
    }

    fn count(&self, query: &str) -> Result<i64> {
        match self {
            Self::Sqlite(path) => Ok(open(path)?.query_row(query, [], |row| row.get(0))?),
            Self::Postgres(Throwaway { cluster, url }) => {
                let rows = cluster.query(url, query).map_err(|error| anyhow!(error))?;
                let count = rows.first().and_then(|row| row.first()?.as_deref());
                Ok(count.context("a count has a row")?.parse()?)
            }
        }
    }

    fn execute(&self, statement: &str) -> Result<()> {
        match self {
            Self::Sqlite(path) => Ok(open(path)?.execute_batch(statement)?),
            Self::Postgres(Throwaway { cluster, url }) => {
                cluster.query(url, statement).map(drop).map_err(|error| anyhow!(error))
            }
        }
    }
}

fn open(path: &Path) -> rusqlite::Result<rusqlite::Connection> {
    let connection = rusqlite::Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    Ok(connection)
}
