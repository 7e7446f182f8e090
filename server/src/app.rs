//! The running server: configuration, authority, store and keys, and what every face of it does with them.
//!
//! The invariant of every method: rows are loaded and changes committed in one transaction, and nothing is answered before the commit.

mod activity;
mod attempts;
mod audit;
mod bearer;
mod clients;
mod documents;
mod examine;
mod keys;
mod leaked;
mod notes;
mod once;
mod passwords;
mod people;
mod presented;
mod sessions;
mod sign_in;
mod tokens;
#[cfg(feature = "oidc")]
pub(crate) mod upstream;

use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use activity::{CALLS_OF_WORKSPACE, DAYS_OF_CALLS};
pub(crate) use activity::{CallFilter, WatchedCall};
pub use bearer::BearerRefusal;
pub use clients::RegisterError;
pub use examine::{Examined, Fate};
pub use leaked::{Leak, describe};
pub use passwords::{ChangeRefusal, SetupRefusal};
pub use people::PeopleError;
pub use sessions::Visitor;
pub use sign_in::{Attempt, SignIn, Welcome};
pub(crate) use tokens::Issued;
pub use tokens::TokenError;

use crate::audit::Budget;
use crate::authority::{Authority, Policy};
use crate::client_documents::ClientDocuments;
use crate::config::{Config, Settings};
use crate::http::rates::RequestRates;
use crate::secret::entropy::{Entropy, SystemEntropy};
use crate::secret::keys::{ENVIRONMENT, KeyError, Keys};
use crate::secret::password::Passwords;
use crate::serving::Draining;
use crate::store::{self, Retention, Store, StoreError};
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
    #[cfg(feature = "oidc")]
    pub(crate) upstream: Option<crate::upstream::Upstream>,
    tools: WorkspaceTools,
    budget: Budget,
    notes: notes::Notes,
    activity: activity::Activity,
    registering: tokio::sync::Mutex<()>,
    /// Of events of strangers who registered a client.
    registrations: Budget,
    /// Whether the server is about to stop.
    pub draining: Draining,
    /// How often anybody may ask.
    pub(crate) rates: RequestRates,
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
    /// The database is not new, so a new root key would be the wrong one.
    #[error(
        "the database has root keys already; copy the key file of another server of it to {0}, with mode 600, and leave out `init`"
    )]
    HasKeys(PathBuf),
    /// The root key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a data directory with a new root key and an empty database. The directory must be empty or absent.
pub async fn init(data: &Path) -> Result<(), OpenError> {
    init_on(&Settings { data: data.to_owned(), ..Settings::default() }).await
}

/// Makes a data directory, which must be empty or absent, with a new root key, and the database where `settings` say. Keys that are there already, in the
/// environment or in a file elsewhere, are kept.
pub async fn init_on(settings: &Settings) -> Result<(), OpenError> {
    let Settings { data, database, .. } = settings;
    let key_file = settings.keys.path(data);
    let failed = |error| OpenError::Directory(data.clone(), error);
    if data.exists() && fs::read_dir(data).map_err(failed)?.next().is_some() {
        return Err(OpenError::NotEmpty(data.to_owned()));
    }
    // Keys of the environment are not written down.
    let given = (std::env::var_os(ENVIRONMENT).is_some() || key_file.exists())
        .then(|| Keys::open(&key_file))
        .transpose()?;
    // A database that cannot be used leaves no directory behind, and neither does one that has keys already: a new one would make every secret in it unknown.
    let mut opened = None;
    if database.url.is_some() {
        let store = store::open(data, database).await?;
        match &given {
            Some(keys) => keys::bind(keys, &*store).await?,
            None if store.root_keys().await?.is_empty() => {}
            None => return Err(OpenError::HasKeys(key_file)),
        }
        opened = Some(store);
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(failed)?;
    let keys = match given {
        Some(keys) => keys,
        None => Keys::create(&key_file, &SystemEntropy)?,
    };
    let store = match opened {
        Some(store) => store,
        None => {
            // The database and the files that SQLite puts beside it get the mode of this file.
            let file = store::file(data);
            let mut options = fs::OpenOptions::new();
            options.write(true).create_new(true).mode(0o600).open(file).map_err(failed)?;
            store::open(data, database).await?
        }
    };
    keys::bind(&keys, &*store).await
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
        let keys = Keys::open(&config.key_file())?;
        let store = store::open(&config.data, &config.database).await?;
        keys::bind(&keys, &*store).await?;
        keys::watch(&keys, &store);
        let cursors = CursorKey::of(keys.clone());
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
            #[cfg(feature = "oidc")]
            upstream: crate::upstream::Upstream::new(&config),
            store,
            tools,
            budget: Budget::default(),
            notes: notes::Notes::default(),
            activity: activity::Activity::default(),
            registering: tokio::sync::Mutex::default(),
            registrations: Budget::default(),
            keys,
            entropy,
            rates: RequestRates::new(&config),
            config,
            draining: Draining::default(),
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
            call: DAYS_OF_CALLS * DAY,
            calls: CALLS_OF_WORKSPACE,
        };
        self.store.sweep(retention).await
    }
}
