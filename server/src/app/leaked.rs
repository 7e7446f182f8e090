//! Ending a secret that somebody found where it should not be. Having it is enough: whoever has it could use it.

use super::App;
use crate::audit::{Event, What};
use crate::authority::Change;
use crate::authority::people::PersonChange;
use crate::authority::records::{RevocationReason, TokenKind};
use crate::secret::SecretKind;
use crate::store::StoreError;

/// What a reported secret was, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leak {
    /// It has the form of a secret but its checksum is wrong, so this server never issued it.
    Malformed,
    /// It is none of this server's, or its row is gone, so it opens nothing.
    Unknown(SecretKind),
    /// It was valid once and had ended before.
    EndedBefore(SecretKind),
    /// It ended now.
    Ended(SecretKind),
}

impl App {
    /// Ends a secret by possession.
    ///
    /// A programmatic token, a refresh token or a code ends its grant with everything derived from it; an access token and a session end alone, a setup link with the others of its person; a client
    /// secret stops working, so that its client has to register again.
    pub async fn end_leaked(&self, presented: &str) -> Result<Leak, StoreError> {
        let Some(kind) = SecretKind::of(presented) else { return Ok(Leak::Malformed) };
        for digest in self.keys.digests(kind, presented) {
            // Before the decision begins, because that holds a connection already.
            let client = match kind {
                SecretKind::Client => self.store.client_with_secret(digest).await?,
                _ => None,
            };
            let mut transaction = self.store.begin().await?;
            let now = transaction.now();
            let event = Event::allowed(What::LeakedToken).detail(describe(kind));
            let found = match kind {
                SecretKind::Session => transaction.visitor(digest).await?.map(|(session, _)| {
                    let live = self.config.lifetimes.session_absolute;
                    let is_live = now < session.created_at.plus_seconds(live);
                    (vec![Change::EndSession { digest }], event.user(&session.user_id), is_live)
                }),
                SecretKind::Client => client.map(|client| {
                    (vec![Change::EndClientSecret { digest }], event.client(&client), true)
                }),
                SecretKind::Setup => {
                    transaction.setup_link_to_use(digest).await?.map(|(link, user)| {
                        let is_live = self.authority.setup_link_is_live(now, &link, &user);
                        let end = PersonChange::EndSetupLinks { user_id: link.user_id, at: now };
                        (vec![end.into()], event.user(&user.id), is_live)
                    })
                }
                SecretKind::Code => transaction.code(digest).await?.map(|(_, standing)| {
                    let is_live = self.authority.is_live(now, &standing);
                    let grant = standing.grant;
                    let end = Change::RevokeGrant {
                        id: grant.id.clone(),
                        at: now,
                        reason: RevocationReason::Leaked,
                    };
                    (vec![end], event.user(&grant.user_id).grant(&grant.id), is_live)
                }),
                _ => transaction.token(digest).await?.map(|(token, standing)| {
                    let is_live = self.authority.is_live(now, &standing)
                        && token.revoked_at.is_none()
                        && token.expires_at.is_none_or(|ends| now < ends);
                    let grant = standing.grant;
                    let end = match token.kind {
                        TokenKind::Access => Change::RevokeToken { digest, at: now },
                        TokenKind::Refresh | TokenKind::Programmatic => Change::RevokeGrant {
                            id: grant.id.clone(),
                            at: now,
                            reason: RevocationReason::Leaked,
                        },
                    };
                    (vec![end], event.user(&grant.user_id).grant(&grant.id), is_live)
                }),
            };
            if let Some((mut changes, event, is_live)) = found {
                changes.push(Change::Audit(event));
                transaction.commit(changes).await?;
                return Ok(if is_live { Leak::Ended(kind) } else { Leak::EndedBefore(kind) });
            }
        }
        self.is_unknown()?;
        self.audit(Event::refused(What::LeakedToken, "unknown").detail(describe(kind))).await;
        Ok(Leak::Unknown(kind))
    }
}

/// What a person calls a kind of secret.
#[must_use]
pub const fn describe(kind: SecretKind) -> &'static str {
    match kind {
        SecretKind::Access => "access token",
        SecretKind::Refresh => "refresh token",
        SecretKind::Programmatic => "programmatic token",
        SecretKind::Code => "authorization code",
        SecretKind::Client => "client secret",
        SecretKind::Session => "web session",
        SecretKind::Setup => "setup link",
    }
}
