//! Who this client is to an authorization server.
//!
//! In this order (MCP 2026-07-28 basic/authorization/client-registration): the server knows it already; or it reads a document that the client has
//! on the web; or the client registers itself (RFC 7591), once per server: the identity is stored with the credentials.
//! A registered identity belongs to one issuer and is never shown to another; the URL of a document is nobody's secret.

use serde::{Deserialize, Serialize};
use url::Url;

use super::discovery::Authority;
use super::secret::{ClientSecret, is_visible_ascii};
use super::token::is_error_code;
use super::wire::Wire;
use crate::Error;

/// A client identifier and how the client proves that it is the one.
#[derive(Clone, Debug)]
pub(crate) struct ClientIdentity {
    id: String,
    authentication: ClientAuthentication,
    /// The program brings the identity with it, and its secret stays out of stores.
    is_given: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum ClientAuthentication {
    None,
    Basic(ClientSecret),
    Post(ClientSecret),
}

/// How a client gets its identity; with nothing set it registers itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registration {
    /// An identifier that a person got from an issuer.
    pub(crate) known: Option<Known>,
    /// The URL of a Client ID Metadata Document.
    pub(crate) document: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) proof: Proof,
}

/// What a client with a known identifier has to prove that it is the one.
#[derive(Clone, Debug)]
pub(crate) enum Proof {
    None,
    Secret(ClientSecret),
    /// A secret that neither a header nor a form can carry.
    Unusable,
}

impl Proof {
    pub(crate) fn of(secret: String) -> Self {
        ClientSecret::new(secret).map_or(Self::Unusable, Self::Secret)
    }
}

