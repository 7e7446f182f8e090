//! Pages without a mouse.

use serde_json::{Value, json};
use thirtyfour::Key;

use crate::client::Client;
use crate::driven::{Browser, Chromedriver};
use crate::served::Served;
use crate::stage::{self, MEMBER};
use crate::words;

/// What has the focus: its text or its name, and whether it can be seen that it has it.
const FOCUSED: &str = "
    const it = document.activeElement, box = it.getBoundingClientRect(), style = getComputedStyle(it);
    return {
        what: it.labels?.[0]?.innerText.split('\\n')[0] || it.innerText || it.name || it.tagName,
        shows: style.outlineStyle !== 'none' && box.width > 0 && box.right > 0 && box.bottom > 0,
    };";

/// Presses Tab until `what` has the focus, and returns everything that had it on the way.
#[track_caller]
fn tab_to(browser: &Browser, what: &str) -> Vec<String> {
    let mut passed = Vec::new();
    while passed.len() < 40 {
        browser.keys(Key::Tab);
        let focused = browser.ask(FOCUSED, &[]);
        assert_eq!(focused["shows"], true, "the focus cannot be seen: {focused}");
        let name = focused["what"].as_str().unwrap_or_default().trim().to_owned();
        passed.push(name.clone());
        if name == what {
            return passed;
        }
    }
    panic!("Tab does not lead to {what}: {passed:#?}");
}

#[test]
fn a_person_signs_in_narrows_and_allows_with_the_keyboard_alone() {
    let Some(chromedriver) = Chromedriver::start() else { return };
    let site = Served::start();
    let client = Client::register(&site, "Quiet Analyst");
    let browser = chromedriver.browser(&site.base);
    browser.open(&client.request());
    // The first field has the focus already.
    browser.keys(MEMBER);
    assert_eq!(tab_to(&browser, "Password").len(), 1);
    browser.keys(stage::PASSWORD);
    tab_to(&browser, "Sign in");
    browser.keys(Key::Enter);
    browser.wait("consent", || (browser.address().path() == "/oauth/authorize").then_some(()));

    let is_on_write = |browser: &Browser| {
        let asked = "return document.activeElement === document.querySelector(arguments[0])";
        browser.ask(asked, &[json!(words::WRITE)]) == json!(true)
    };
    let mut pressed = 0;
    while !is_on_write(&browser) {
        browser.keys(Key::Tab);
        pressed += 1;
        assert!(pressed < 40, "Tab does not lead to Write");
    }
    browser.keys(" ");
    assert!(!browser.is_ticked(words::WRITE));
    tab_to(&browser, "Deny");
    assert_eq!(tab_to(&browser, "Allow"), ["Allow"]);
    browser.keys(Key::Enter);
    browser.wait("an answer", || (!client.answers().is_empty()).then_some(()));
    assert_eq!(client.connect().1, "mcp:read");
}

#[test]
fn the_first_tab_leads_past_the_sidebar() {
    let Some(chromedriver) = Chromedriver::start() else { return };
    let site = Served::start();
    let browser = chromedriver.browser(&site.base);
    stage::sign_in(&browser, MEMBER);
    browser.open(words::TOKENS);
    assert_eq!(tab_to(&browser, "Skip to content").len(), 1);
    browser.keys(Key::Enter);
    browser.wait("a jump", || (browser.address().fragment() == Some("main")).then_some(()));
    browser.keys(Key::Tab);
    let asked = "return document.querySelector('main').contains(document.activeElement)";
    assert_eq!(browser.ask(asked, &[]), Value::Bool(true));
}
