//! Testing a token on the page: what its holder is told, and that nobody learns about a token of somebody else.

use lookout_server::audit::{Query, Recorded};
use lookout_server::authority::records::Role;
use lookout_server::config::Rates;

use crate::browser::{Browser, csrf_of};
use crate::server::{EMAIL, Reply, Server};

const TEST: &str = "/w/demo/mcp/tokens/test";
const UNKNOWN: &str = "No token that you may see in this workspace is this one.";

fn test(browser: &mut Browser<'_>, path: &str, token: &str) -> Reply {
    let csrf = csrf_of(&browser.get(path), path);
    let page = browser.post(path, &[("csrf", &csrf), ("token", token)]);
    assert!(token.len() < 20 || !page.text.contains(token), "the page shows it: {page:?}");
    page
}

/// A token of Ada's in the workspace `demo`, made on the command line.
fn token(server: &Server, name: &str, scopes: &str) -> String {
    server.runtime.block_on(async {
        let user = server.app.person(EMAIL).await.expect("a person");
        let demo = server.app.store.memberships(&user.id).await.expect("a store").remove(0);
        let scopes = Some(scopes.parse().expect("scopes"));
        let made = server.app.create_token(&user, &demo.workspace_id, name, scopes, Some(10)).await;
        made.expect("a token").0.expose().to_owned()
    })
}

#[test]
fn a_token_that_works_is_told_with_all_that_it_may_do() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server);
    let reads = token(&server, "reader", "mcp:read");
    let writes = token(&server, "writer", "mcp:read mcp:write");
    let page = test(&mut browser, TEST, &reads);
    assert_eq!(page.status, 200);
    for text in [
        "This token works",
        "<bdi>reader</bdi>",
        EMAIL,
        "<bdi>demo</bdi>",
        "/mcp</code>",
        "/mcp/readonly</code>",
        "<code>query_warehouse</code>",
        "<time datetime=",
    ] {
        assert!(page.text.contains(text), "{text}: {}", page.text);
    }
    assert!(!page.text.contains("save_dashboard") && !page.text.contains(">mcp:write<"));
    // The whole header and a line break around it are what people paste.
    let page = test(&mut browser, TEST, &format!(" Bearer {writes}\n"));
    assert!(page.text.contains("<bdi>writer</bdi>") && !page.text.contains(&writes));
    assert_eq!(page.text.matches("<code>save_dashboard</code>").count(), 1, "not for reading only");
    server.runtime.block_on(server.app.noted());
    assert_eq!(server.count("select count(*) from grants where last_used_at is not null"), 0);
}

#[test]
fn the_page_of_a_new_token_tests_it_with_one_click() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server);
    let path = "/w/demo/mcp/tokens";
    let csrf = csrf_of(&browser.get(path), path);
    let form = [("csrf", csrf.as_str()), ("name", "new"), ("scope", "mcp:read"), ("days", "7")];
    let made = browser.post(path, &form);
    let (csrf, token) = (csrf_of(&made, TEST), crate::browser::field(&made, "token"));
    let page = browser.post(TEST, &[("csrf", &csrf), ("token", &token)]);
    assert!(page.text.contains("This token works") && !page.text.contains(&token), "{page:?}");
}

#[test]
fn a_token_that_does_not_work_is_told_with_the_reason() {
    let server = Server::start();
    server.add_person("admin@lookout.example", "demo", Role::Admin);
    let mut admin = Browser::signed_in_as(&server, "admin@lookout.example");
    let subject = token(&server, "subject", "mcp:read");
    let mut told = |change: &str, title: &str, restore: &str| {
        server.sql(change);
        let page = test(&mut admin, TEST, &subject);
        assert!(
            page.text.contains(title) && page.text.contains("<bdi>subject</bdi>"),
            "{title}: {}",
            page.text
        );
        assert!(!page.text.contains("query_warehouse"), "{}", page.text);
        server.sql(restore);
    };
    told(
        "update grants set revoked_at = 1",
        "This token was revoked",
        "update grants set revoked_at = null",
    );
    told(
        "update tokens set revoked_at = 1",
        "This token was revoked",
        "update tokens set revoked_at = null",
    );
    told(
        "update users set disabled_at = 1 where email = 'ada@lookout.example'",
        "This token does not work now",
        "update users set disabled_at = null",
    );
    server.pass(11 * 86_400);
    let mut admin = Browser::signed_in_as(&server, "admin@lookout.example");
    let page = test(&mut admin, TEST, &subject);
    assert!(page.text.contains("This token has expired"), "{}", page.text);
}

