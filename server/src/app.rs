//! The running server: configuration, authority, store and keys, and what every face of it does with them.
//!
//! The invariant of every method: rows are loaded and changes committed in one transaction, and nothing is answered before the commit.

mod bearer;
mod clients;
mod documents;
mod people;
mod tokens;

use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use bearer::BearerRefusal;
pub use clients::RegisterError;
pub use people::{PeopleError, Visitor};
pub use tokens::TokenError;

use crate::authority::{Authority, Policy};
use crate::client_documents::ClientDocuments;
use crate::config::Config;
use crate::secret::entropy::{Entropy, SystemEntropy};
use crate::secret::keys::{KeyError, Keys};
use crate::secret::password::Passwords;
use crate::store::sqlite::SqliteStore;
use crate::store::{Retention, Store, StoreError};
use crate::workspace::{Connection, CursorKey, WorkspaceTools};

/// A running server, shared by all requests.
#[derive(Debug)]
pub struct App {
    /// The configuration.
    pub config: Config,
    /// The rules. Not public, so that nothing outside can replace the policy.
    pub(crate) authority: Authority,
    /// The database.
    pub store: Arc<dyn Store>,
    pub(crate) keys: Keys,
    pub(crate) entropy: Box<dyn Entropy>,
    pub(crate) passwords: Passwords,
    pub(crate) documents: ClientDocuments,
    tools: WorkspaceTools,
}

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The directory holds something already.
    #[error("{0} is not empty; choose a new directory")]
    NotEmpty(PathBuf),
    /// The directory cannot be made or read.
    #[error("cannot use {0}: {1}")]
    Directory(PathBuf, std::io::Error),
    /// The root key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a data directory with a new root key and an empty database. The directory must be empty or absent.
pub async fn init(data: &Path) -> Result<(), OpenError> {
    let failed = |error| OpenError::Directory(data.to_owned(), error);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(failed)?;
    if fs::read_dir(data).map_err(failed)?.next().is_some() {
        return Err(OpenError::NotEmpty(data.to_owned()));
    }
    Keys::create(&data.join("root.key"), &SystemEntropy)?;
    // The database and the files that SQLite puts beside it get the mode of this file.
    let database = data.join("lookout.db");
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&database)
        .map_err(failed)?;
    SqliteStore::open(&database).await?.close().await;
    Ok(())
}

impl App {
    /// Opens the data directory that `config` names; [`init`] makes one.
    pub async fn open(config: Config) -> Result<Self, OpenError> {
        Self::assemble(config, Policy::STRICT).await
    }

    /// Opens a server that decides by `policy`. A policy other than the strict one is deliberately insecure; this exists to test the tests.
    #[cfg(feature = "danger-planted-faults")]
    pub async fn with_dangerous_policy(config: Config, policy: Policy) -> Result<Self, OpenError> {
        Self::assemble(config, policy).await
    }

    async fn assemble(config: Config, policy: Policy) -> Result<Self, OpenError> {
        let entropy = Box::new(SystemEntropy);
        let keys = Keys::load(&config.data.join("root.key"))?;
        let store = SqliteStore::open(&config.data.join("lookout.db")).await?;
        let store: Arc<dyn Store> = Arc::new(store);
        let cursors = CursorKey::new(keys.cursor());
        let tools = WorkspaceTools::new(
            store.clone(),
            Vec::new(),
            cursors,
            config.public_url.base.as_str(),
        );
        Ok(Self {
            authority: Authority {
                policy,
                issuer: config.issuer(),
                lifetimes: config.authority_lifetimes(),
                limits: config.authority_limits(),
            },
            passwords: Passwords::new(&*entropy),
            documents: ClientDocuments::new(&config),
            store,
            tools,
            keys,
            entropy,
            config,
        })
    }

    /// The same server with these warehouses connected.
    #[must_use]
    pub fn with_warehouses(mut self, connections: Vec<Connection>) -> Self {
        self.tools = self.tools.with_warehouses(connections);
        self
    }

    /// The handlers behind the gate.
    #[must_use]
    pub const fn tools(&self) -> &WorkspaceTools {
        &self.tools
    }

    /// The rules, for code that asks a single one.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.authority.policy
    }

    /// Removes rows that can never matter again. Call it now and then.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        const DAY: i64 = 86_400;
        let retention = Retention {
            unconsented_client: DAY,
            session: self.config.lifetimes.session_absolute,
            ended_grant: self.config.lifetimes.refresh_absolute.saturating_add(30 * DAY),
        };
        self.store.sweep(retention).await
    }
}
