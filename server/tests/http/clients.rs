//! The clients page: connected applications, and the clients that a person registers.

use lookout_server::authority::records::Role;
use serde_json::json;

use crate::browser::{Browser, csrf_of, field};
use crate::server::{Reply, Server};

const PAGE: &str = "/w/demo/mcp/clients";

fn create(browser: &mut Browser<'_>, page: &Reply, name: &str, uris: &str, method: &str) -> Reply {
    let (csrf, form) = (csrf_of(page, PAGE), field(page, "form"));
    let fields = [
        ("csrf", csrf.as_str()),
        ("form", &form),
        ("name", name),
        ("redirect_uris", uris),
        ("auth_method", method),
    ];
    browser.post(PAGE, &fields)
}

#[test]
fn a_client_that_was_created_is_shown_with_its_secret_once_and_listed_for_its_person_alone() {
    let server = Server::start();
    server.add_person("admin@lookout.example", "demo", Role::Admin);
    let mut browser = Browser::signed_in(&server);
    let page = browser.get(PAGE);
    let uris = "https://app.example/a\r\nhttps://app.example/b";
    let made = create(&mut browser, &page, "Mine", uris, "client_secret_post");
    assert_eq!(made.status, 200, "{made:?}");
    let between = |start: &str| {
        let rest = made.text.split_once(start).unwrap_or_else(|| panic!("{start}: {made:?}")).1;
        rest.split('<').next().expect("a text").to_owned()
    };
    let id = between("id=\"new-client\" class=\"uri\">");
    let secret = between("id=\"new-client-secret\" class=\"uri\">");
    assert!(secret.starts_with("lkocs_"), "{secret}");

    let again = create(&mut browser, &page, "Mine", uris, "client_secret_post");
    assert_eq!(again.status, 409, "{again:?}");
    assert!(again.text.contains(&format!("registered the client {id} then")), "{}", again.text);
    assert!(!again.text.contains("lkocs_") && !again.text.contains("new-client"));
    assert_eq!(server.count("select count(*) from clients"), 1);

    let list = browser.get(PAGE);
    assert!(list.text.contains(&id) && !list.text.contains(&secret));
    for uri in ["https://app.example/a", "https://app.example/b"] {
        assert!(list.text.contains(&format!("<bdi class=\"mono uri\">{uri}</bdi>")), "{uri}");
    }
    let mut admin = Browser::signed_in_as(&server, "admin@lookout.example");
    assert!(!admin.get(PAGE).text.contains(&id), "a client is of its person, not of the workspace");
}

#[test]
fn what_was_typed_for_a_client_is_there_again_when_it_is_refused() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server);
    let page = browser.get(PAGE);
    let refused = create(&mut browser, &page, "Mine", "ftp://app.example/", "client_secret_basic");
    assert_eq!(refused.status, 422);
    for text in [
        "name=\"name\" value=\"Mine\"",
        "aria-invalid=\"true\" required>ftp://app.example/</textarea>",
        "<option value=\"client_secret_basic\" selected>",
        "“ftp://app.example/” cannot be a redirect URI.",
    ] {
        assert!(refused.text.contains(text), "{text}: {}", refused.text);
    }
    let refused = create(&mut browser, &page, "Mine", " ", "none");
    assert!(refused.status == 422 && refused.text.contains("Enter between 1 and"), "{refused:?}");
    let refused = create(&mut browser, &page, " ", "https://app.example/", "none");
    assert!(refused.status == 422 && refused.text.contains("Give the client a name"));
    let made = create(&mut browser, &page, "Mine", "https://app.example/", "none");
    assert_eq!(made.status, 200, "a form that made nothing may be sent again: {made:?}");
}

#[test]
fn an_application_is_listed_as_nobody_verified_it_and_is_apart_once_it_is_disconnected() {
    let server = Server::start();
    server.add_person("admin@lookout.example", "demo", Role::Admin);
    let (client, _) = server.register(&json!({ "client_name": "Claude Code" }));
    let mut browser = Browser::signed_in(&server);
    browser.connect(&client);
    let page = browser.get(PAGE);
    assert!(
        page.text.contains("<bdi>Claude Code</bdi><br><span class=\"badge\">not verified</span>"),
        "{}",
        page.text
    );
    assert!(!page.text.contains("<th scope=\"col\">Person</th>"));
    let mut admin = Browser::signed_in_as(&server, "admin@lookout.example");
    let page = admin.get(PAGE);
    assert!(
        page.text.contains("<th scope=\"col\">Person</th>")
            && page.text.contains("ada@lookout.example")
    );

    let path = "/w/demo/mcp/clients/disconnect";
    let (csrf, grant) = (csrf_of(&page, path), field(&page, "grant"));
    let done = admin.post(path, &[("csrf", &csrf), ("grant", &grant)]);
    assert_eq!(done.header("location"), "/w/demo/mcp/clients?disconnected");
    let page = browser.get("/w/demo/mcp/clients?disconnected");
    assert!(page.text.contains("role=\"status\">The application is disconnected."));
    assert!(
        page.text.contains("There are none.") && page.text.contains("Disconnected and expired (1)")
    );
}
