//! Registering clients, for themselves (RFC 7591) and for people.

use std::time::Duration;

use super::App;
use super::once::identifier_of;
use crate::audit::{Event, What};
use crate::authority::client::{FreshClient, Registration};
use crate::authority::records::{Client, User};
use crate::authority::{Change, OAuthError};
use crate::secret::ClientSecret;
use crate::secret::entropy::identifier;
use crate::store::StoreError;

/// Seconds within which a person is sent here after a client registered.
pub(super) const YOUNG: i64 = 600;

/// How long a registration waits for those before it.
const TURN: Duration = Duration::from_secs(1);

/// Why a client was not registered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// Its metadata cannot be registered.
    #[error(transparent)]
    Refused(#[from] OAuthError),
    /// Too many clients are registered that nobody allowed anything.
    #[error("too many clients are registered and unused; try again later")]
    Crowded,
    /// The form registered a client when it was sent before.
    #[error("this form was sent before, and registered the client {id} then")]
    AlreadySent {
        /// Its identifier.
        id: String,
    },
    /// The database did not do its work.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl App {
    /// Registers a client, for itself or for the person `registered_by`. The secret of a confidential one exists only in what this returns.
    ///
    /// When there are too many that registered themselves, a new one takes the place of the oldest that nobody was asked about, so that a flood locks
    /// nobody out; only a client that registered within the last minutes keeps its place, as somebody may be about to be asked.
    ///
    /// Only clients that register themselves are bounded and removed when nobody allows them anything: anybody can make those.
    pub async fn register_client(
        &self,
        registration: &Registration,
        registered_by: Option<&User>,
    ) -> Result<(Client, Option<ClientSecret>), RegisterError> {
        self.add_client(registration, registered_by, identifier(&*self.entropy)).await
    }

    /// Registers the client that a person's form `form` asks for, unless that form registered one before.
    pub(crate) async fn register_client_once(
        &self,
        registration: &Registration,
        user: &User,
        form: &str,
    ) -> Result<(Client, Option<ClientSecret>), RegisterError> {
        self.add_client(registration, Some(user), identifier_of(user, "client", form)).await
    }

    async fn add_client(
        &self,
        registration: &Registration,
        registered_by: Option<&User>,
        id: String,
    ) -> Result<(Client, Option<ClientSecret>), RegisterError> {
        let secret = ClientSecret::mint(&*self.entropy);
        // Registrations take turns in the database; waiting here keeps its connections for other decisions.
        let turn = tokio::time::timeout(TURN, self.registering.lock()).await;
        let _turn = turn.map_err(|_| StoreError("too many registrations wait".into()))?;
        let mut transaction = self.store.begin().await?;
        if registered_by.is_some() && transaction.client(&id).await?.is_some() {
            drop(transaction);
            self.audit(Event::refused(What::Register, "already_sent").client(&id)).await;
            return Err(RegisterError::AlreadySent { id });
        }
        let young = transaction.now().plus_seconds(-YOUNG);
        if registered_by.is_none()
            && transaction.unconsented_clients().await? >= self.config.limits.unconsented_clients
            && !transaction.forget_oldest_client(young).await?
        {
            drop(transaction);
            self.audit(Event::refused(What::Register, "crowded")).await;
            return Err(RegisterError::Crowded);
        }
        let fresh = FreshClient {
            id: &id,
            registered_by: registered_by.map(|user| user.id.as_str()),
            secret: self.keys.digest(&secret),
        };
        let mut decision = self.authority.register(transaction.now(), registration, fresh);
        if let Ok(client) = &decision.reply {
            let mut event = Event::allowed(What::Register).client(&client.id);
            event.user_id = client.registered_by.clone();
            if registered_by.is_some() {
                decision.changes.push(Change::Audit(event));
            } else {
                decision.changes.extend(self.self_registered(event).into_iter().map(Change::Audit));
            }
        }
        transaction.commit(decision.changes).await?;
        let client = match decision.reply {
            Ok(client) => client,
            Err(error) => {
                self.audit(Event::refused(What::Register, error.code.as_str())).await;
                return Err(error.into());
            }
        };
        let secret = client.secret.is_some().then_some(secret);
        Ok((client, secret))
    }
}
