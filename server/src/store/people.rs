//! What sign-in and the pages about people need of a store.

use super::{StoreError, StoreFuture};
use crate::authority::Timestamp;
use crate::authority::people::{Person, SetupLink};
use crate::authority::records::{Membership, Session, User};
use crate::authority::throttle::{Failures, Key};
use crate::authority::upstream::{Identity, UpstreamSignIn};
use crate::secret::keys::Digest;

/// Reads about people, outside a decision.
pub trait PeopleStore: Send + Sync {
    /// Whether anybody has an account.
    fn has_people(&self) -> StoreFuture<'_, bool>;

    /// Everybody, by e-mail address.
    fn people(&self) -> StoreFuture<'_, Vec<PersonListing>>;

    /// The sessions of a person, the newest first, and the time.
    fn sessions<'a>(&'a self, user_id: &'a str) -> StoreFuture<'a, (Timestamp, Vec<Session>)>;

    /// A setup link with its person, and the time.
    fn setup_link(&self, digest: Digest) -> StoreFuture<'_, Option<(Timestamp, SetupLink, User)>>;

    /// Who a person is at OpenID providers.
    fn identities<'a>(&'a self, user_id: &'a str) -> StoreFuture<'a, Vec<Identity>>;
}

/// What a decision about people loads. Every load of a person takes the lock on them, and what is read afterwards is the newest.
pub trait PeopleRows: Send {
    /// A person.
    fn person<'a>(&'a mut self, user_id: &'a str) -> StoreFuture<'a, Option<Person>>;

    /// The person with this lower-case e-mail address.
    fn person_by_email<'a>(&'a mut self, email: &'a str) -> StoreFuture<'a, Option<Person>>;

    /// The person who is known so at an OpenID provider.
    fn person_by_identity<'a>(
        &'a mut self,
        identity: &'a Identity,
    ) -> StoreFuture<'a, Option<Person>>;

    /// Who a person, who was loaded before, is at OpenID providers.
    fn identities_of<'a>(&'a mut self, user_id: &'a str) -> StoreFuture<'a, Vec<Identity>>;

    /// The identifier of the workspace that a membership names, which is made if there is none.
    fn workspace<'a>(&'a mut self, membership: &'a Membership) -> StoreFuture<'a, String>;

    /// A setup link with its person.
    fn setup_link_to_use(&mut self, digest: Digest) -> StoreFuture<'_, Option<(SetupLink, User)>>;

    /// Failed sign-ins, with the lock on their count. Load several in the order of their keys.
    fn failures<'a>(&'a mut self, key: &'a Key) -> StoreFuture<'a, Failures>;

    /// Gives up the oldest sign-ins at an OpenID provider beyond the newest `kept`.
    fn give_up_upstream(&mut self, kept: i64) -> StoreFuture<'_, ()>;

    /// Takes a sign-in that comes back from an OpenID provider, so that nobody else can.
    fn take_upstream<'a>(&'a mut self, state: &'a Key) -> StoreFuture<'a, Option<UpstreamSignIn>>;
}

impl StoreError {
    /// Whether a decision met another one about the same rows, so that it is worth deciding anew. SQLite decides one after the other.
    pub(crate) fn is_race(&self) -> bool {
        let Some(sqlx::Error::Database(error)) = self.0.downcast_ref::<sqlx::Error>() else {
            return false;
        };
        matches!(error.code().as_deref(), Some("23503" | "23505" | "40001" | "40P01"))
    }
}

/// A person as the operator's list shows them.
#[derive(Clone, Debug)]
pub struct PersonListing {
    /// The person.
    pub user: User,
    /// Whether they chose a password.
    pub has_password: bool,
    /// Workspaces and roles.
    pub memberships: Vec<(String, String)>,
}
