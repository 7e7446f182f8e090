//! Registering clients (RFC 7591).

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::outcome::ProbeError;
use crate::probe::Probe;
use crate::probe::http::{Reply, Request};
use crate::secret::Secret;

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

impl Probe<'_> {
    /// Sends a registration document and returns whatever came back.
    pub(crate) fn register(&self, document: &Value) -> Result<Reply, ProbeError> {
        let endpoint = self.site().endpoint_of("registration_endpoint")?;
        let request = Request::post_json(endpoint, document);
        let mut reply = self.send(&request)?;
        for _ in 0..PATIENCE.0 {
            if reply.status != 429 {
                break;
            }
            let pause = reply.header("retry-after").and_then(|seconds| seconds.parse().ok());
            thread::sleep(Duration::from_secs(pause.unwrap_or(1).min(PATIENCE.1)));
            reply = self.send(&request)?;
        }
        if let Some(secret) = reply.text("client_secret") {
            self.learn("client secret", &secret);
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

    /// Registers a client of its own redirect URI.
    pub(crate) fn new_client(&self, method: Method) -> Result<Client, ProbeError> {
        let redirect_uri = format!("http://127.0.0.1:{}/callback", self.port());
        self.new_client_at(method, &redirect_uri)
    }

    /// Registers a client at `redirect_uri`.
    pub(crate) fn new_client_at(
        &self,
        method: Method,
        redirect_uri: &str,
    ) -> Result<Client, ProbeError> {
        self.new_client_at_all(method, &[redirect_uri.to_owned()])
    }

    /// Registers a client at several URIs; it uses the first unless told otherwise.
    pub(crate) fn new_client_at_all(
        &self,
        method: Method,
        redirect_uris: &[String],
    ) -> Result<Client, ProbeError> {
        let redirect_uri = redirect_uris.first().map(String::as_str).unwrap_or_default();
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

    /// This check's own public client, registered when first asked for.
    pub(crate) fn client(&self) -> Result<Client, ProbeError> {
        if let Some(client) = self.own_client.get() {
            return Ok(client.clone());
        }
        let client = self.new_client(Method::None)?;
        Ok(self.own_client.get_or_init(|| client).clone())
    }
}