#[test]
fn a_token_of_somebody_else_or_of_another_workspace_is_answered_like_one_that_does_not_exist() {
    let server = Server::start();
    server.add_person("member@lookout.example", "demo", Role::Member);
    server.add_person("owner@lookout.example", "elsewhere", Role::Owner);
    server.add_person(EMAIL, "elsewhere", Role::Member);
    let theirs = token(&server, "private", "mcp:read");
    let nobodys = format!("lkmcp_{}", &theirs[6..]).replace(&theirs[20..21], "_");
    let mut member = Browser::signed_in_as(&server, "member@lookout.example");
    let unknown = lookout_server::secret::ProgrammaticToken::mint(
        &lookout_server::secret::entropy::SystemEntropy,
    );
    let plain = |page: Reply| {
        let start = page.text.find("id=\"answer\"").expect("an answer");
        let end = page.text[start..].find("</section>").expect("its end");
        (page.status, page.text[start..start + end].to_owned())
    };
    let none = plain(test(&mut member, TEST, unknown.expose()));
    assert!(none.1.contains(UNKNOWN), "{}", none.1);
    assert_eq!(plain(test(&mut member, TEST, &theirs)), none);
    let mut owner = Browser::signed_in_as(&server, "owner@lookout.example");
    assert_eq!(plain(test(&mut owner, "/w/elsewhere/mcp/tokens/test", &theirs)), none);
    let mut ada = Browser::signed_in(&server);
    assert_eq!(plain(test(&mut ada, "/w/elsewhere/mcp/tokens/test", &theirs)), none);
    assert!(test(&mut ada, TEST, &theirs).text.contains("This token works"));
    assert!(test(&mut ada, TEST, &nobodys).text.contains("Copy the whole of it"));
    assert!(
        test(&mut ada, TEST, ada_secret(&mut Browser::signed_in(&server)).as_str())
            .text
            .contains("This is a web session")
    );
    assert_eq!(test(&mut ada, TEST, "  ").status, 422);
    assert_eq!(owner.get(TEST).status, 404, "no member");
}

fn ada_secret(browser: &mut Browser<'_>) -> String {
    browser.secret().to_owned()
}

#[test]
fn an_access_token_of_an_application_is_told_where_it_is_valid() {
    let server = Server::start();
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let tokens = browser.connect(&client);
    let page = test(&mut browser, TEST, &tokens.access);
    assert!(
        page.text.contains("This token works")
            && page.text.contains("Access token of the application")
    );
    assert!(page.text.contains("It is not valid there"), "{}", page.text);
    let page = test(&mut browser, TEST, &tokens.refresh);
    assert!(
        page.text.contains("This is a refresh token, which no tool can present."),
        "{}",
        page.text
    );
}

#[test]
fn only_so_many_tokens_that_do_not_work_are_tested_and_it_is_recorded() {
    let server = Server::start_with(|settings| {
        settings.limits.rates = Rates::On;
        settings.limits.failed_tokens_per_minute = 4;
    });
    let mut browser = Browser::signed_in(&server);
    let works = token(&server, "mine", "mcp:read");
    let statuses: Vec<u16> =
        (0..4).map(|_| test(&mut browser, TEST, "lkmcp_guess").status).collect();
    assert_eq!(statuses, [200, 200, 429, 429]);
    assert!(
        test(&mut browser, TEST, &works).text.contains("This token works"),
        "one that works is no guess"
    );
    let query = Query { user: Some(EMAIL.to_owned()), ..Query::default() };
    let events = server.runtime.block_on(server.app.events(query)).expect("events");
    let is_told = |event: &Recorded| event.event == "bearer" && event.outcome == "refused";
    assert!(events.iter().any(is_told), "{events:?}");
    let csrf = csrf_of(&browser.get(TEST), TEST);
    assert_eq!(browser.post(TEST, &[("csrf", &csrf[1..]), ("token", &works)]).status, 403);
}
