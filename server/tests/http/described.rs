//! Clients whose identifier is the address of their metadata document, from the first request to the last token.

use std::net::Ipv4Addr;

use lookout_server::authority::Resource;
use lookout_server::config::Settings;
use serde_json::{Value, json};

use crate::browser::{Browser, Tokens, authorize_path};
use crate::server::{CALLBACK, Reply, Server};
use crate::site::{Answer, Site};

/// A server that reads documents from loopback, and a site with one.
struct Setting {
    server: Server,
    site: Site,
    client: String,
}

impl Setting {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(adjust: impl FnOnce(&mut Settings)) -> Self {
        let server = Server::start_with(|settings| {
            settings.client_documents.allow_loopback = true;
            settings.client_documents.timeout_ms = 300;
            settings.client_documents.per_minute = 1000;
            settings.client_documents.failure_kept = 0;
            adjust(settings);
        });
        let (site, client) = another(&server);
        Self { server, site, client }
    }

    fn document(&self) -> Value {
        document(&self.client)
    }

    fn publish(&self, document: &Value) {
        self.site.answer(Answer::json(&document.to_string()));
    }

    /// What was read no longer holds.
    fn stale(&self) {
        self.server.sql("update clients set document_fresh_until = 0");
    }
}

fn another(server: &Server) -> (Site, String) {
    let site = server.runtime.block_on(Site::start(Ipv4Addr::LOCALHOST, 0, None, Answer::Nothing));
    let client = format!("http://{}/client.json", site.address);
    site.answer(Answer::json(&document(&client).to_string()));
    (site, client)
}

fn document(client: &str) -> Value {
    json!({
        "client_id": client,
        "client_name": "Described application",
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    })
}

#[track_caller]
fn refused(reply: &Reply, phrase: &str) {
    assert_eq!((reply.status, reply.header("location")), (400, ""), "{reply:?}");
    assert!(reply.text.contains(phrase), "{phrase}: {}", reply.text);
}

#[test]
fn a_described_client_is_connected_refreshed_and_disconnected_after_one_fetch() {
    let Setting { server, site, client } = Setting::new();
    let mut browser = Browser::signed_in(&server);
    let page = browser.authorize(&client, &[]);
    assert!(page.text.contains("Described application"), "{page:?}");
    let host = site.address.to_string();
    assert!(page.text.contains(&format!("described by <strong>{host}</strong>")), "{}", page.text);
    assert!(page.text.contains("Verified:") && !page.text.contains("Not verified"));
    let code = browser.answer(&page, "allow", &["mcp:read"]).parameter("code").unwrap();
    let first = Tokens::of(&server.redeem(&client, &code));
    let second = Tokens::of(&server.refresh(&client, &first.refresh));
    assert!(server.admits(&second.access, Resource::Mcp).is_some());
    browser.connect(&client);
    server.revoke(&client, &second.refresh);
    assert!(server.refuses(&second.access));
    assert_eq!(site.connections(), 1);
    // Who registers itself is verified by nobody.
    let page = browser.authorize(&server.client(), &[]);
    assert!(page.text.contains("Not verified"), "{}", page.text);
}

#[test]
fn nothing_is_fetched_before_somebody_signed_in_and_the_rest_of_the_request_is_right() {
    let Setting { server, site, client } = Setting::new();
    let reply = server.get(&authorize_path(&client, &[]), &[]);
    assert!(reply.header("location").starts_with("/sign-in?"), "{reply:?}");
    let mut browser = Browser::signed_in(&server);
    for (more, phrase) in [
        (("response_type", "token"), "response_type"),
        (("code_challenge", ""), "code_challenge"),
        (("code_challenge_method", "plain"), "S256"),
        (("scope", "mcp:admin"), "scope"),
        (("resource", "https://evil.example/mcp"), "resource"),
        (("redirect_uri", "javascript:alert(1)"), "redirect_uri"),
    ] {
        refused(&browser.authorize(&client, &[more]), phrase);
    }
    for form in ["/oauth/token", "/oauth/revoke"] {
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", client.as_str()),
            ("refresh_token", "x"),
            ("token", "x"),
        ];
        assert_eq!(
            server.post_form(form, &fields, &[]).refusal(),
            (401, "invalid_client".to_owned())
        );
    }
    assert_eq!(site.connections(), 0);
    assert_eq!(browser.authorize(&client, &[]).status, 200);
    assert_eq!(site.connections(), 1);
    // Now that the address of the client is known, it is told what is wrong like any other.
    let reply = browser.authorize(&client, &[("scope", "mcp:admin")]);
    assert_eq!(reply.parameter("error").as_deref(), Some("invalid_scope"));
}

