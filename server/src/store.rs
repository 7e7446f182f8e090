//! Storage: what a database must do for this server.
//!
//! A decision runs in one transaction: [`AuthorityStore::begin`] takes the lock and reads the clock, the rows are loaded, the authority decides, and
//! [`AuthorityTransaction::commit`] applies the changes. The reply is sent after the commit, never before.
//! The one clock is the store's, so replicas with different clocks decide alike.
//!
//! Nothing is cached: a revocation that was answered is seen by every later read.

pub mod activity;
pub mod operations;
pub mod people;
#[allow(
    clippy::duplicate_mod,
    reason = "each database compiles the same statements with its own dialect"
)]
pub mod postgres;
#[allow(
    clippy::duplicate_mod,
    reason = "each database compiles the same statements with its own dialect"
)]
pub mod sqlite;
pub(crate) mod steady;
pub mod workspace;

use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::authority::bearer::BearerRows;
use crate::authority::records::{
    AuthorizationRequest, Client, Code, Grant, Membership, Session, Standing, Token, User,
};
use crate::authority::{Change, Timestamp};
use crate::config::DatabaseSettings;
use crate::metrics::metrics;
use crate::secret::keys::Digest;
use activity::ActivityStore;
use operations::OperationsStore;
use people::{PeopleRows, PeopleStore};
use workspace::WorkspaceStore;

/// What a store operation returns. Boxed, so that stores are chosen at run time.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// The work cannot be done now: the request fails with 503. Nothing was decided, unless it is the commit that failed: then nobody knows.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub(crate) Box<dyn std::error::Error + Send + Sync>);

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        use sqlx::migrate::MigrateError::{VersionMismatch, VersionMissing};
        Self(match error {
            VersionMissing(version) => format!("the database was made by a newer version of this server (its schema is at {version}); run that version").into(),
            VersionMismatch(version) => format!("part {version} of the database's schema was made by another build of this server; run that build").into(),
            error => error.into(),
        })
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        metrics().store_failures.inc();
        Self(error.into())
    }
}

/// Everything that the server stores.
pub trait Store:
    AuthorityStore + PeopleStore + WorkspaceStore + OperationsStore + ActivityStore
{
}

impl<S: AuthorityStore + PeopleStore + WorkspaceStore + OperationsStore + ActivityStore> Store
    for S
{
}

/// Opens the store: the PostgreSQL database that `database` names, or the file in the data directory, which must exist.
///
/// # Errors
///
/// When it cannot be reached, or was made by a newer version.
pub async fn open(data: &Path, database: &DatabaseSettings) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match &database.url {
        Some(url) => Arc::new(postgres::PostgresStore::open(url, database.connections).await?),
        None => Arc::new(sqlite::SqliteStore::open(&file(data)).await?),
    })
}

/// Opens the store as it is, to look at it alone.
///
/// # Errors
///
/// When it cannot be reached or is not there.
pub async fn look(data: &Path, database: &DatabaseSettings) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match &database.url {
        Some(url) => Arc::new(postgres::PostgresStore::look(url).await?),
        None => Arc::new(sqlite::SqliteStore::look(&file(data)).await?),
    })
}

/// The embedded database of a data directory.
#[must_use]
pub fn file(data: &Path) -> PathBuf {
    data.join("lookout.db")
}

/// How long a read, or a decision from its beginning to its commit, may take before the request is told to come back. Longer than the time that the
/// database gives a statement, so that one that hangs there ends there.
const DEADLINE: Duration = Duration::from_millis(1800);

/// When what begins now has to be over.
pub(crate) fn deadline() -> Instant {
    Instant::now() + DEADLINE
}

/// A store operation that ends in time. What it was about to do may or may not have happened: an answer that is late is no answer.
pub(crate) fn bounded<'a, T>(
    work: impl Future<Output = Result<T, StoreError>> + Send + 'a,
) -> StoreFuture<'a, T> {
    until(deadline(), work)
}

/// A step of a decision, which has one deadline for all its steps. A step that would begin after it does not begin, so nothing of it happens.
pub(crate) fn until<'a, T>(
    deadline: Instant,
    work: impl Future<Output = Result<T, StoreError>> + Send + 'a,
) -> StoreFuture<'a, T> {
    Box::pin(async move {
        let late = || StoreError("the database did not answer in time".into());
        if Instant::now() >= deadline {
            return Err(late());
        }
        timeout_at(deadline, work).await.map_err(|_| late())?
    })
}

/// What the authority and the pages about it need of a store.
pub trait AuthorityStore: Send + Sync + fmt::Debug {
    /// Begins a decision: takes the lock that decisions need and reads the clock.
    fn begin(&self) -> StoreFuture<'_, Box<dyn AuthorityTransaction>>;

    /// The token with this digest, all that its validity depends on, and the time, in one read of the newest state.
    fn bearer(&self, digest: Digest) -> StoreFuture<'_, Option<(Timestamp, BearerRows)>>;

