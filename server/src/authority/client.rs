//! Clients: registration (RFC 7591) and authentication (RFC 6749 section 2.3).
//!
//! Registration is open, so it gives nothing away: a client may name itself, its redirect URIs and less than everything. Metadata that this server does not
//! use is ignored (RFC 7591 section 2), and the response says what is in effect.

use lookout_schema::{Scope, ScopeSet};

use super::error::{OAuthError, OAuthErrorCode};
use super::records::{Client, ClientAuthMethod, GrantType};
use super::{Authority, Change, Decision, Timestamp};
use crate::secret::keys::Digest;
use crate::visible;

const LONGEST_NAME: usize = 64;

/// The metadata of a registration request that this server uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registration {
    /// `redirect_uris`.
    pub redirect_uris: Vec<String>,
    /// `client_name`.
    pub client_name: Option<String>,
    /// `token_endpoint_auth_method`.
    pub auth_method: Option<String>,
    /// `grant_types`.
    pub grant_types: Option<Vec<String>>,
    /// `response_types`.
    pub response_types: Option<Vec<String>>,
    /// `scope`.
    pub scope: Option<String>,
}

/// What is known beforehand, in case the client is registered.
#[derive(Clone, Copy, Debug)]
pub struct FreshClient<'a> {
    /// `client_id`.
    pub id: &'a str,
    /// The signed-in person who registers it, or `None` when it registers itself.
    pub registered_by: Option<&'a str>,
    /// The digest of `client_secret`, for a client that asks for one.
    pub secret: Digest,
}

/// How a client authenticated, before anything is known about it.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// The method that it used.
    pub method: ClientAuthMethod,
    /// The digest of the secret that it sent.
    pub secret: Option<&'a Digest>,
}

/// A name without what could deceive.
pub(super) fn clean_name(name: &str) -> String {
    visible::line(name, LONGEST_NAME)
}

pub(super) fn secret_matches(registered: Option<&Digest>, presented: Option<&Digest>) -> bool {
    match (registered, presented) {
        (None, None) => true,
        (Some(registered), Some(presented)) => registered.matches(presented),
        (None, Some(_)) | (Some(_), None) => false,
    }
}

impl Authority {
    /// Registers a client, or says which of its metadata cannot be.
    pub fn register(
        &self,
        now: Timestamp,
        registration: &Registration,
        fresh: FreshClient<'_>,
    ) -> Decision<Client> {
        match self.client_of(now, registration, fresh) {
            Ok(client) => Decision::allow(client.clone(), vec![Change::AddClient(client)]),
            Err(error) => Decision::refuse(error),
        }
    }

    pub(super) fn client_of(
        &self,
        now: Timestamp,
        registration: &Registration,
        fresh: FreshClient<'_>,
    ) -> Result<Client, OAuthError> {
        use OAuthErrorCode::{InvalidClientMetadata, InvalidRedirectUri};
        let uris = &registration.redirect_uris;
        if uris.is_empty() {
            return Err(OAuthError::new(InvalidRedirectUri, "redirect_uris is missing"));
        }
        if uris.len() > self.limits.redirect_uris {
            return Err(OAuthError::new(
                InvalidRedirectUri,
                format!("at most {} redirect_uris can be registered", self.limits.redirect_uris),
            ));
        }
        if !uris.iter().all(|uri| (self.policy.redirect_is_registrable)(uri)) {
            return Err(OAuthError::new(
                InvalidRedirectUri,
                "redirect_uris must be https, http on 127.0.0.1, [::1] or localhost, or have a private-use scheme that is a reverse domain name; \
                 without fragment, user information or the parameters of an authorization response",
            ));
        }
        let auth_method = match registration.auth_method.as_deref() {
            None => ClientAuthMethod::None,
            Some(name) => ClientAuthMethod::parse(name).ok_or_else(|| {
                OAuthError::new(
                    InvalidClientMetadata,
                    "token_endpoint_auth_method must be none, client_secret_basic or client_secret_post",
                )
            })?,
        };
        let grant_types: Vec<GrantType> = match &registration.grant_types {
            // RFC 7591 section 2: a client that says nothing uses codes only.
            None => vec![GrantType::AuthorizationCode],
            Some(names) => [GrantType::AuthorizationCode, GrantType::RefreshToken]
                .into_iter()
                .filter(|kind| names.iter().any(|name| name == kind.as_str()))
                .collect(),
        };
        if !grant_types.contains(&GrantType::AuthorizationCode) {
            return Err(OAuthError::new(
                InvalidClientMetadata,
                "grant_types must contain authorization_code",
            ));
        }
        if registration
            .response_types
            .as_ref()
            .is_some_and(|types| !types.iter().any(|name| name == "code"))
        {
            return Err(OAuthError::new(InvalidClientMetadata, "response_types must contain code"));
        }
        let name = (self.policy.client_name_shown)(
            registration.client_name.as_deref().unwrap_or_default(),
        );
        Ok(Client {
            id: fresh.id.to_owned(),
            name: if name.is_empty() { "Unnamed application".to_owned() } else { name },
            redirect_uris: uris.clone(),
            auth_method,
            secret: (auth_method != ClientAuthMethod::None).then_some(fresh.secret),
            grant_types,
            scopes: registrable_scopes(registration.scope.as_deref()),
            created_at: now,
            deleted_at: None,
            registered_by: fresh.registered_by.map(str::to_owned),
            document_fresh_until: None,
        })
    }

    /// The client, if it exists and authenticated as it registered.
    pub fn authenticate<'c>(
        &self,
        client: Option<&'c Client>,
        presented: Presented<'_>,
    ) -> Result<&'c Client, OAuthError> {
        client
            .filter(|client| {
                client.deleted_at.is_none()
                    && (self.policy.client_method_accepted)(client.auth_method, presented.method)
                    && (self.policy.client_secret_matches)(client.secret.as_ref(), presented.secret)
            })
            .ok_or_else(|| {
                OAuthError::new(
                    OAuthErrorCode::InvalidClient,
                    "the client is unknown, or did not authenticate with its secret and the method that it registered",
                )
            })
    }
}

/// The most that the client may ask for: what it named, or everything when it named nothing that exists here.
fn registrable_scopes(names: Option<&str>) -> ScopeSet {
    let named: ScopeSet = names
        .unwrap_or_default()
        .split(' ')
        .filter_map(|name| name.parse::<Scope>().ok())
        .collect();
    if named.is_empty() { ScopeSet::all() } else { named }
}
