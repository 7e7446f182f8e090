//! The audit log: what is in it, what never is, and that it cannot be changed or filled.

#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::sync::LazyLock;

use lookout_server::audit::{Budget, Event, IN_ALL, PER_NETWORK, Query, Recorded, Verdict, What};
use lookout_server::authority::Resource;
use lookout_server::authority::records::Role;
use serde_json::json;

use crate::browser::{Browser, Tokens, csrf_of};
use crate::log::LOG;
use crate::server::{EMAIL, PASSWORD, Server};

impl Server {
    pub(crate) fn events(&self) -> Vec<Recorded> {
        self.runtime.block_on(self.app.events(Query::default())).expect("the audit log")
    }

    /// The events without the accounts' and the start: `event outcome reason`.
    fn told(&self) -> Vec<String> {
        let told = self.events();
        told.iter()
            .map(|event| format!("{} {} {}", event.event, event.outcome, event.reason))
            .map(|line| line.trim_end().to_owned())
            .filter(|line| !line.starts_with("account") && !line.starts_with("membership"))
            .collect()
    }
}

#[test]
fn every_step_is_recorded_with_who_and_why() {
    let server = Server::start();
    let client = server.client();
    let mut browser = Browser::new(&server);
    browser.sign_in(EMAIL, "a wrong password");
    browser.sign_in(EMAIL, PASSWORD);
    let tokens = browser.connect(&client);
    let next = Tokens::of(&server.refresh(&client, &tokens.refresh));
    server.revoke(&client, &next.access);
    server.refresh(&client, &tokens.refresh);
    server.redeem(&client, "lkoac_nonsense");
    assert!(server.refuses(&next.access));
    server.get("/mcp", &[("authorization", &format!("Bearer {}", next.access))]);
    let told = server.told();
    assert_eq!(
        told,
        [
            "register allowed",
            "sign_in refused wrong_credentials",
            "sign_in allowed",
            "authorize allowed",
            "consent allowed",
            "exchange allowed",
            "refresh allowed",
            "revoke allowed",
            "reuse refused invalid_grant",
            "exchange refused invalid_grant",
            "bearer refused invalid_token",
        ]
    );
    let events = server.events();
    let of = |name: &str| events.iter().find(|event| event.event == name).expect("an event");
    let exchange = of("exchange");
    assert_eq!(exchange.client_id.as_ref(), Some(&client));
    assert_eq!(exchange.address, "127.0.0.1");
    assert_eq!(exchange.detail, "mcp:read mcp:write");
    assert!(exchange.user_id.is_some() && exchange.grant_id == of("reuse").grant_id);
    let mine = Query { user: Some(EMAIL.to_owned()), ..Query::default() };
    let mine = server.runtime.block_on(server.app.events(mine)).unwrap();
    assert!(mine.iter().any(|event| event.event == "consent") && mine.len() < events.len());
}

#[test]
fn what_comes_to_nothing_is_recorded_too() {
    let server = Server::start();
    let (mine, other) = (server.client(), server.client());
    let mut browser = Browser::signed_in(&server);
    let tokens = browser.connect(&mine);
    server.revoke(&other, &tokens.access);
    browser.post("/oauth/consent", &[("csrf", "wrong"), ("request", "none")]);
    let unknown =
        lookout_server::secret::AccessToken::mint(&lookout_server::secret::entropy::SystemEntropy);
    server.runtime.block_on(server.app.end_leaked(unknown.expose())).unwrap();
    let (user, membership) = server.add_person("bob@lookout.example", "lab", Role::Member);
    server.sql("delete from memberships where workspace_id = (select id from workspaces where slug = 'lab')");
    let made = server.app.create_token(&user, &membership.workspace_id, "n", None, None);
    assert!(server.runtime.block_on(made).is_err());
    let told = server.told();
    for line in [
        "revoke refused not_its_token",
        "consent refused forged_form",
        "leaked_token refused unknown",
        "create_token refused not_a_member",
    ] {
        assert!(told.iter().any(|told| told == line), "{line}: {told:?}");
    }
}

#[test]
fn nothing_is_acknowledged_without_its_event() {
    let server = Server::start();
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let code = browser.allow(&client, &[]);
    let kept = browser.connect(&client);
    server.sql("create trigger full before insert on audit_events begin select raise(abort, 'the disk is full'); end");
    assert_eq!(server.redeem(&client, &code).status, 503);
    assert_eq!(server.refresh(&client, &kept.refresh).status, 503);
    let form = [("client_id", client.as_str()), ("token", &kept.access)];
    assert_eq!(server.post_form("/oauth/revoke", &form, &[]).status, 503);
    // A refusal stays one.
    assert_eq!(server.redeem(&client, "lkoac_nonsense").status, 400);
    assert!(server.admits(&kept.access, Resource::Mcp).is_some());
    server.sql("drop trigger full");
    assert_eq!(server.redeem(&client, &code).status, 200);
    assert_eq!(server.refresh(&client, &kept.refresh).status, 200);
}

