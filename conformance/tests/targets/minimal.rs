//! A small authorization server and MCP endpoint that consents by itself, with switches.
//!
//! It does what the flow needs and no more: it does not look at verifiers, for example, so a check
//! that comes as far as that finds it out.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::server::{Answer, Asked, json_answer, serve};

/// What this server does beyond the flow.
#[derive(Clone, Debug, Default)]
pub(crate) struct Switches {
    /// Registers clients.
    pub(crate) registers: bool,
    /// Lets its clients be deleted (RFC 7592).
    pub(crate) deletes: bool,
    /// Shows a page, and redirects only when the address says `approve=1` or `approve=0`.
    pub(crate) shows_page: bool,
    /// Wants this value in `x-gateway` of every request.
    pub(crate) gateway: Option<&'static str>,
    /// Serves this at `/.well-known/lookout-conformance`.
    pub(crate) nonce: Option<&'static str>,
    /// Names a token endpoint on another host.
    pub(crate) strange_host: bool,
}

/// What it holds.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) requests: u64,
    pub(crate) clients: BTreeMap<String, Option<String>>,
    codes: BTreeMap<String, BTreeMap<String, String>>,
    /// Access tokens with their scopes.
    pub(crate) tokens: BTreeMap<String, String>,
    made: u64,
}

#[derive(Clone)]
pub(crate) struct Minimal {
    pub(crate) address: SocketAddr,
    pub(crate) state: Arc<Mutex<State>>,
}

impl Minimal {
    pub(crate) fn start(switches: Switches, clients: &[(&str, Option<&str>)]) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        for (id, secret) in clients {
            let secret = secret.map(str::to_owned);
            state.lock().unwrap().clients.insert((*id).to_owned(), secret);
        }
        let held = Arc::clone(&state);
        let address = serve(move |base, asked| {
            let mut state = held.lock().unwrap();
            state.requests += 1;
            state.answer(&switches, base, asked)
        });
        Self { address, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }
}

fn form(text: &[u8]) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(text).into_owned().collect()
}

fn redirect(to: &str) -> Answer {
    Some((302, format!("location: {to}\r\n"), String::new()))
}

fn header<'a>(asked: &'a Asked, name: &str) -> Option<&'a str> {
    asked.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
}

impl State {
    fn fresh(&mut self, kind: &str) -> String {
        self.made += 1;
        format!("{kind}-{:024}", self.made)
    }

    fn answer(&mut self, switches: &Switches, base: &str, asked: &Asked) -> Answer {
        if switches.gateway.is_some() && header(asked, "x-gateway") != switches.gateway {
            return json_answer(403, "{}");
        }
        match asked.path.as_str() {
            "/.well-known/lookout-conformance" => {
                let nonce = switches.nonce?.to_owned();
                Some((200, "content-type: text/plain\r\n".to_owned(), format!("{nonce}\n")))
            }
            "/.well-known/oauth-protected-resource/mcp" => json_answer(
                200,
                &json!({"resource": format!("{base}/mcp"), "authorization_servers": [base],
                    "scopes_supported": ["read", "write"]})
                .to_string(),
            ),
            "/.well-known/oauth-authorization-server" => {
                json_answer(200, &metadata(switches, base).to_string())
            }
            "/register" if switches.registers => self.register(switches, base),
            "/authorize" => self.authorize(switches, asked),
            "/token" => self.token(asked),
            "/revoke" => {
                self.tokens.remove(form(&asked.body).get("token").map_or("", String::as_str));
                json_answer(200, "{}")
            }
            "/mcp" => self.endpoint(base, asked),
            path => match path.strip_prefix("/register/") {
                Some(id) if asked.method == "DELETE" => {
                    let bearer = format!("Bearer manage-{id}");
                    if header(asked, "authorization") != Some(&bearer) {
                        return json_answer(401, "{}");
                    }
                    self.clients.remove(id);
                    Some((204, String::new(), String::new()))
                }
                _ => json_answer(404, "{}"),
            },
        }
    }

    fn register(&mut self, switches: &Switches, base: &str) -> Answer {
        let id = self.fresh("client");
        self.clients.insert(id.clone(), None);
        let mut client = json!({"client_id": id, "token_endpoint_auth_method": "none"});
        if switches.deletes {
            client["registration_client_uri"] = json!(format!("{base}/register/{id}"));
            client["registration_access_token"] = json!(format!("manage-{id}"));
        }
        json_answer(201, &client.to_string())
    }