#[derive(Serialize)]
struct Request<'a> {
    client_name: &'a str,
    redirect_uris: [&'a str; 1],
    grant_types: [&'static str; 2],
    response_types: [&'static str; 1],
    token_endpoint_auth_method: &'static str,
    application_type: &'static str,
}

#[derive(Deserialize)]
struct Registered {
    client_id: String,
    client_secret: Option<String>,
    token_endpoint_auth_method: Option<String>,
    redirect_uris: Option<Vec<String>>,
    grant_types: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
}

impl ClientIdentity {
    /// Puts an identity together from its stored or received parts.
    pub(crate) fn from_parts(id: String, method: &str, secret: Option<String>) -> Option<Self> {
        let secret = secret.filter(|secret| !secret.is_empty()).map(ClientSecret::new);
        let authentication = match (method, secret) {
            ("none", _) => ClientAuthentication::None,
            ("client_secret_basic", Some(Some(secret))) => ClientAuthentication::Basic(secret),
            ("client_secret_post", Some(Some(secret))) => ClientAuthentication::Post(secret),
            _ => return None,
        };
        is_visible_ascii(&id).then_some(Self { id, authentication, is_given: false })
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn authentication(&self) -> &ClientAuthentication {
        &self.authentication
    }

    /// What a store keeps: the name of the authentication method and the secret (RFC 7591 section 2), unless the program brings them with it.
    pub(crate) fn parts(&self) -> (&'static str, Option<&ClientSecret>) {
        match &self.authentication {
            _ if self.is_given => ("none", None),
            ClientAuthentication::None => ("none", None),
            ClientAuthentication::Basic(secret) => ("client_secret_basic", Some(secret)),
            ClientAuthentication::Post(secret) => ("client_secret_post", Some(secret)),
        }
    }
}

impl Registration {
    /// The issuer that knows this client without being asked.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.known.as_ref().map(|known| known.issuer.as_str())
    }

    /// How the client would get its identity at `authority`, in one word.
    pub(crate) fn way(&self, authority: &Authority) -> &'static str {
        match (&self.known, &self.document) {
            (Some(_), _) => "given",
            (None, Some(_)) if authority.takes_documents => "document",
            _ => "registered",
        }
    }

    /// The identity of this client at `authority`, registering it there if need be.
    pub(crate) async fn identity(
        &self,
        wire: &Wire,
        authority: &Authority,
        client_name: &str,
        redirect_uri: &str,
    ) -> Result<ClientIdentity, Error> {
        if let Some(known) = &self.known {
            return known.identity(authority);
        }
        match &self.document {
            Some(url) if authority.takes_documents => document(url),
            _ => register(wire, authority, client_name, redirect_uri).await,
        }
    }
}

impl Known {
    /// The identity that the program was given, for the issuer that gave it and for no other.
    pub(crate) fn identity(&self, authority: &Authority) -> Result<ClientIdentity, Error> {
        if self.issuer != authority.issuer {
            return Err(Error::authorization(
                "the endpoint now names another authorization server than the one that the client is registered with; the client identifier is not sent there",
            ));
        }
        let identity = match &self.proof {
            Proof::None => public(&self.client_id)?,
            Proof::Secret(secret) => {
                let authentication = secret_authentication(authority, secret.clone())?;
                ClientIdentity { authentication, ..public(&self.client_id)? }
            }
            Proof::Unusable => {
                return Err(Error::configuration("the client's secret is not visible ASCII"));
            }
        };
        Ok(ClientIdentity { is_given: true, ..identity })
    }
}

/// How a client proves that it has its secret: in the way that the server accepts; a server that does not say accepts `Basic` (RFC 8414 section 2).
fn secret_authentication(
    authority: &Authority,
    secret: ClientSecret,
) -> Result<ClientAuthentication, Error> {
    let accepted = authority.client_authentication.as_deref();
    let accepts = |method: &str| accepted.is_some_and(|all| all.iter().any(|one| one == method));
    if accepted.is_none() || accepts("client_secret_basic") {
        return Ok(ClientAuthentication::Basic(secret));
    }
    if accepts("client_secret_post") {
        return Ok(ClientAuthentication::Post(secret));
    }
    Err(Error::authorization(
        "the authorization server takes no client secret at its token endpoint; use OAuth::registered_client if it registered the client without one",
    ))
}

fn public(client_id: &str) -> Result<ClientIdentity, Error> {
    ClientIdentity::from_parts(client_id.to_owned(), "none", None)
        .ok_or_else(|| Error::configuration("the client identifier is not visible ASCII"))
}

/// The identifier is the URL of the document, which is https and has a path.
fn document(text: &str) -> Result<ClientIdentity, Error> {
    let url = Url::parse(text).ok().filter(|url| {
        url.scheme() == "https"
            && url.path() != "/"
            && url.fragment().is_none()
            && url.as_str() == text
    });
    match url {
        Some(_) => public(text),
        None => Err(Error::configuration(
            "the URL of the client's metadata document must be https, have a path and no fragment, and be in its canonical form",
        )),
    }
}

async fn register(
    wire: &Wire,
    authority: &Authority,
    client_name: &str,
    redirect_uri: &str,
) -> Result<ClientIdentity, Error> {
    let Some(url) = &authority.registration_endpoint else {
        return Err(Error::authorization(
            "the authorization server registers no clients by itself; get a client identifier from it and pass it to OAuth::registered_client",
        ));
    };
    let asked = authentication_method(authority)?;
    let request = Request {
        client_name,
        redirect_uris: [redirect_uri],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        token_endpoint_auth_method: asked,
        application_type: if redirect_uri.starts_with("https:") { "web" } else { "native" },
    };
    let body = serde_json::to_vec(&request).expect("a registration request is plain strings");
    let answer = wire.post_json(url, body).await?;
    if let Some(error) = crate::http::unavailable(answer.status, &answer.headers) {
        return Err(error);
    }
    if !answer.is_success() {
        let code = answer.object::<Refused>().and_then(Result::ok).map(|refused| refused.error);
        let code = code.filter(|code| is_error_code(code));
        return Err(Error::authorization(format!(
            "the authorization server refused to register the client (HTTP {}{}{}); get a client identifier from it and pass it to OAuth::registered_client",
            answer.status,
            if code.is_some() { ", " } else { "" },
            code.unwrap_or_default(),
        )));
    }
    // The cause is left out: it may quote the client secret.
    let registered: Registered = answer
        .object()
        .and_then(Result::ok)
        .ok_or_else(|| Error::authorization("the registration response is not valid"))?;
    adopt(registered, asked, redirect_uri)
}

/// How to authenticate at the token endpoint: not at all where that is accepted, because a program on somebody's machine keeps no secret.
fn authentication_method(authority: &Authority) -> Result<&'static str, Error> {
    let Some(accepted) = &authority.client_authentication else { return Ok("none") };
    ["none", "client_secret_basic", "client_secret_post"]
        .into_iter()
        .find(|method| accepted.iter().any(|one| one == method))
        .ok_or_else(|| {
            Error::authorization(
                "the authorization server wants its clients to authenticate in a way that this one cannot",
            )
        })
}

/// Takes the registration as the server returned it, which may differ from what was asked for (RFC 7591 section 3.2.1).
fn adopt(
    registered: Registered,
    asked: &'static str,
    redirect_uri: &str,
) -> Result<ClientIdentity, Error> {
    if registered.redirect_uris.is_some_and(|uris| !uris.iter().any(|uri| uri == redirect_uri)) {
        return Err(Error::authorization(
            "the authorization server registered another redirect URI than was asked for",
        ));
    }
    if registered
        .grant_types
        .is_some_and(|types| !types.iter().any(|one| one == "authorization_code"))
    {
        return Err(Error::authorization(
            "the authorization server registered the client without the authorization code grant, which it needs",
        ));
    }
    // A server that gives a secret without saying how to use it means what was asked for, or the default (RFC 7591 section 2).
    let default = match (asked, &registered.client_secret) {
        ("none", Some(_)) => "client_secret_basic",
        (asked, _) => asked,
    };
    let method = registered.token_endpoint_auth_method.as_deref().unwrap_or(default);
    ClientIdentity::from_parts(registered.client_id, method, registered.client_secret).ok_or_else(|| {
        Error::authorization("the registration response has a client identifier or an authentication method that cannot be used")
    })
}
