//! Consent, from the client's request to a call of a tool: what the person sees, and what the client gets.

use serde_json::json;

use crate::client::{Client, call, parameter, tools};
use crate::driven::{Browser, Chromedriver};
use crate::served::Served;
use crate::stage::{self, MEMBER};
use crate::words;

/// The page asks about this client now.
#[track_caller]
fn asks_about(browser: &Browser, name: &str) {
    assert_eq!(browser.address().path(), "/oauth/authorize");
    let heading = browser.text(words::HEADING);
    assert!(heading.contains(name), "{heading}");
    let page = browser.page();
    assert!(page.contains(MEMBER) && page.contains("127.0.0.1"), "{page}");
}

/// The browser shows the client's own page.
#[track_caller]
fn is_at_the_client(browser: &Browser, client: &Client<'_>) {
    let address = browser.address();
    assert!(address.as_str().starts_with(&client.callback.uri), "{address}\n{}", browser.page());
    assert_eq!(browser.text(words::HEADING), "You can close this window");
}

/// The grants that exist, which end nowhere but in the database.
fn grants(site: &Served) -> i64 {
    site.count("select count(*) from grants")
}

#[test]
fn a_person_signs_in_first_allows_and_the_client_calls_a_tool() {
    let Some(chromedriver) = Chromedriver::start() else { return };
    let site = Served::start();
    let client = Client::register(&site, "Quiet Analyst");
    let browser = chromedriver.browser(&site.base);
    browser.open(&client.request());
    assert_eq!(browser.address().path(), "/sign-in");
    stage::fill_in_sign_in(&browser, MEMBER);
    asks_about(&browser, "Quiet Analyst");
    let page = browser.page();
    assert!(
        page.contains("Read") && page.contains("Write") && page.contains("It can never"),
        "{page}"
    );
    browser.was_quiet();
    browser.follow(words::ALLOW);

    is_at_the_client(&browser, &client);
    browser.was_quiet();
    let (token, scope) = client.connect();
    assert_eq!(scope, "mcp:read mcp:write");
    let listed = call(&site, &token, "list_dashboards", json!({}));
    assert_eq!(listed.expect("an answer")["isError"], false);
    let seen = tools(&site, &token).expect("tools");
    assert!(seen.iter().any(|name| name == "save_dashboard"), "{seen:?}");
}

#[test]
fn a_person_unticks_write_and_the_client_may_only_read() {
    let Some(chromedriver) = Chromedriver::start() else { return };
    let site = Served::start();
    let client = Client::register(&site, "Eager Editor");
    let browser = chromedriver.browser(&site.base);
    stage::sign_in(&browser, MEMBER);
    browser.open(&client.request());
    asks_about(&browser, "Eager Editor");
    if browser.is_ticked(words::WRITE) {
        browser.press(words::WRITE);
    }
    browser.follow(words::ALLOW);

    is_at_the_client(&browser, &client);
    browser.was_quiet();
    let (token, scope) = client.connect();
    assert_eq!(scope, "mcp:read");
    let seen = tools(&site, &token).expect("tools");
    assert!(!seen.iter().any(|name| name == "save_dashboard"), "{seen:?}");
    let saved = site.modern(
        &token,
        "tools/call",
        json!({ "name": "save_dashboard", "arguments": { "title": "Mine", "panels": [] } }),
    );
    assert_eq!(saved.status, 403, "{saved:?}");
}

#[test]
fn a_person_denies_and_the_client_is_told_and_gets_nothing() {
    let Some(chromedriver) = Chromedriver::start() else { return };
    let site = Served::start();
    let client = Client::register(&site, "Unwanted Guest");
    let browser = chromedriver.browser(&site.base);
    stage::sign_in(&browser, MEMBER);
    browser.open(&client.request());
    browser.follow(words::DENY);

    is_at_the_client(&browser, &client);
    browser.was_quiet();
    let answers = client.answers();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(parameter(&answers[0], "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&answers[0], "code"), None);
    assert_eq!(grants(&site), 0);
}

#[test]
fn a_double_click_on_allow_grants_once_and_the_person_can_start_again() {
    let Some(chromedriver) = Chromedriver::start() else { return };
    let site = Served::start();
    let client = Client::register(&site, "Nervous Finger");
    let browser = chromedriver.browser(&site.base);
    stage::sign_in(&browser, MEMBER);
    browser.open(&client.request());
    browser.double_click(words::ALLOW);
    browser.wait("an answer", || (browser.address().path() != "/oauth/authorize").then_some(()));
    assert_eq!(grants(&site), 1);
    assert!(client.codes().len() < 2);
    if browser.address().path() == "/oauth/consent" {
        // The browser gave up the first answer for the second, which it may or may not have followed by then.
        was_answered_already(&browser);
        browser.open(&client.request());
        browser.follow(words::ALLOW);
    }
    is_at_the_client(&browser, &client);
    let reply = client.redeem(client.codes().last().expect("a code"));
    assert_eq!((reply.status, &reply.json()["scope"]), (200, &"mcp:read mcp:write".into()));
}

/// The page says that it was answered before, and that nothing was changed now.
#[track_caller]
fn was_answered_already(browser: &Browser) {
    assert_eq!(browser.address().path(), "/oauth/consent");
    let page = browser.page();
    assert!(
        page.contains("was answered already") && page.contains("Nothing was changed"),
        "{page}"
    );
    browser.was_quiet_but(&[400]);
}

#[test]
fn a_page_that_was_answered_cannot_be_answered_again_by_going_back() {
    let Some(chromedriver) = Chromedriver::start() else { return };
    let site = Served::start();
    let browser = chromedriver.browser(&site.base);
    stage::sign_in(&browser, MEMBER);
    let question = |browser: &Browser| {
        browser.ask("return document.querySelector('input[name=request]').value", &[])
    };
    for answer in [words::DENY, words::ALLOW] {
        let client = Client::register(&site, "Boomerang");
        browser.open(&client.request());
        let asked = question(&browser);
        browser.follow(answer);
        is_at_the_client(&browser, &client);
        browser.back();
        asks_about(&browser, "Boomerang");
        assert_eq!(question(&browser), asked, "going back is not asking again");
        browser.follow(words::ALLOW);
        was_answered_already(&browser);
        assert_eq!(client.answers().len(), 1);
        let granted = i64::from(answer == words::ALLOW);
        assert_eq!(grants(&site), granted);
    }
}

#[test]
fn two_requests_in_two_tabs_are_answered_in_any_order() {
    let Some(chromedriver) = Chromedriver::start() else { return };
    let site = Served::start();
    let (one, other) =
        (Client::register(&site, "First Asker"), Client::register(&site, "Second Asker"));
    let browser = chromedriver.browser(&site.base);
    stage::sign_in(&browser, MEMBER);
    browser.open(&one.request());
    let first = browser.tab();
    let second = browser.new_tab();
    browser.open(&other.request());
    asks_about(&browser, "Second Asker");

    browser.look_at(&first);
    asks_about(&browser, "First Asker");
    browser.press(words::WRITE);
    browser.follow(words::ALLOW);
    is_at_the_client(&browser, &one);
    browser.look_at(&second);
    asks_about(&browser, "Second Asker");
    browser.follow(words::ALLOW);
    is_at_the_client(&browser, &other);
    browser.was_quiet();

    assert_eq!(one.connect().1, "mcp:read");
    assert_eq!(other.connect().1, "mcp:read mcp:write");
    assert_eq!(grants(&site), 2);
}
