//! Tokens, from the page that makes them to the call that they no longer allow.

use std::process::Command;

use lookout_server::authority::records::Role;
use serde_json::Value;

use crate::client::tools;
use crate::driven::{Browser, Chromedriver};
use crate::served::Served;
use crate::stage::{self, ADMIN, MEMBER};
use crate::words;

/// Makes a read-only token on the page, and returns it as the page shows it.
#[track_caller]
fn make(browser: &Browser, name: &str) -> String {
    browser.open(words::TOKENS);
    browser.enter(words::NAME, name);
    if browser.is_ticked(words::WRITE) {
        browser.press(words::WRITE);
    }
    browser.follow(words::CREATE_TOKEN);
    browser.text(words::NEW_TOKEN)
}

#[test]
fn a_token_is_shown_once_works_and_ends_on_the_page() {
    let Some(chromedriver) = Chromedriver::start() else { return };
    let site = Served::start();
    let browser = chromedriver.browser(&site.base);
    stage::sign_in(&browser, MEMBER);
    let token = make(&browser, "Nightly report");
    assert!(token.starts_with("lk"), "{token}");
    let page = browser.page();
    assert_eq!(page.matches(&token).count(), 1, "{page}");
    assert!(!browser.address().as_str().contains(&token));

    let seen = tools(&site, &token).expect("tools");
    assert!(!seen.is_empty() && !seen.iter().any(|name| name == "save_dashboard"), "{seen:?}");
    site.runtime.block_on(site.app.noted());

    // What a person does who wants to see it again; the browser sends the form again.
    browser.reload();
    browser.was_quiet_but(&[409]);
    let page = browser.page();
    assert!(!page.contains(&token) && page.contains("You sent this form before"), "{page}");
    assert_eq!(browser.count(words::NEW_TOKEN), 0);
    assert_eq!(site.count("select count(*) from grants"), 1);
    browser.open(words::TOKENS);
    let row = browser.text(&words::row("Nightly report"));
    assert!(row.contains("mcp:read") && !row.contains("mcp:write"), "{row}");
    assert!(!row.to_lowercase().contains("never"), "it was used: {row}");

    browser.follow(&words::revoke("Nightly report"));
    assert_eq!(tools(&site, &token), Err(401));
    browser.open(words::TOKENS);
    assert_eq!(browser.count("main form[action$='/revoke'] button"), 0);
    browser.was_quiet();
}

#[test]
fn an_administrator_sees_and_ends_what_members_made_and_members_see_their_own() {
    let Some(chromedriver) = Chromedriver::start() else { return };
    let site = Served::start();
    stage::join(&site, ADMIN, "Grace", Role::Admin);
    let (member, admin) = (chromedriver.browser(&site.base), chromedriver.browser(&site.base));
    stage::sign_in(&member, MEMBER);
    stage::sign_in(&admin, ADMIN);
    let members = make(&member, "Made by a member");
    let admins = make(&admin, "Made by an administrator");

    member.open(words::TOKENS);
    let page = member.page();
    assert!(page.contains("Made by a member"), "{page}");
    assert!(!page.contains("Made by an administrator"), "{page}");
    admin.open(words::TOKENS);
    let page = admin.page();
    assert!(
        page.contains("Made by a member") && page.contains("Made by an administrator"),
        "{page}"
    );

    admin.follow(&words::revoke("Made by a member"));
    assert_eq!(tools(&site, &members), Err(401));
    assert!(tools(&site, &admins).is_ok());
    member.was_quiet();
    admin.was_quiet();
}

#[test]
fn a_token_is_tried_from_the_page_that_shows_it() {
    let Some(chromedriver) = Chromedriver::start() else { return };
    let site = Served::start();
    let browser = chromedriver.browser(&site.base);
    stage::sign_in(&browser, MEMBER);
    let token = make(&browser, "Nightly report");
    browser.follow(words::TEST_TOKEN);
    let answer = browser.text(words::ANSWER);
    assert!(answer.contains("Nightly report") && answer.contains("list_dashboards"), "{answer}");
    assert!(!answer.contains("save_dashboard"), "{answer}");
    assert!(!browser.page().contains(&token), "it is shown once");
    browser.was_quiet();
}

#[test]
fn a_newcomer_reaches_a_first_answer_by_following_the_pages_alone() {
    let Some(chromedriver) = Chromedriver::start() else { return };
    let site = Served::start();
    let browser = chromedriver.browser(&site.base);
    stage::sign_in(&browser, MEMBER);
    browser.follow(&words::link("MCP"));
    browser.follow(&words::link("Read only"));
    let connect = browser.address();
    let command = browser.text(words::FIRST_CALL);
    browser.follow(&words::link("Create a token"));
    browser.enter(words::NAME, "My first token");
    if browser.is_ticked(words::WRITE) {
        browser.press(words::WRITE);
    }
    browser.follow(words::CREATE_TOKEN);
    let token = browser.text(words::NEW_TOKEN);

    let output = Command::new("sh").args(["-c", &command]).env("LOOKOUT_TOKEN", &token).output();
    let output = output.expect("a shell");
    let answer: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {command}\n{output:?}"));
    let rows = &answer["result"]["structuredContent"]["rows"];
    assert!(rows.as_array().is_some_and(|rows| !rows.is_empty()), "{answer:#}");

    site.runtime.block_on(site.app.noted());
    browser.open(connect.as_str());
    browser.follow(&words::link("Activity"));
    assert!(
        browser.text(&words::row("My first token")).contains("query_warehouse"),
        "{}",
        browser.page()
    );
    browser.was_quiet();
}
