//! A real server on loopback with a small demo shop, for tests that speak HTTP to it.

use std::net::TcpListener;
use std::sync::Arc;

use lookout_server::authority::records::{Role, User};
use lookout_server::config::Settings;
use lookout_server::{App, Config, app, demo};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A day that the demo data ends on.
const TODAY: jiff::civil::Date = jiff::civil::date(2026, 11, 22);

/// A running server. It ends with this value.
pub(crate) struct Served {
    pub(crate) base: String,
    pub(crate) app: Arc<App>,
    pub(crate) user: User,
    pub(crate) workspace_id: String,
    runtime: Runtime,
    agent: ureq::Agent,
    _data: TempDir,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A header's text, empty when absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Served {
    /// A server with the demo workspace and one member.
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// The same, with other settings.
    pub(crate) fn start_with(adjust: impl FnOnce(&mut Settings)) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let data = tempfile::tempdir().expect("a temporary folder");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a socket option");
        let address = listener.local_addr().expect("an address");
        let folder = data.path().join("data");
        let mut settings = Settings { data: folder.clone(), ..Settings::default() };
        adjust(&mut settings);
        let config: Config = settings.at(address).expect("good settings");
        let (app, user, workspace_id) = runtime.block_on(async {
            app::init(&folder).await.expect("a new data directory");
            let app = App::open(config).await.expect("a data directory");
            let user = app
                .put_account("ada@example.com", Some("Ada"), "correct horse battery")
                .await
                .expect("an account");
            let membership =
                app.join_workspace(&user, "demo", Role::Member).await.expect("a workspace");
            let workspace = (membership.workspace_id.as_str(), "demo");
            let shop =
                demo::furnish(&*app.store, workspace, &folder, TODAY, 0.02).await.expect("a demo");
            (Arc::new(app.with_warehouses(vec![shop])), user, membership.workspace_id)
        });
        let router = lookout_server::router(app.clone());
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            axum::serve(listener, router).await.expect("the server runs");
        });
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .build()
            .into();
        Self {
            base: format!("http://{address}"),
            app,
            user,
            workspace_id,
            runtime,
            agent,
            _data: data,
        }
    }

    /// A new programmatic token with these scopes.
    pub(crate) fn token(&self, scopes: &str) -> String {
        let scopes = scopes.parse().expect("known scopes");
        let name = format!("test {scopes} {:?}", std::time::Instant::now());
        let minted =
            self.app.create_token(&self.user, &self.workspace_id, &name, Some(scopes), None);
        self.runtime.block_on(minted).expect("a token").0.expose().to_owned()
    }

    /// A new programmatic token of the same person in another workspace.
    pub(crate) fn token_elsewhere(&self, workspace: &str, scopes: &str) -> String {
        let scopes = scopes.parse().expect("known scopes");
        let minted = async {
            let membership = self
                .app
                .join_workspace(&self.user, workspace, Role::Member)
                .await
                .expect("a workspace");
            self.app
                .create_token(&self.user, &membership.workspace_id, "elsewhere", Some(scopes), None)
                .await
        };
        self.runtime.block_on(minted).expect("a token").0.expose().to_owned()
    }

    /// The `Cookie` header of a member who is signed in.
    pub(crate) fn session(&self) -> String {
        let password = String::from("correct horse battery").into();
        let signed_in = self.runtime.block_on(self.app.sign_in("ada@example.com", password));
        format!("sid={}", signed_in.expect("a store").expect("the right password").expose())
    }

    /// Posts a body with headers.
    pub(crate) fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut request = self.agent.post(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request.send(body).expect("an answer"))
    }

    /// Any request without a body.
    pub(crate) fn request(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(self.agent.run(request.body(()).expect("a request")).expect("an answer"))
    }

    /// A request of revision 2026-07-28 to `/mcp`.
    pub(crate) fn modern(&self, token: &str, method: &str, params: Value) -> Reply {
        self.modern_at("/mcp", token, method, params)
    }

    /// A request of revision 2026-07-28.
    pub(crate) fn modern_at(
        &self,
        path: &str,
        token: &str,
        method: &str,
        mut params: Value,
    ) -> Reply {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let authorization = format!("Bearer {token}");
        let name = params["name"].as_str().unwrap_or_default().to_owned();
        let mut headers = vec![
            ("authorization", authorization.as_str()),
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", method),
        ];
        if method == "tools/call" && !name.is_empty() {
            headers.push(("mcp-name", &name));
        }
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        self.post(path, &headers, body.to_string().as_bytes())
    }

    /// Calls a tool and returns the result of `tools/call`.
    #[track_caller]
    pub(crate) fn tool(&self, token: &str, name: &str, arguments: impl Into<Value>) -> Value {
        let reply = self.modern(
            token,
            "tools/call",
            json!({ "name": name, "arguments": arguments.into() }),
        );
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()["result"].clone()
    }
}

fn read(mut response: ureq::http::Response<ureq::Body>) -> Reply {
    let text = response.body_mut().read_to_string().expect("a body of text");
    Reply { status: response.status().as_u16(), headers: response.headers().clone(), text }
}
