//! A Lookout server that can be told to lie, and a person who answers its consent page.
//!
//! The server is honest until a test edits its [`World`]; the test then looks at what the client sent.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lookout_sdk::auth::{MemoryStore, OAuth};
use lookout_sdk::{Client, ClientBuilder};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

pub(crate) type Params = BTreeMap<String, String>;
type Handler = Box<dyn Fn(&Request) -> ResponseTemplate + Send>;

/// The state of the server.
pub(crate) struct World {
    pub(crate) origin: String,
    pub(crate) resource: Value,
    pub(crate) metadata: Value,
    /// The parameters of the `Bearer` challenge besides `resource_metadata`; `None` leaves that out too.
    pub(crate) challenge: Option<String>,
    /// What each live access token may do.
    pub(crate) live: HashMap<String, Vec<String>>,
    /// Responses of the token endpoint to send before it becomes honest.
    pub(crate) token_responses: VecDeque<ResponseTemplate>,
    /// The `expires_in` of honest token responses, in seconds.
    pub(crate) lifetime: u64,
    /// What honest token responses grant; `None` grants what was asked for.
    pub(crate) grants: Option<String>,
    pub(crate) tool_result: Value,
    overrides: HashMap<String, Handler>,
    issued: usize,
    asked: String,
}

/// A running server.
pub(crate) struct Fake {
    server: MockServer,
    pub(crate) world: Arc<Mutex<World>>,
}

impl Fake {
    pub(crate) async fn start() -> Self {
        // Not from the pool: a late message of an earlier test must not arrive at this one.
        let server = MockServer::builder().start().await;
        let origin = server.uri();
        let world = World {
            resource: json!({ "resource": format!("{origin}/mcp"), "authorization_servers": [origin] }),
            metadata: json!({
                "issuer": origin,
                "authorization_endpoint": format!("{origin}/oauth/authorize"),
                "token_endpoint": format!("{origin}/oauth/token"),
                "registration_endpoint": format!("{origin}/oauth/register"),
                "revocation_endpoint": format!("{origin}/oauth/revoke"),
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": true,
            }),
            origin,
            challenge: Some(r#", scope="mcp:read mcp:write""#.to_owned()),
            live: HashMap::new(),
            token_responses: VecDeque::new(),
            lifetime: 600,
            grants: None,
            tool_result: json!({
                "content": [{ "type": "text", "text": "{\"tables\":[]}" }],
                "structuredContent": { "warehouse_id": "shop", "tables": [], "next_cursor": null },
            }),
            overrides: HashMap::new(),
            issued: 0,
            asked: String::new(),
        };
        let world = Arc::new(Mutex::new(world));
        let shared = Arc::clone(&world);
        Mock::given(any())
            .respond_with(move |request: &Request| shared.lock().unwrap().respond(request))
            .mount(&server)
            .await;
        Self { server, world }
    }

    pub(crate) fn edit(&self, change: impl FnOnce(&mut World)) {
        change(&mut self.world.lock().unwrap());
    }

    /// Answers every request to `path` with `handler`.
    pub(crate) fn on(
        &self,
        path: &str,
        handler: impl Fn(&Request) -> ResponseTemplate + Send + 'static,
    ) {
        self.edit(|world| {
            world.overrides.insert(path.to_owned(), Box::new(handler));
        });
    }

    pub(crate) fn origin(&self) -> String {
        self.server.uri()
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("{}/mcp", self.server.uri())
    }

    pub(crate) fn builder(&self) -> ClientBuilder {
        Client::builder(self.endpoint()).timeout(Duration::from_secs(5))
    }

    /// A client whose person allows everything.
    pub(crate) fn client(&self) -> Client {
        self.client_with(self.honest())
    }

    pub(crate) fn client_with(&self, oauth: OAuth) -> Client {
        self.builder().oauth(oauth).build().unwrap()
    }

    /// Settings with a person who allows everything.
    pub(crate) fn honest(&self) -> OAuth {
        self.person(|ask| vec![ask.honest()])
    }

    /// Settings with a person whose browser then asks for each of the URLs that `answer` gives.
    pub(crate) fn person(
        &self,
        answer: impl Fn(&Ask) -> Vec<String> + Send + Sync + 'static,
    ) -> OAuth {
        let world = Arc::clone(&self.world);
        OAuth::new().store(MemoryStore::new()).patience(Duration::from_secs(5)).present(
            move |url| {
                let url = Url::parse(url).unwrap();
                let params: Params = url.query_pairs().into_owned().collect();
                world.lock().unwrap().asked = params.get("scope").cloned().unwrap_or_default();
                let urls = answer(&Ask { url, params });
                tokio::spawn(async move {
                    for url in urls {
                        browse(&url).await;
                    }
                });
            },
        )
    }

    /// The paths that were asked for, in order.
    pub(crate) async fn paths(&self) -> Vec<String> {
        self.requests().await.iter().map(|request| request.url.path().to_owned()).collect()
    }

    pub(crate) async fn requests(&self) -> Vec<Request> {
        self.server.received_requests().await.unwrap()
    }

    /// The forms that were posted to `path`.
    pub(crate) async fn forms(&self, path: &str) -> Vec<Params> {
        let requests = self.requests().await;
        let posted = requests.iter().filter(|request| request.url.path() == path);
        posted
            .map(|request| url::form_urlencoded::parse(&request.body).into_owned().collect())
            .collect()
    }

    /// The bodies that were posted to `/mcp`.
    pub(crate) async fn messages(&self) -> Vec<Value> {
        let requests = self.requests().await;
        let is_message =
            |request: &&Request| request.url.path() == "/mcp" && request.method.as_str() == "POST";
        let posted = requests.iter().filter(is_message);
        posted.map(|request| request.body_json().unwrap()).collect()
    }

    pub(crate) async fn token_requests(&self) -> usize {
        self.forms("/oauth/token").await.len()
    }
}

impl World {
    fn respond(&mut self, request: &Request) -> ResponseTemplate {
        let path = request.url.path().to_owned();
        if request.method.as_str() == "DELETE" {
            return ResponseTemplate::new(405);
        }
        if let Some(handler) = self.overrides.get(&path) {
            return handler(request);
        }
        match path.as_str() {
            "/.well-known/oauth-protected-resource/mcp" => json_response(200, &self.resource),
            "/.well-known/oauth-authorization-server" => json_response(200, &self.metadata),
            "/oauth/register" => {
                let asked: Value = request.body_json().unwrap();
                json_response(
                    201,
                    &json!({ "client_id": "client-1", "redirect_uris": asked["redirect_uris"] }),
                )
            }
            "/oauth/token" => {
                self.token_responses.pop_front().unwrap_or_else(|| self.issue(request))
            }
            "/oauth/revoke" => ResponseTemplate::new(200),
            "/mcp" => self.mcp(request),
            _ => ResponseTemplate::new(404),
        }
    }

