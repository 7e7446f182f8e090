//! OAuth requests over HTTP: bounded in time and size, redirects not followed.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use url::Url;
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::registration::{ClientAuthentication, ClientIdentity};
use crate::Error;
use crate::http::Answer;

/// How long one OAuth request may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// How long a metadata document or a token response may be, in bytes.
const LIMIT: usize = 1024 * 1024;
const FORM: &str = "application/x-www-form-urlencoded";

/// Sends the requests of discovery, registration and the token endpoints.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    http: reqwest::Client,
}

impl Wire {
    pub(crate) fn new(http: reqwest::Client) -> Self {
        Self { http }
    }

    pub(crate) async fn get(&self, url: &Url) -> Result<Answer, Error> {
        let request =
            self.http.get(url.clone()).timeout(DEADLINE).header(ACCEPT, "application/json");
        Answer::fetch(request, "the discovery request", LIMIT).await
    }

    pub(crate) async fn post_json(&self, url: &Url, body: Vec<u8>) -> Result<Answer, Error> {
        let request = self
            .http
            .post(url.clone())
            .timeout(DEADLINE)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        Answer::fetch(request, "the registration request", LIMIT).await
    }

    /// Posts a form as `client`, authenticated in the way it was registered (RFC 6749 section 2.3).
    pub(crate) async fn post_form(
        &self,
        url: &Url,
        client: &ClientIdentity,
        fields: &[(&str, &str)],
    ) -> Result<Answer, Error> {
        let request =
            self.http.post(url.clone()).timeout(DEADLINE).header(ACCEPT, "application/json");
        let mut fields = fields.to_vec();
        let request = match client.authentication() {
            ClientAuthentication::None => {
                fields.push(("client_id", client.id()));
                request
            }
            ClientAuthentication::Post(secret) => {
                fields.push(("client_id", client.id()));
                fields.push(("client_secret", secret.expose()));
                request
            }
            ClientAuthentication::Basic(secret) => {
                request.header(AUTHORIZATION, basic(client.id(), secret.expose())?)
            }
        };
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = request.header(CONTENT_TYPE, FORM).body(body);
        Answer::fetch(request, "the token request", LIMIT).await
    }
}

/// The `Basic` credentials of a client; both halves are form-encoded first (RFC 6749 section 2.3.1).
fn basic(id: &str, secret: &str) -> Result<HeaderValue, Error> {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Zeroizing::new(format!("{}:{}", encode(id), encode(secret)));
    let value = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
    let mut header = HeaderValue::from_str(&value)
        .map_err(|_| Error::authorization("the client's secret does not fit in a header"))?;
    header.set_sensitive(true);
    Ok(header)
}
