//! Clients that describe themselves: their identifier is the address of a document with their metadata (draft-ietf-oauth-client-id-metadata-document,
//! MCP 2026-07-28 basic/authorization/client-registration#client-id-metadata-documents).
//!
//! The document is what a registration request would be, judged by the same rules, and it must name its own address: whoever can publish there is the
//! client. It is public, so it can hold no secret. How it is fetched is not decided here.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::authorize::AuthorizeRefusal;
use super::client::{FreshClient, Registration};
use super::error::{OAuthError, OAuthErrorCode};
use super::parameters::Parameters;
use super::records::{Client, ClientAuthMethod, GrantType};
use super::{Authority, Change, Decision, Timestamp};
use crate::secret::keys::{Digest, Kid};

/// A document that was fetched.
#[derive(Clone, Copy, Debug)]
pub struct Fetched<'a> {
    /// Where from; the client identifier.
    pub address: &'a str,
    /// What was there.
    pub bytes: &'a [u8],
    /// For how many seconds it holds.
    pub fresh_for: i64,
}

/// Whether a document with this `client_id` may be at this address: address, then `client_id`.
pub(super) fn names_itself(address: &str, client_id: &str) -> bool {
    address == client_id
}

/// Whether a document may say this of how its client authenticates: `None` when it says nothing.
pub(super) fn method_is_accepted(method: Option<&str>) -> bool {
    method.is_none_or(|method| method == ClientAuthMethod::None.as_str())
}

impl Authority {
    /// Takes in a document: the client that it describes, or what is wrong with it. `known` is the client as it was stored before.
    pub fn describe(
        &self,
        now: Timestamp,
        fetched: Fetched<'_>,
        known: Option<&Client>,
    ) -> Decision<Client> {
        match self.described(now, fetched, known) {
            Ok(client) => Decision::allow(client.clone(), vec![Change::DescribeClient(client)]),
            Err(error) => Decision::refuse(error),
        }
    }

    fn described(
        &self,
        now: Timestamp,
        fetched: Fetched<'_>,
        known: Option<&Client>,
    ) -> Result<Client, OAuthError> {
        let refuse =
            |why: &'static str| Err(OAuthError::new(OAuthErrorCode::InvalidClientMetadata, why));
        if known.is_some_and(|known| known.deleted_at.is_some()) {
            return refuse("this client was deleted here");
        }
        let Ok(document) = serde_json::from_slice::<Map<String, Value>>(fetched.bytes) else {
            return refuse("it is not a JSON object");
        };
        match document.get("client_id").and_then(Value::as_str) {
            None => return refuse("client_id is missing"),
            Some(client_id) if !(self.policy.document_names_itself)(fetched.address, client_id) => {
                return refuse("client_id is not the address of the document, byte for byte");
            }
            Some(_) => {}
        }
        let metadata = Registration::of(&document)?;
        let name = metadata.client_name.as_deref().unwrap_or_default();
        if (self.policy.client_name_shown)(name).is_empty() {
            return refuse("client_name is missing");
        }
        if ["client_secret", "client_secret_expires_at"]
            .iter()
            .any(|key| document.contains_key(*key))
        {
            return refuse("it holds a client_secret; a document is public and cannot");
        }
        if !(self.policy.document_method_accepted)(metadata.auth_method.as_deref()) {
            return refuse(match metadata.auth_method.as_deref() {
                Some("private_key_jwt") => {
                    "token_endpoint_auth_method private_key_jwt is not supported; use none, with PKCE"
                }
                _ => {
                    "token_endpoint_auth_method must be none: a document is public and shares no secret"
                }
            });
        }
        let metadata = Registration {
            auth_method: Some(ClientAuthMethod::None.as_str().to_owned()),
            ..metadata
        };
        // There is no secret to keep: the method is none.
        let fresh = FreshClient {
            id: fetched.address,
            registered_by: None,
            secret: Digest([0; 32], Kid(0)),
        };
        let client =
            self.client_of(known.map_or(now, |known| known.created_at), &metadata, fresh)?;
        Ok(Client { document_fresh_until: Some(now.plus_seconds(fetched.fresh_for)), ..client })
    }

    /// Whether the document of this client need not be fetched again yet.
    #[must_use]
    pub fn document_is_fresh(&self, now: Timestamp, client: &Client) -> bool {
        client.document_fresh_until.is_some_and(|until| now < until)
    }

    /// Judges a request whose client is not known yet, as if the client had registered the redirect URI of the request: nobody's document is fetched for
    /// a request that leads nowhere whatever it says. The error is a sentence for the developer.
    pub fn is_plausible(&self, parameters: &Parameters) -> Result<(), Cow<'static, str>> {
        let redirect_uri = parameters.value("redirect_uri").unwrap_or_default();
        if !redirect_uri.is_empty() && !(self.policy.redirect_is_registrable)(redirect_uri) {
            return Err("redirect_uri is not one that a client can have".into());
        }
        let supposed = Client {
            id: String::new(),
            name: String::new(),
            redirect_uris: vec![redirect_uri.to_owned()],
            auth_method: ClientAuthMethod::None,
            secret: None,
            grant_types: vec![GrantType::AuthorizationCode],
            scopes: lookout_schema::ScopeSet::all(),
            created_at: Timestamp(0),
            deleted_at: None,
            registered_by: None,
            document_fresh_until: None,
        };
        match self.propose(Some(&supposed), parameters) {
            Ok(_) => Ok(()),
            Err(AuthorizeRefusal::Page(why)) => Err(why.into()),
            Err(AuthorizeRefusal::Redirect(_)) => {
                match self.requested(
                    &supposed,
                    parameters,
                    (self.policy.repeated_parameter)(parameters),
                ) {
                    Ok(_) => Ok(()),
                    Err(error) => Err(error.description),
                }
            }
        }
    }
}
