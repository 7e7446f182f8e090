//! A real server on loopback with a small demo shop, for tests that speak HTTP to it.

use std::ops::Deref;

use lookout_server::authority::records::{Role, User};
use lookout_server::config::Settings;
use lookout_server::demo;
use serde_json::{Value, json};

pub(crate) use crate::serving::Reply;
use crate::serving::Serving;

/// A day that the demo data ends on.
const TODAY: jiff::civil::Date = jiff::civil::date(2026, 11, 22);

/// A running server with the demo workspace. It ends with this value.
pub(crate) struct Served {
    pub(crate) user: User,
    pub(crate) workspace_id: String,
    serving: Serving,
}

impl Deref for Served {
    type Target = Serving;

    fn deref(&self) -> &Serving {
        &self.serving
    }
}

impl Served {
    /// A server with the demo workspace and one member.
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// The same, with other settings.
    pub(crate) fn start_with(adjust: impl FnOnce(&mut Settings)) -> Self {
        let mut member = None;
        let serving = Serving::start(adjust, async |app| {
            let user = app
                .put_account("ada@example.com", Some("Ada"), "correct horse battery")
                .await
                .expect("an account");
            let membership =
                app.join_workspace(&user, "demo", Role::Member).await.expect("a workspace");
            let workspace = (membership.workspace_id.as_str(), "demo");
            let folder = &app.config.data;
            let shop =
                demo::furnish(&*app.store, workspace, folder, TODAY, 0.02).await.expect("a demo");
            member = Some((user, membership.workspace_id));
            app.with_warehouses(vec![shop])
        });
        let (user, workspace_id) = member.expect("the store was filled");
        Self { user, workspace_id, serving }
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
        self.send("POST", path, headers, Some(body))
    }

    /// Any request without a body.
    pub(crate) fn request(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.send(method, path, headers, None)
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
