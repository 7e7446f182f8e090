//! Clients: registered when needed (RFC 7591), or taken from those that the target names.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::outcome::ProbeError;
use crate::probe::Probe;
use crate::probe::http::{Reply, Request};
use crate::probe::mcp::bearing;
use crate::secret::Secret;
use crate::target::{ClientMethod, KnownClient, Registration};

/// A server that limits registrations is waited for, this often and this long each time.
const PATIENCE: (u32, u64) = (3, 5);

/// A client of the authorization server under test.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: Option<Secret>,
    pub(crate) method: Method,
    /// The URI it registered and uses.
    pub(crate) redirect_uri: String,
}

/// How a client authenticates at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    None,
    Basic,
    Post,
}

impl Method {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
        }
    }
}

impl From<ClientMethod> for Method {
    fn from(method: ClientMethod) -> Self {
        match method {
            ClientMethod::None => Self::None,
            ClientMethod::ClientSecretBasic => Self::Basic,
            ClientMethod::ClientSecretPost => Self::Post,
        }
    }
}

impl Probe<'_> {
    /// Sends a registration document and returns whatever came back.
    pub(crate) fn register(&self, document: &Value) -> Result<Reply, ProbeError> {
        let endpoint = self.site().endpoint_of("registration_endpoint")?;
        let mut request = Request::post_json(endpoint, document);
        if let Registration::Dynamic { initial_access_token: Some(token) } =
            &self.target.registration
        {
            self.learn("initial access token", token.expose());
            request = bearing(request, token);
        }
        let reply = self.send_patiently(&request)?;
        if let Some(secret) = reply.text("client_secret") {
            self.learn("client secret", &secret);
        }
        Ok(reply)
    }

    /// Sends a request again, a few times, while the server says that there are too many.
    pub(crate) fn send_patiently(&self, request: &Request) -> Result<Reply, ProbeError> {
        let mut reply = self.send(request)?;
        for _ in 0..PATIENCE.0 {
            if reply.status != 429 {
                break;
            }
            let pause = reply.header("retry-after").and_then(|seconds| seconds.parse().ok());
            thread::sleep(Duration::from_secs(pause.unwrap_or(1).min(PATIENCE.1)));
            reply = self.send(request)?;
        }
        Ok(reply)
    }

    /// The document this harness registers with, for one redirect URI.
    pub(crate) fn registration(&self, method: Method, redirect_uri: &str) -> Value {
        json!({
            "client_name": format!("Conformance {}", self.label()),
            "redirect_uris": [redirect_uri],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": method.name(),
            "application_type": "native",
        })
    }

    /// A client of its own redirect URI: a new one, or one of those the target names.
    pub(crate) fn new_client(&self, method: Method) -> Result<Client, ProbeError> {
        if !matches!(self.target.registration, Registration::Dynamic { .. }) {
            let what = format!("another client with method {}", method.name());
            return self.known_client(&what, |known| Method::from(known.method) == method);
        }
        let redirect_uri = format!("http://127.0.0.1:{}/callback", self.port());
        self.new_client_at(method, &redirect_uri)
    }

    /// A client at `redirect_uri`.
    pub(crate) fn new_client_at(
        &self,
        method: Method,
        redirect_uri: &str,
    ) -> Result<Client, ProbeError> {
        self.new_client_at_all(method, &[redirect_uri.to_owned()])
    }

    /// A client with several URIs; it uses the first unless told otherwise.
    pub(crate) fn new_client_at_all(
        &self,
        method: Method,
        redirect_uris: &[String],
    ) -> Result<Client, ProbeError> {
        let redirect_uri = redirect_uris.first().map(String::as_str).unwrap_or_default();
        if !matches!(self.target.registration, Registration::Dynamic { .. }) {
            let what = format!("another client with method {} at {redirect_uris:?}", method.name());
            let client = self.known_client(&what, |known| {
                Method::from(known.method) == method
                    && redirect_uris.iter().all(|uri| known.redirect_uris.contains(uri))
            })?;
            return Ok(Client { redirect_uri: redirect_uri.to_owned(), ..client });
        }
        let mut document = self.registration(method, redirect_uri);
        document["redirect_uris"] = json!(redirect_uris);
        let reply = self.register(&document)?.succeeded("register a client")?;
        let Some(id) = reply.text("client_id") else {
            return Err(ProbeError::step("register a client", "the answer has no client_id"));
        };
        let secret = reply.text("client_secret").map(Secret::new);
        if method != Method::None && secret.is_none() {
            return Err(ProbeError::step(
                "register a confidential client",
                "no client_secret came back",
            ));
        }
        Ok(Client { id, secret, method, redirect_uri: redirect_uri.to_owned() })
    }

    /// The next of the target's clients that this check does not use yet and that is `fit`.
    fn known_client(
        &self,
        what: &str,
        fit: impl Fn(&KnownClient) -> bool,
    ) -> Result<Client, ProbeError> {
        let known = self.target.registration.known_clients();
        let mut taken = self.taken_clients();
        let free = known.iter().enumerate().find(|(index, known)| {
            !taken.contains(index) && !known.redirect_uris.is_empty() && fit(known)
        });
        let Some((index, known)) = free else {
            return Err(ProbeError::unavailable(format!(
                "it needs {what}: the target has clients of kind {:?} and names {}",
                self.target.registration.name(),
                known.len()
            )));
        };
        taken.insert(index);
        Ok(Client {
            id: known.id.clone(),
            secret: known.secret.clone(),
            method: known.method.into(),
            redirect_uri: known.redirect_uris.first().cloned().unwrap_or_default(),
        })
    }

    /// This check's own client, registered when first asked for: a public one where the server
    /// knows such.
    pub(crate) fn client(&self) -> Result<Client, ProbeError> {
        if let Some(client) = self.own_client.get() {
            return Ok(client.clone());
        }
        let client = match &self.target.registration {
            Registration::Dynamic { .. } => self.new_client(self.simplest_method())?,
            Registration::MetadataDocument(_) | Registration::PreRegistered(_) => self
                .new_client(Method::None)
                .or_else(|_| self.known_client("a client", |_| true))?,
        };
        Ok(self.own_client.get_or_init(|| client).clone())
    }

    /// How a client authenticates when nothing depends on it.
    fn simplest_method(&self) -> Method {
        let advertised = self.site().advertised("token_endpoint_auth_methods_supported");
        let methods = [Method::None, Method::Post, Method::Basic];
        let supported =
            methods.into_iter().find(|method| advertised.iter().any(|name| name == method.name()));
        supported.unwrap_or(Method::None)
    }
}
