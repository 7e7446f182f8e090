//! A client of the kind that people install: it registers itself, opens the browser, and waits on a loopback port.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;
use url::form_urlencoded::Serializer;

use crate::callback::Callback;
use crate::served::{Reply, Served};

/// A registered client.
pub(crate) struct Client<'s> {
    site: &'s Served,
    pub(crate) id: String,
    pub(crate) callback: Callback,
    verifier: String,
    pub(crate) state: String,
}

/// A parameter of an address, which is there at most once.
#[track_caller]
pub(crate) fn parameter(address: &Url, name: &str) -> Option<String> {
    let mut values = address.query_pairs().filter(|(key, _)| key == name);
    let value = values.next().map(|(_, value)| value.into_owned());
    assert!(values.next().is_none(), "{name} is there twice: {address}");
    value
}

impl<'s> Client<'s> {
    #[track_caller]
    pub(crate) fn register(site: &'s Served, name: &str) -> Self {
        Self::try_to_register(site, name).unwrap_or_else(|reply| panic!("{reply:?}"))
    }

    /// Registers under a name that may be refused.
    pub(crate) fn try_to_register(site: &'s Served, name: &str) -> Result<Self, Box<Reply>> {
        let callback = Callback::start();
        let metadata = json!({
            "client_name": name,
            "redirect_uris": [callback.uri],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
        });
        let headers = [("content-type", "application/json")];
        let reply = site.post("/oauth/register", &headers, metadata.to_string().as_bytes());
        if reply.status != 201 {
            return Err(Box::new(reply));
        }
        let id = reply.json()["client_id"].as_str().expect("an identifier").to_owned();
        // What others cannot guess, from what only this process knows.
        let verifier = URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{id} {:?}", callback.uri)));
        let state = format!("state of {id}");
        Ok(Self { site, id, callback, verifier, state })
    }

    /// The address that the client opens in the browser.
    pub(crate) fn request(&self) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&self.verifier));
        let query = Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.id)
            .append_pair("redirect_uri", &self.callback.uri)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .append_pair("state", &self.state)
            .append_pair("resource", &format!("{}/mcp", self.site.base))
            .finish();
        format!("/oauth/authorize?{query}")
    }

    /// Every answer that came back so far; each is this server's and to this client's request.
    #[track_caller]
    pub(crate) fn answers(&self) -> Vec<Url> {
        let answers = self.callback.heard();
        for answer in &answers {
            assert!(answer.as_str().starts_with(&self.callback.uri), "{answer}");
            assert_eq!(parameter(answer, "state"), Some(self.state.clone()), "{answer}");
            assert_eq!(parameter(answer, "iss"), Some(self.site.base.clone()), "{answer}");
        }
        answers
    }

    /// The codes among the answers.
    #[track_caller]
    pub(crate) fn codes(&self) -> Vec<String> {
        self.answers().iter().filter_map(|answer| parameter(answer, "code")).collect()
    }

    /// The one code that came back.
    #[track_caller]
    pub(crate) fn code(&self) -> String {
        let codes = self.codes();
        assert_eq!(codes.len(), 1, "{:?}", self.answers());
        codes[0].clone()
    }

    /// Exchanges a code.
    pub(crate) fn redeem(&self, code: &str) -> Reply {
        let form = Serializer::new(String::new())
            .append_pair("grant_type", "authorization_code")
            .append_pair("client_id", &self.id)
            .append_pair("redirect_uri", &self.callback.uri)
            .append_pair("code", code)
            .append_pair("code_verifier", &self.verifier)
            .finish();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.site.post("/oauth/token", &headers, form.as_bytes())
    }

    /// Exchanges the one code that came back: the access token and its scopes.
    #[track_caller]
    pub(crate) fn connect(&self) -> (String, String) {
        let reply = self.redeem(&self.code());
        assert_eq!(reply.status, 200, "{reply:?}");
        let document = reply.json();
        let text = |key: &str| document[key].as_str().expect("text").to_owned();
        (text("access_token"), text("scope"))
    }
}

/// What a tool answers; `Err` with the status where the token is refused.
pub(crate) fn call(
    site: &Served,
    token: &str,
    name: &str,
    arguments: impl Into<Value>,
) -> Result<Value, u16> {
    let parameters = json!({ "name": name, "arguments": arguments.into() });
    let reply = site.modern(token, "tools/call", parameters);
    if reply.status == 200 { Ok(reply.json()["result"].clone()) } else { Err(reply.status) }
}

/// Whether a token lists tools now, and which.
pub(crate) fn tools(site: &Served, token: &str) -> Result<Vec<String>, u16> {
    let reply = site.modern(token, "tools/list", json!({}));
    if reply.status != 200 {
        return Err(reply.status);
    }
    let document = reply.json();
    let tools = document["result"]["tools"].as_array().expect("tools").iter();
    Ok(tools.map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect())
}