#[test]
fn no_secret_is_in_the_log_or_among_the_events() {
    LazyLock::force(&LOG);
    let server = Server::start();
    let (confidential, secret) =
        server.register(&json!({ "token_endpoint_auth_method": "client_secret_basic" }));
    let public = server.client();
    let mut browser = Browser::new(&server);
    browser.sign_in(EMAIL, PASSWORD);
    let unused = browser.allow(&confidential, &[]);
    let code = browser.allow(&public, &[]);
    let first = Tokens::of(&server.redeem(&public, &code));
    let second = Tokens::of(&server.refresh(&public, &first.refresh));
    let csrf = csrf_of(&browser.get("/w/demo/mcp/tokens"), "/w/demo/mcp/tokens");
    let form = [("csrf", csrf.as_str()), ("name", "n"), ("scope", "mcp:read"), ("days", "1")];
    let page = browser.post("/w/demo/mcp/tokens", &form);
    let token =
        page.text.split_once("class=\"uri\">").unwrap().1.split('<').next().unwrap().to_owned();
    let secrets = [
        secret.unwrap(),
        browser.secret().to_owned(),
        unused,
        code,
        first.access,
        first.refresh.clone(),
        second.access.clone(),
        second.refresh,
        token.clone(),
        csrf,
        PASSWORD.to_owned(),
    ];
    // Every refusal, with every secret wherever a client may write something.
    for secret in &secrets {
        let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        server.redeem(secret, secret);
        server.refresh(&public, secret);
        server.refresh(secret, secret);
        server.get(&format!("/oauth/authorize?client_id={encoded}&state={encoded}"), &[]);
        server.get("/mcp", &[("authorization", &format!("Bearer {secret}"))]);
        server.get(&format!("/nowhere/{encoded}?x={encoded}"), &[]);
        server.post_json(
            "/oauth/register",
            &json!({ "client_name": secret, "redirect_uris": [secret] }),
        );
        Browser::new(&server).sign_in(secret, secret);
    }
    server.register(&json!({ "client_name": token }));
    server.revoke(&public, &second.access);
    // Even what a mistake in this program puts there.
    let mistake = Event::refused(What::Bearer, "invalid_token").detail(format!("got {token}"));
    server.runtime.block_on(server.app.audit(mistake.client(&first.refresh)));

    let events = format!("{:?}", server.events());
    assert!(events.contains("[secret]"), "the mistake was recorded");
    let log = String::from_utf8_lossy(&LOG.lock().unwrap()).into_owned();
    assert!(log.len() > 100, "the log was captured");
    let digests = digests(&server);
    assert!(digests.len() >= 8);
    for secret in secrets.iter().chain(&digests) {
        let tail = &secret[secret.len().saturating_sub(20)..];
        assert!(!events.contains(tail), "among the events: {secret}");
        assert!(!log.contains(tail), "in the log: {secret}");
    }
}

/// Every digest that is stored, in hexadecimal.
fn digests(server: &Server) -> Vec<String> {
    let database = rusqlite::Connection::open(server.app.config.data.join("lookout.db"))
        .expect("what the test needs");
    let mut statement = database
        .prepare("select lower(hex(digest)) from tokens union select lower(hex(digest)) from codes union select lower(hex(digest)) from sessions")
        .expect("what the test needs");
    let rows = statement.query_map([], |row| row.get(0)).expect("what the test needs");
    rows.map(Result::unwrap).collect()
}

#[test]
fn the_log_only_grows() {
    let server = Server::start();
    server.client();
    let database = rusqlite::Connection::open(server.app.config.data.join("lookout.db")).unwrap();
    for statement in ["update audit_events set reason = 'x'", "delete from audit_events"] {
        let refused = database.execute(statement, []).unwrap_err().to_string();
        assert!(refused.contains("only grows"), "{refused}");
    }
    assert_eq!(server.told(), ["register allowed"]);
}

#[test]
fn who_is_refused_all_the_time_does_not_fill_the_disk() {
    let server = Server::start();
    let client = server.client();
    for _ in 0..30 {
        server.get("/mcp", &[("authorization", "Bearer lkoat_nonsense")]);
        server.redeem(&client, "lkoac_nonsense");
    }
    let told = server.told();
    let count = |line: &str| told.iter().filter(|told| *told == line).count();
    assert_eq!(count("bearer refused invalid_token"), 1);
    assert!(count("exchange refused invalid_grant") <= PER_NETWORK as usize);

    // Whoever registers clients all the time neither.
    for _ in 0..30 {
        server.client();
    }
    let told = server.told();
    let registered = told.iter().filter(|line| *line == "register allowed").count();
    assert_eq!(registered, PER_NETWORK as usize);

    let budget = Budget::default();
    let start = std::time::Instant::now();
    let mut recorded = 0;
    for network in 0..10_000_u32 {
        let mut event = Event::refused(What::Exchange, "invalid_grant");
        event.address = Some(std::net::Ipv4Addr::from(network << 8).into());
        recorded += u32::from(budget.judge(&event, start) != Verdict::LeaveOut);
    }
    assert_eq!(recorded, IN_ALL);
    let event = Event::refused(What::Exchange, "invalid_grant");
    let later = start + std::time::Duration::from_secs(60);
    assert_eq!(budget.judge(&event, later), Verdict::Record(u64::from(10_000 - IN_ALL)));
}
