//! What a person granted: programmatic tokens and connected applications.

use std::time::Duration;

use lookout_schema::ScopeSet;
use tokio::time::{Instant, timeout_at};

use super::App;
use super::once::identifier_of;
use crate::audit::{Event, What};
use crate::authority::programmatic::{FreshToken, TokenRefusal, TokenRequest};
use crate::authority::records::{Grant, Membership, User};
use crate::authority::revoke::NoSuchGrant;
use crate::authority::{Change, Timestamp};
use crate::secret::ProgrammaticToken;
use crate::secret::entropy::identifier;
use crate::secret::keys::Digest;
use crate::store::{GrantListing, StoreError};

/// How long after its beginning a request may still be answered with what became of its commit, and how often that is asked.
const ANSWERED: Duration = Duration::from_secs(10);
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// What became of tokens whose commit did not say how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Issued {
    /// They are stored, so what was presented for them is used.
    Yes,
    /// They are not and will not be: the same request can be made again.
    No,
    /// The database did not say until it was too late.
    Unknown,
}

/// Why a token was not made.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The request cannot be granted.
    #[error(transparent)]
    Refused(#[from] TokenRefusal),
    /// The person is not a member of the workspace now.
    #[error("you are not a member of this workspace")]
    NotAMember,
    /// The form made a token when it was sent before.
    #[error("this form was sent before, and made the token {name:?} then")]
    AlreadySent {
        /// What the token is called.
        name: String,
    },
    /// The database did not do its work.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl App {
    /// Makes a programmatic token. The secret exists only in what this returns.
    pub async fn create_token(
        &self,
        user: &User,
        workspace_id: &str,
        name: &str,
        scopes: Option<ScopeSet>,
        days: Option<i64>,
    ) -> Result<(ProgrammaticToken, Grant), TokenError> {
        let request = TokenRequest { user_id: &user.id, workspace_id, name, scopes, days };
        self.make_token(user, &request, &identifier(&*self.entropy)).await
    }

    /// Makes a programmatic token that the form `form` asks for, unless that form made one before.
    pub(crate) async fn create_token_once(
        &self,
        user: &User,
        request: &TokenRequest<'_>,
        form: &str,
    ) -> Result<(ProgrammaticToken, Grant), TokenError> {
        self.make_token(user, request, &identifier_of(user, "token", form)).await
    }

    async fn make_token(
        &self,
        user: &User,
        request: &TokenRequest<'_>,
        grant_id: &str,
    ) -> Result<(ProgrammaticToken, Grant), TokenError> {
        let workspace_id = request.workspace_id;
        let secret = ProgrammaticToken::mint(&*self.entropy);
        let mut transaction = self.store.begin().await?;
        if transaction.membership(&user.id, workspace_id).await?.is_none() {
            drop(transaction);
            self.audit(Event::refused(What::CreateToken, "not_a_member").user(&user.id)).await;
            return Err(TokenError::NotAMember);
        }
        // This locks the person, so a form that is sent twice at once is one after the other from here on.
        let live_names = transaction.live_token_names(&user.id, workspace_id).await?;
        if let Some(made) = transaction.grant(grant_id).await? {
            drop(transaction);
            let event = Event::refused(What::CreateToken, "already_sent");
            self.audit(event.user(&user.id).workspace(workspace_id)).await;
            return Err(TokenError::AlreadySent { name: made.name });
        }
        let mut decision = self.authority.create_token(
            transaction.now(),
            request,
            &live_names,
            FreshToken { grant_id, digest: self.keys.digest(&secret), hint: &secret.hint() },
        );
        if let Ok(grant) = &decision.reply {
            decision.changes.push(Change::Audit(of_grant(What::CreateToken, grant)));
        }
        transaction.commit(decision.changes).await?;
        match decision.reply {
            Ok(grant) => Ok((secret, grant)),
            Err(refusal) => {
                let event = Event::refused(What::CreateToken, "invalid_request");
                self.audit(event.user(&user.id).workspace(workspace_id)).await;
                Err(refusal.into())
            }
        }
    }

    /// What the person may see of everything granted in a workspace, newest first, and the time.
    pub async fn grants_seen_by(
        &self,
        user: &User,
        membership: &Membership,
    ) -> Result<(Timestamp, Vec<GrantListing>), StoreError> {
        let (now, mut listings) = self.store.grants(&membership.workspace_id).await?;
        listings.retain(|listing| {
            (self.policy().grant_is_visible)(&listing.grant, &user.id, membership)
        });
        Ok((now, listings))
    }

    /// Ends a grant for a person who may. When this returns, no token of it is valid any more.
    pub async fn disconnect(
        &self,
        user: &User,
        membership: &Membership,
        grant_id: &str,
    ) -> Result<Result<(), NoSuchGrant>, StoreError> {
        let mut transaction = self.store.begin().await?;
        let grant = transaction.grant(grant_id).await?;
        let mut decision =
            self.authority.disconnect(transaction.now(), &user.id, membership, grant.as_ref());
        let event = match (&grant, decision.reply.is_ok()) {
            (Some(grant), true) => {
                let mut event = of_grant(What::Disconnect, grant);
                event.user_id = Some(user.id.clone());
                decision.changes.push(Change::Audit(event));
                None
            }
            _ => Some(Event::refused(What::Disconnect, "no_such_grant").user(&user.id)),
        };
        transaction.commit(decision.changes).await?;
        if let Some(event) = event {
            self.audit(event).await;
        }
        Ok(decision.reply)
    }

    /// Whether an access token was stored by a commit that did not say how it ended, for a request that began then.
    ///
    /// The lock on the grant waits for a commit that is still under way. A database that is away is asked again until the request has to be answered.
    pub(crate) async fn was_issued(
        &self,
        grant_id: &str,
        access: Digest,
        begun: Instant,
    ) -> Issued {
        let asked = async {
            loop {
                match self.stores_token(grant_id, access).await {
                    Ok(true) => return Issued::Yes,
                    Ok(false) => return Issued::No,
                    Err(_) => tokio::time::sleep(ASK_AGAIN).await,
                }
            }
        };
        timeout_at(begun + ANSWERED, asked).await.unwrap_or(Issued::Unknown)
    }

    async fn stores_token(&self, grant_id: &str, access: Digest) -> Result<bool, StoreError> {
        let mut transaction = self.store.begin().await?;
        transaction.grant(grant_id).await?;
        Ok(transaction.token(access).await?.is_some())
    }
}

/// Something that was done about a grant.
fn of_grant(what: What, grant: &Grant) -> Event {
    let mut event = Event::allowed(what)
        .user(&grant.user_id)
        .workspace(&grant.workspace_id)
        .grant(&grant.id)
        .detail(grant.scopes.to_string());
    event.client_id = grant.client_id.clone();
    event
}
