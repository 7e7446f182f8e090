//! A small client that does everything right, over HTTP on loopback.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

/// Sends requests; those for a public address to this machine, as a tunnel does.
#[derive(Debug, Default)]
pub(crate) struct Walker {
    /// The public origin, and where it leads.
    pub(crate) tunnel: Option<(String, SocketAddr)>,
    /// What the client calls itself.
    pub(crate) name: String,
    /// How many messages it sent.
    pub(crate) sent: AtomicU64,
}

impl Walker {
    pub(crate) fn send(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Got {
        let config = ureq::Agent::config_builder();
        let config = config.http_status_as_error(false).max_redirects(0).proxy(None);
        let agent = config.build().new_agent();
        let mut to = url.to_owned();
        let mut request = ureq::http::Request::builder().method(method);
        if let Some((origin, address)) = &self.tunnel
            && let Some(rest) = url.strip_prefix(origin)
        {
            to = format!("http://{address}{rest}");
            request = request.header("host", origin.split_once("://").unwrap().1);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = agent.run(request.uri(to).body(body.into()).unwrap()).unwrap();
        Got {
            status: answer.status().as_u16(),
            headers: answer
                .headers()
                .iter()
                .map(|(name, value)| {
                    (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
                })
                .collect(),
            body: answer.body_mut().read_to_string().unwrap(),
        }
    }

    pub(crate) fn get(&self, url: &str) -> Got {
        self.send("GET", url, &[], "")
    }

    pub(crate) fn post_form(&self, url: &str, pairs: &[(&str, &str)]) -> Got {
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.send("POST", url, &[("content-type", FORM)], body)
    }

    pub(crate) fn mcp(&self, url: &str, token: Option<&str>, method: &str, params: Value) -> Got {
        let mut params = params;
        let name = params["name"].as_str().unwrap_or_default().to_owned();
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": { "name": "walker", "version": "1.0.0" },
        });
        let id = self.sent.fetch_add(1, Ordering::Relaxed);
        let body = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        let bearer = format!("Bearer {}", token.unwrap_or_default());
        let mut headers = vec![
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", method),
        ];
        if !name.is_empty() {
            headers.push(("mcp-name", name.as_str()));
        }
        if token.is_some() {
            headers.push(("authorization", bearer.as_str()));
        }
        self.send("POST", url, &headers, body.to_string())
    }

    /// Discovers and registers; the address that the person is sent to, and what is needed later.
    pub(crate) fn begin(&self, endpoint: &str) -> Begun {
        let challenge = self.mcp(endpoint, None, "tools/list", json!({}));
        assert_eq!(challenge.status, 401, "{challenge:?}");
        let named = challenge.header("www-authenticate").split('"');
        let address = named.skip_while(|part| !part.ends_with("resource_metadata=")).nth(1);
        let resource = self.get(address.unwrap()).json();
        assert_eq!(resource["resource"], endpoint);
        let issuer = url::Url::parse(resource["authorization_servers"][0].as_str().unwrap());
        let issuer = issuer.unwrap();
        let address = format!(
            "{}/.well-known/oauth-authorization-server{}",
            issuer.origin().ascii_serialization(),
            issuer.path().trim_end_matches('/')
        );
        let server = self.get(&address).json();
        assert_eq!(server["issuer"], issuer.as_str().trim_end_matches('/'));
        let redirect_uri = "http://127.0.0.1:9/callback";
        let registration = json!({
            "client_name": self.name, "redirect_uris": [redirect_uri], "application_type": "native",
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
        });
        let kind = [("content-type", "application/json")];
        let at = server["registration_endpoint"].as_str().unwrap();
        let registered = self.send("POST", at, &kind, registration.to_string()).json();
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).unwrap();
        let verifier = URL_SAFE_NO_PAD.encode(bytes);
        let state = URL_SAFE_NO_PAD.encode(Sha256::digest(format!("state {verifier}")));
        let client_id = registered["client_id"].as_str().unwrap().to_owned();
        let mut address =
            url::Url::parse(server["authorization_endpoint"].as_str().unwrap()).unwrap();
        address
            .query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &client_id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("state", &state)
            .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier)))
            .append_pair("code_challenge_method", "S256")
            .append_pair("scope", "mcp:read mcp:write")
            .append_pair("resource", endpoint);
        let token_endpoint = server["token_endpoint"].as_str().unwrap().to_owned();
        let endpoint = endpoint.to_owned();
        Begun { endpoint, address: address.into(), token_endpoint, client_id, verifier, state }
    }

    /// Redeems the code of a callback, and uses the token.
    pub(crate) fn finish(&self, begun: &Begun, callback: &str) -> Vec<String> {
        let code = parameter(callback, "code").unwrap();
        assert_eq!(parameter(callback, "state").as_deref(), Some(begun.state.as_str()));
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", "http://127.0.0.1:9/callback"),
            ("client_id", &begun.client_id),
            ("code_verifier", &begun.verifier),
            ("resource", &begun.endpoint),
        ];
        let tokens = self.post_form(&begun.token_endpoint, &form).json();
        let access = tokens["access_token"].as_str().unwrap().to_owned();
        let refresh = tokens["refresh_token"].as_str().unwrap().to_owned();
        let listed = self.mcp(&begun.endpoint, Some(&access), "tools/list", json!({})).json();
        assert!(listed["result"]["tools"].as_array().is_some_and(|tools| tools.len() > 5));
        let call = json!({ "name": "list_warehouses", "arguments": {} });
        let called = self.mcp(&begun.endpoint, Some(&access), "tools/call", call).json();
        assert_eq!(called["result"]["isError"], false);
        vec![code, access, refresh, begun.verifier.clone(), begun.state.clone()]
    }

    /// A whole flow at `endpoint`, where consent needs no click; the secrets of it.
    pub(crate) fn walk(&self, endpoint: &str) -> Vec<String> {
        let begun = self.begin(endpoint);
        let answer = self.get(&begun.address);
        assert_eq!(answer.status, 302, "{answer:?}");
        self.finish(&begun, answer.header("location"))
    }
}

/// An authorization that a person is to decide on.
#[derive(Clone, Debug)]
pub(crate) struct Begun {
    pub(crate) endpoint: String,
    pub(crate) address: String,
    pub(crate) token_endpoint: String,
    pub(crate) client_id: String,
    pub(crate) verifier: String,
    pub(crate) state: String,
}

/// A parameter of an address.
pub(crate) fn parameter(url: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(url).unwrap();
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}