    fn authorize(&mut self, switches: &Switches, asked: &Asked) -> Answer {
        let sent = form(asked.query.as_bytes());
        let id = sent.get("client_id").cloned().unwrap_or_default();
        if !self.clients.contains_key(&id) {
            return json_answer(400, r#"{"error":"invalid_client"}"#);
        }
        let to = sent.get("redirect_uri").cloned().unwrap_or_default();
        let state = sent.get("state").cloned().unwrap_or_default();
        match sent.get("approve").map(String::as_str) {
            None if switches.shows_page => Some((
                200,
                "content-type: text/html\r\n".to_owned(),
                "<p>Run a script</p>".to_owned(),
            )),
            Some("0") => redirect(&format!("{to}?error=access_denied&state={state}")),
            _ => {
                let code = self.fresh("code");
                self.codes.insert(code.clone(), sent);
                redirect(&format!("{to}?code={code}&state={state}"))
            }
        }
    }

    fn token(&mut self, asked: &Asked) -> Answer {
        let sent = form(&asked.body);
        let refused = |error: &str| json_answer(400, &json!({"error": error}).to_string());
        let code = sent.get("code").cloned().unwrap_or_default();
        let Some(request) = self.codes.get(&code).cloned() else { return refused("invalid_grant") };
        let id = request["client_id"].clone();
        if self
            .clients
            .get(&id)
            .is_some_and(|secret| secret.is_some() && secret.as_ref() != sent.get("client_secret"))
        {
            return json_answer(401, r#"{"error":"invalid_client"}"#);
        }
        if sent.get("client_id") != Some(&id) {
            return refused("invalid_grant");
        }
        self.codes.remove(&code);
        let scope = request.get("scope").cloned().unwrap_or_else(|| "read write".to_owned());
        let token = self.fresh("token");
        self.tokens.insert(token.clone(), scope.clone());
        let body = json!({"access_token": token, "token_type": "Bearer", "scope": scope,
            "expires_in": 600});
        json_answer(200, &body.to_string())
    }

    fn endpoint(&self, base: &str, asked: &Asked) -> Answer {
        let token = header(asked, "authorization").and_then(|value| value.strip_prefix("Bearer "));
        let Some(scopes) = token.and_then(|token| self.tokens.get(token)) else {
            let pointer = format!("{base}/.well-known/oauth-protected-resource/mcp");
            let challenge = format!("www-authenticate: Bearer resource_metadata=\"{pointer}\"\r\n");
            return Some((401, challenge, "{}".to_owned()));
        };
        let message: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let result = match message["method"].as_str().unwrap_or_default() {
            "initialize" => json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
                "serverInfo": {"name": "minimal", "version": "1"}}),
            "tools/list" => json!({"tools": [
                {"name": "look", "inputSchema": {"type": "object", "required": ["at"],
                    "properties": {"at": {"type": "string"}}},
                 "annotations": {"readOnlyHint": true}},
                {"name": "put", "inputSchema": {"type": "object"}}]}),
            "tools/call" => {
                let tool = message.pointer("/params/name").and_then(Value::as_str);
                let needed = match tool {
                    Some("put") => "write",
                    Some("look") => "read",
                    _ => return failure(&message, 200, -32602, "no such tool"),
                };
                if !scopes.split(' ').any(|scope| scope == needed) {
                    let error = "error=\"insufficient_scope\"";
                    return Some((
                        403,
                        format!("www-authenticate: Bearer {error}\r\n"),
                        "{}".to_owned(),
                    ));
                }
                json!({"content": [], "isError": false})
            }
            _ => return failure(&message, 404, -32601, "no such method"),
        };
        let answer = json!({"jsonrpc": "2.0", "id": message["id"], "result": result});
        json_answer(200, &answer.to_string())
    }
}

fn failure(message: &Value, status: u16, code: i64, text: &str) -> Answer {
    let error = json!({"code": code, "message": text});
    let answer = json!({"jsonrpc": "2.0", "id": message["id"], "error": error});
    json_answer(status, &answer.to_string())
}

fn metadata(switches: &Switches, base: &str) -> Value {
    let token_host = if switches.strange_host { "https://auth.example.com" } else { base };
    let mut metadata = json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{token_host}/token"),
        "revocation_endpoint": format!("{base}/revoke"),
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none", "client_secret_post"],
    });
    if switches.registers {
        metadata["registration_endpoint"] = json!(format!("{base}/register"));
    }
    metadata
}