    /// Notes that a grant was used, at most once a minute.
    fn note_use<'a>(&'a self, grant_id: &'a str) -> StoreFuture<'a, ()>;

    /// A client.
    fn client<'a>(&'a self, id: &'a str) -> StoreFuture<'a, Option<Client>>;

    /// The clients that a person registered, newest first.
    fn clients_of<'a>(&'a self, user_id: &'a str) -> StoreFuture<'a, Vec<Client>>;

    /// A session with its person, and the time.
    fn visitor(&self, session: Digest) -> StoreFuture<'_, Option<(Timestamp, Session, User)>>;

    /// Notes that a session was used, at most once a minute.
    fn note_visit(&self, session: Digest) -> StoreFuture<'_, ()>;

    /// The person with this lower-case e-mail address, and their password's hash.
    fn account<'a>(&'a self, email: &'a str) -> StoreFuture<'a, Option<Account>>;

    /// The workspaces of a person, by slug.
    fn memberships<'a>(&'a self, user_id: &'a str) -> StoreFuture<'a, Vec<Membership>>;

    /// Everything granted in a workspace that ever had a token, newest first, and the time.
    fn grants<'a>(
        &'a self,
        workspace_id: &'a str,
    ) -> StoreFuture<'a, (Timestamp, Vec<GrantListing>)>;

    /// Removes what can never matter again.
    fn sweep(&self, retention: Retention) -> StoreFuture<'_, ()>;
}

/// A decision in progress. Dropping it undoes everything.
pub trait AuthorityTransaction: PeopleRows {
    /// The time of the decision.
    fn now(&self) -> Timestamp;

    /// A client.
    fn client<'a>(&'a mut self, id: &'a str) -> StoreFuture<'a, Option<Client>>;

    /// How many clients that registered themselves nobody ever allowed anything.
    fn unconsented_clients(&mut self) -> StoreFuture<'_, usize>;

    /// Forgets the oldest client that registered itself before `registered_before` and that nobody was asked about or allowed anything; whether there
    /// was one.
    fn forget_oldest_client(&mut self, registered_before: Timestamp) -> StoreFuture<'_, bool>;

    /// A session with its person.
    fn visitor(&mut self, session: Digest) -> StoreFuture<'_, Option<(Session, User)>>;

    /// A person's membership of a workspace.
    fn membership<'a>(
        &'a mut self,
        user_id: &'a str,
        workspace_id: &'a str,
    ) -> StoreFuture<'a, Option<Membership>>;

    /// An authorization request.
    fn request<'a>(&'a mut self, id: &'a str) -> StoreFuture<'a, Option<AuthorizationRequest>>;

    /// A code with its grant.
    fn code(&mut self, digest: Digest) -> StoreFuture<'_, Option<(Code, Standing)>>;

    /// A token with its grant.
    fn token(&mut self, digest: Digest) -> StoreFuture<'_, Option<(Token, Standing)>>;

    /// A grant.
    fn grant<'a>(&'a mut self, id: &'a str) -> StoreFuture<'a, Option<Grant>>;

    /// Live grants of a person and a client, oldest first.
    fn live_grants<'a>(
        &'a mut self,
        user_id: &'a str,
        client_id: &'a str,
    ) -> StoreFuture<'a, Vec<String>>;

    /// The names of a person's live programmatic tokens in a workspace.
    fn live_token_names<'a>(
        &'a mut self,
        user_id: &'a str,
        workspace_id: &'a str,
    ) -> StoreFuture<'a, Vec<String>>;

    /// Applies `changes` and commits. When this returns, they are durable and seen by every later read.
    fn commit(self: Box<Self>, changes: Vec<Change>) -> StoreFuture<'static, ()>;
}

/// A person with what they sign in with.
#[derive(Clone)]
pub struct Account {
    /// The person.
    pub user: User,
    /// The Argon2id hash in PHC format; empty when they have none.
    pub password: String,
    /// When they chose it.
    pub password_changed_at: Timestamp,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("user", &self.user).finish_non_exhaustive()
    }
}

/// A grant as a list shows it.
#[derive(Clone, Debug)]
pub struct GrantListing {
    /// The grant.
    pub grant: Grant,
    /// The e-mail address of the person who granted it.
    pub user_email: String,
    /// The first characters of a programmatic token; empty otherwise.
    pub hint: String,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// How long rows are kept, in seconds, and how many.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// A client that registered itself and that nobody allowed anything.
    pub unconsented_client: i64,
    /// A session, after sign-in.
    pub session: i64,
    /// The tokens and codes of an ended grant, so that reuse of an old refresh token is still recognised meanwhile.
    pub ended_grant: i64,
    /// A call of a tool.
    pub call: i64,
    /// How many calls of a workspace are kept, whatever their age.
    pub calls: i64,
}