#[test]
fn an_address_that_no_document_may_have_is_refused_at_once() {
    let setting = Setting::new();
    let mut browser = Browser::new(&setting.server);
    for id in [
        "http://app.example.com/client.json",
        "https://169.254.169.254/latest/meta-data",
        "https://app.example.com/a/../client.json",
        "https://app.example.com/",
    ] {
        refused(&browser.authorize(id, &[]), "cannot have a metadata document");
    }
    let strict = Server::start();
    refused(&Browser::new(&strict).authorize(&setting.client, &[]), "it is not https");
    assert_eq!(setting.site.connections(), 0);
}

#[test]
fn what_is_wrong_with_a_document_is_said_to_whoever_asks() {
    let setting = Setting::new();
    let mut browser = Browser::signed_in(&setting.server);
    for (member, value, phrase) in [
        ("client_id", json!("https://app.example.com/client.json"), "byte for byte"),
        ("redirect_uris", json!(["http://evil.example/cb"]), "redirect_uris must be https"),
        (
            "token_endpoint_auth_method",
            json!("private_key_jwt"),
            "private_key_jwt is not supported",
        ),
        ("client_secret", json!("secret"), "client_secret"),
        ("client_name", json!(""), "client_name is missing"),
    ] {
        let mut document = setting.document();
        document[member] = value;
        setting.publish(&document);
        refused(&browser.authorize(&setting.client, &[]), phrase);
    }
    setting.site.answer(Answer::json("{"));
    refused(&browser.authorize(&setting.client, &[]), "not a JSON object");
    setting.publish(&setting.document());
    let other = [("redirect_uri", "http://127.0.0.1:4321/other")];
    refused(&browser.authorize(&setting.client, &other), "did not register");
    assert_eq!(browser.authorize(&setting.client, &[]).status, 200);
}

#[test]
fn nobody_learns_from_the_answer_why_a_document_could_not_be_read() {
    let setting = Setting::new();
    let mut browser = Browser::signed_in(&setting.server);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut answers = vec![browser.authorize(&format!("http://{closed}/client.json"), &[])];
    for answer in [
        Answer::Nothing,
        Answer::with("404 Not Found", &[], b""),
        Answer::with("302 Found", &["location: http://127.0.0.1:1/"], b""),
        Answer::with("200 OK", &["content-type: text/html"], b"<p>intranet"),
        Answer::json(&"x".repeat(6000)),
        Answer::Bytes(b"220 mail.inside.example ESMTP\r\n".to_vec()),
    ] {
        setting.site.answer(answer);
        answers.push(browser.authorize(&setting.client, &[]));
    }
    refused(&answers[0], "could not be read");
    for answer in &answers[1..] {
        assert_eq!((answer.status, &answer.text), (answers[0].status, &answers[0].text));
    }
}

#[test]
fn a_changed_document_applies_when_it_is_fetched_again() {
    let setting = Setting::new();
    let (server, client) = (&setting.server, setting.client.as_str());
    let mut browser = Browser::signed_in(server);
    let tokens = browser.connect(client);
    let page = browser.authorize(client, &[]);
    let moved = "https://app.example.com/callback";
    let mut document = setting.document();
    document["redirect_uris"] = json!([moved]);
    setting.publish(&document);
    refused(&browser.authorize(client, &[("redirect_uri", moved)]), "did not register");
    setting.stale();
    assert_eq!(browser.authorize(client, &[("redirect_uri", moved)]).status, 200);
    refused(&browser.authorize(client, &[]), "did not register");
    // A page from before sends no code to an address that the document no longer names.
    refused(&browser.answer(&page, "allow", &["mcp:read"]), "not registered any more");
    assert_eq!(setting.site.connections(), 2);
    Tokens::of(&server.refresh(client, &tokens.refresh));
}