    /// Issues the next pair of tokens.
    fn issue(&mut self, request: &Request) -> ResponseTemplate {
        self.issued += 1;
        let form: Params = url::form_urlencoded::parse(&request.body).into_owned().collect();
        if form["grant_type"] == "refresh_token" {
            self.live.clear();
        }
        let scope = self.grants.clone().unwrap_or_else(|| self.asked.clone());
        let access = format!("secret-access-{}", self.issued);
        self.live.insert(access.clone(), scope.split(' ').map(str::to_owned).collect());
        json_response(
            200,
            &json!({
                "access_token": access,
                "token_type": "Bearer",
                "expires_in": self.lifetime,
                "refresh_token": format!("secret-refresh-{}", self.issued),
                "scope": scope,
            }),
        )
    }

    fn mcp(&self, request: &Request) -> ResponseTemplate {
        let sent = request.headers.get("authorization").and_then(|value| value.to_str().ok());
        let live = sent
            .and_then(|value| value.strip_prefix("Bearer "))
            .and_then(|token| self.live.get(token));
        let Some(scopes) = live else {
            return self.challenge.iter().fold(
                ResponseTemplate::new(401),
                |response, challenge| {
                    let metadata =
                        format!("{}/.well-known/oauth-protected-resource/mcp", self.origin);
                    let header = format!(r#"Bearer resource_metadata="{metadata}"{challenge}"#);
                    response.insert_header("www-authenticate", header)
                },
            );
        };
        let message: Value = request.body_json().unwrap();
        let mut result = match message["method"].as_str().unwrap() {
            "server/discover" => json!({ "supportedVersions": ["2026-07-28"] }),
            "tools/list" => {
                json!({ "tools": [{ "name": "list_tables", "inputSchema": { "type": "object" } }] })
            }
            "tools/call"
                if message["params"]["name"] == "save_dashboard"
                    && !scopes.contains(&"mcp:write".to_owned()) =>
            {
                let header = r#"Bearer error="insufficient_scope", scope="mcp:write""#;
                return ResponseTemplate::new(403).insert_header("www-authenticate", header);
            }
            "tools/call" => self.tool_result.clone(),
            method => panic!("unexpected method {method}"),
        };
        result["resultType"] = "complete".into();
        json_response(200, &json!({ "jsonrpc": "2.0", "id": message["id"], "result": result }))
    }
}

pub(crate) fn json_response(status: u16, body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

/// Answers a JSON-RPC request with `result`.
pub(crate) fn result(request: &Request, result: &Value) -> ResponseTemplate {
    let message: Value = request.body_json().unwrap();
    json_response(200, &json!({ "jsonrpc": "2.0", "id": message["id"], "result": result }))
}

/// What a person is asked.
pub(crate) struct Ask {
    pub(crate) url: Url,
    pub(crate) params: Params,
}

impl Ask {
    /// The redirect URI with these parameters.
    pub(crate) fn callback(&self, params: &[(&str, &str)]) -> String {
        let mut url = Url::parse(&self.params["redirect_uri"]).unwrap();
        url.query_pairs_mut().extend_pairs(params);
        url.into()
    }

    /// The callback of a server that plays by the rules; the issuer is the origin of the authorization endpoint.
    pub(crate) fn honest(&self) -> String {
        let iss = self.url.origin().ascii_serialization();
        self.callback(&[("code", "secret-code"), ("state", &self.params["state"]), ("iss", &iss)])
    }
}

/// Asks for a URL as a browser would; returns the whole response.
pub(crate) async fn browse(url: &str) -> String {
    let url = Url::parse(url).unwrap();
    let host = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    raw(&host, &format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n")).await
}

/// Sends bytes and reads until the other side closes; nothing when nobody listens.
pub(crate) async fn raw(host: &str, request: &str) -> String {
    let mut response = String::new();
    let Ok(mut stream) = TcpStream::connect(host).await else { return response };
    stream.write_all(request.as_bytes()).await.ok();
    stream.read_to_string(&mut response).await.ok();
    response
}
