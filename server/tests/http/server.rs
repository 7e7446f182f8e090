//! A server on loopback with one member, a clock that can be moved, and a plain HTTP client.

#![allow(dead_code, reason = "each test binary uses another part")]

use std::ops::Deref;

use lookout_schema::ScopeSet;
use lookout_server::app::BearerRefusal;
use lookout_server::authority::Resource;
use lookout_server::authority::records::{Membership, Role, User};
use lookout_server::config::Settings;
use lookout_server::demo;
use serde_json::{Value, json};

pub(crate) use crate::serving::Reply;
use crate::serving::Serving;

pub(crate) const EMAIL: &str = "ada@lookout.example";
pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const CALLBACK: &str = "http://127.0.0.1:4321/callback";
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A running server with one member. It ends with this value.
pub(crate) struct Server(Serving);

impl Deref for Server {
    type Target = Serving;

    fn deref(&self) -> &Serving {
        &self.0
    }
}

impl Reply {
    /// A parameter of the address that this redirects to.
    #[track_caller]
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let address = url::Url::parse(self.header("location")).expect("a redirect");
        let mut values = address.query_pairs().filter(|(key, _)| key == name);
        let value = values.next().map(|(_, value)| value.into_owned());
        assert!(values.next().is_none(), "{name} is there twice: {address}");
        value
    }

    /// The `error` of a refusal by an endpoint that clients call.
    #[track_caller]
    pub(crate) fn refusal(&self) -> (u16, String) {
        let document = self.json();
        assert!(document.get("access_token").is_none(), "{self:?}");
        (self.status, document["error"].as_str().expect("an error code").to_owned())
    }
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    pub(crate) fn start_with(adjust: impl FnOnce(&mut Settings)) -> Self {
        Self::with_a_person(Serving::start(adjust, async |app| app))
    }

    /// A server with its data in this PostgreSQL database, or else in the embedded one.
    pub(crate) fn start_in(database: Option<String>) -> Self {
        Self::with_a_person(Serving::start_in(database, |_| {}, async |app| app))
    }

    /// A server with the demonstration, and the member.
    pub(crate) fn start_with_demo() -> Self {
        Self::with_the_shop().0
    }

    /// A server whose workspace has the demonstration's dashboards and warehouse, of the year that ends on 2026-11-22.
    pub(crate) fn with_the_shop() -> (Self, User, Membership) {
        let mut member = None;
        let today = jiff::civil::date(2026, 11, 22);
        let serving = Serving::start(
            |_| {},
            async |app| {
                let user = app.put_account(EMAIL, Some("Ada"), PASSWORD).await.expect("an account");
                let joined = app.join_workspace(&user, "demo", Role::Member).await;
                let joined = joined.expect("a workspace");
                let id = joined.workspace_id.clone();
                member = Some((user, joined));
                let data = &app.config.data;
                let shop = demo::furnish(&*app.store, (&id, "demo"), data, today, 0.02).await;
                app.with_warehouses(vec![shop.expect("a demonstration")])
            },
        );
        let (user, membership) = member.expect("the store was filled");
        (Self(serving), user, membership)
    }

    fn with_a_person(serving: Serving) -> Self {
        let server = Self(serving);
        server.add_person(EMAIL, "demo", Role::Member);
        server
    }

    /// A second server on the same data.
    pub(crate) fn replica(&self) -> Self {
        Self(self.0.replica())
    }

    pub(crate) fn add_person(
        &self,
        email: &str,
        workspace: &str,
        role: Role,
    ) -> (User, Membership) {
        self.runtime.block_on(async {
            let user =
                self.app.put_account(email, Some("Ada"), PASSWORD).await.expect("an account");
            let membership =
                self.app.join_workspace(&user, workspace, role).await.expect("a workspace");
            (user, membership)
        })
    }

    /// What a token may do at a resource; `None` when it is not valid there.
    pub(crate) fn admits(&self, token: &str, resource: Resource) -> Option<ScopeSet> {
        self.runtime.block_on(self.app.admit(token, resource)).ok().map(|caller| caller.scopes)
    }

    /// Lets time pass, by moving every time in the database into the past.
    pub(crate) fn pass(&self, seconds: i64) {
        // What is noted beside the requests so far belongs before it.
        self.runtime.block_on(self.app.noted());
        let columns = [
            ("sessions", "created_at"),
            ("sessions", "seen_at"),
            ("authorization_requests", "expires_at"),
            ("grants", "created_at"),
            ("grants", "expires_at"),
            ("codes", "expires_at"),
            ("tokens", "created_at"),
            ("tokens", "expires_at"),
            ("clients", "created_at"),
            ("tool_calls", "at"),
        ];
        let statement = |(table, column)| {
            format!("update {table} set {column} = {column} - {};", seconds * 1000)
        };
        self.sql(&columns.map(statement).concat());
    }

    pub(crate) fn sweep(&self) {
        self.runtime.block_on(self.app.sweep()).expect("a sweep");
    }

    pub(crate) fn get(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.send("GET", path, headers, &[])
    }

    pub(crate) fn post_form(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Reply {
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
        all.extend(headers);
        self.send("POST", path, &all, body.as_bytes())
    }

    pub(crate) fn post_json(&self, path: &str, document: &Value) -> Reply {
        self.send(
            "POST",
            path,
            &[("content-type", "application/json")],
            document.to_string().as_bytes(),
        )
    }

    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        let reply = self.0.send(method, path, headers, (method == "POST").then_some(body));
        assert!(reply.status < 500 || reply.status == 503, "{method} {path}: {reply:?}");
        reply
    }

    /// Whether a token is refused, and not merely unchecked.
    pub(crate) fn refuses(&self, token: &str) -> bool {
        let admitted = self.runtime.block_on(self.app.admit(token, Resource::Mcp));
        matches!(admitted, Err(BearerRefusal::InvalidToken))
    }

    /// Registers a public client and returns its identifier.
    pub(crate) fn client(&self) -> String {
        self.register(&json!({})).0
    }

    /// Registers a client with this metadata besides the usual: its identifier and its secret.
    pub(crate) fn register(&self, metadata: &Value) -> (String, Option<String>) {
        let mut document = json!({
            "redirect_uris": [CALLBACK],
            "client_name": "Test application",
            "grant_types": ["authorization_code", "refresh_token"],
        });
        for (key, value) in metadata.as_object().expect("an object") {
            document[key] = value.clone();
        }
        let reply = self.post_json("/oauth/register", &document);
        assert_eq!(reply.status, 201, "{reply:?}");
        let client = reply.json();
        let text = |key: &str| client[key].as_str().map(str::to_owned);
        (text("client_id").expect("an identifier"), text("client_secret"))
    }

    /// Redeems a code as a public client.
    pub(crate) fn redeem(&self, client: &str, code: &str) -> Reply {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("code", code),
            ("code_verifier", VERIFIER),
        ];
        self.post_form("/oauth/token", &form, &[])
    }

    /// Refreshes as a public client.
    pub(crate) fn refresh(&self, client: &str, token: &str) -> Reply {
        let form =
            [("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", token)];
        self.post_form("/oauth/token", &form, &[])
    }

    /// Revokes as a public client.
    #[track_caller]
    pub(crate) fn revoke(&self, client: &str, token: &str) {
        let reply =
            self.post_form("/oauth/revoke", &[("client_id", client), ("token", token)], &[]);
        assert_eq!((reply.status, reply.text.as_str()), (200, ""), "{reply:?}");
    }
}