#[test]
fn when_the_document_is_gone_what_was_granted_lives_on_and_nothing_new_begins() {
    let setting = Setting::new();
    let (server, client) = (&setting.server, setting.client.as_str());
    let mut browser = Browser::signed_in(server);
    let tokens = browser.connect(client);
    setting.site.answer(Answer::with("404 Not Found", &[], b""));
    assert_eq!(browser.authorize(client, &[]).status, 200, "it is fresh still");
    setting.stale();
    refused(&browser.authorize(client, &[]), "could not be read");
    let tokens = Tokens::of(&server.refresh(client, &tokens.refresh));
    assert!(server.admits(&tokens.access, Resource::Mcp).is_some());
    setting.publish(&setting.document());
    assert_eq!(browser.authorize(client, &[]).status, 200);
}

#[test]
fn one_document_is_fetched_seldom_and_a_failure_is_remembered() {
    let setting = Setting::with(|settings| {
        settings.client_documents.per_minute = 2;
        settings.client_documents.failure_kept = 30;
    });
    let mut browser = Browser::signed_in(&setting.server);
    for _ in 0..2 {
        assert_eq!(browser.authorize(&setting.client, &[]).status, 200);
        setting.stale();
    }
    let reply = browser.authorize(&setting.client, &[]);
    assert_eq!((reply.status, reply.header("retry-after")), (503, "60"), "{reply:?}");
    assert_eq!(setting.site.connections(), 2);
    let (site, client) = another(&setting.server);
    site.answer(Answer::with("404 Not Found", &[], b""));
    for _ in 0..3 {
        refused(&browser.authorize(&client, &[]), "could not be read");
    }
    assert_eq!(site.connections(), 1);
}

#[test]
fn described_clients_that_nobody_allowed_anything_are_bounded_and_swept() {
    let setting = Setting::with(|settings| settings.limits.unconsented_clients = 1);
    let server = &setting.server;
    let mut browser = Browser::signed_in(server);
    assert_eq!(browser.authorize(&setting.client, &[]).status, 200);
    let (_site, other) = another(server);
    assert_eq!(browser.authorize(&other, &[]).status, 503);
    // The known one is not a new row.
    setting.stale();
    assert_eq!(browser.authorize(&setting.client, &[]).status, 200);
    server.pass(2 * 86_400);
    let mut browser = Browser::signed_in(server);
    server.sweep();
    assert_eq!(browser.authorize(&other, &[]).status, 200);
}

#[test]
fn switched_off_it_is_not_advertised_and_nothing_is_fetched_but_connections_live_on() {
    let server = Server::start_with(|settings| settings.client_documents.enabled = false);
    let (site, client) = another(&server);
    let metadata = server.get("/.well-known/oauth-authorization-server", &[]).json();
    assert_eq!(metadata.get("client_id_metadata_document_supported"), None);
    let mut browser = Browser::signed_in(&server);
    refused(&browser.authorize(&client, &[]), "No such client");
    assert_eq!(site.connections(), 0);
}

#[test]
fn settings_that_cannot_work_are_refused_in_one_line_that_names_the_key() {
    type Adjust = fn(&mut Settings);
    let cases: [(&str, Adjust); 9] = [
        ("allow_loopback", |settings| {
            settings.client_documents.allow_loopback = true;
            settings.public_url = Some("https://lookout.example".to_owned());
        }),
        ("ports", |settings| settings.client_documents.ports.clear()),
        ("largest_bytes", |settings| settings.client_documents.largest_bytes = 0),
        ("timeout_ms", |settings| settings.client_documents.timeout_ms = 60_000),
        ("at_once", |settings| settings.client_documents.at_once = 0),
        ("per_minute", |settings| settings.client_documents.per_minute = 0),
        ("failure_kept", |settings| settings.client_documents.failure_kept = 100_000),
        ("fresh_at_least", |settings| settings.client_documents.fresh_at_least = 90_000),
        ("remembered", |settings| settings.client_documents.remembered = 0),
    ];
    for (key, adjust) in cases {
        let mut settings = Settings::default();
        let listen = settings.listen;
        adjust(&mut settings);
        let why = settings.at(listen).unwrap_err().to_string();
        assert!(why.starts_with(&format!("client_documents.{key} ")), "{why}");
        assert!(!why.contains('\n'), "{why}");
    }
    assert!(Settings::default().at(Settings::default().listen).is_ok());
}
