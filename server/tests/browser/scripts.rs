//! What the pages' one script adds, and that nothing is missing without it.

use serde_json::{Value, json};

use crate::client::{Client, tools};
use crate::driven::{Browser, Chromedriver};
use crate::served::Served;
use crate::stage::{self, MEMBER};
use crate::words;

/// Makes a token on the page that the person is to copy.
fn make(browser: &Browser, name: &str) -> String {
    browser.open(words::TOKENS);
    browser.enter(words::NAME, name);
    browser.follow(words::CREATE_TOKEN);
    browser.text(words::NEW_TOKEN)
}

/// Lets the site write to the clipboard, or not.
fn clipboard(browser: &Browser, site: &Served, setting: &str) {
    for name in ["clipboard-write", "clipboard-read"] {
        let permission =
            json!({ "permission": { "name": name }, "setting": setting, "origin": site.base });
        browser.command("Browser.setPermission", permission);
    }
}

#[test]
fn the_copy_button_copies_or_else_selects() {
    let Some(chromedriver) = Chromedriver::start() else { return };
    let site = Served::start();
    let browser = chromedriver.browser(&site.base);
    stage::sign_in(&browser, MEMBER);
    let said = |wanted: &str| {
        browser.wait("an answer", || (browser.text(words::COPY_TOKEN) == wanted).then_some(()));
    };

    clipboard(&browser, &site, "granted");
    let token = make(&browser, "Copied");
    browser.press(words::COPY_TOKEN);
    said("Copied");
    let held = browser.ask("return navigator.clipboard.readText()", &[]);
    assert_eq!(held, json!(token));

    clipboard(&browser, &site, "denied");
    let token = make(&browser, "Selected");
    browser.press(words::COPY_TOKEN);
    said("Selected");
    assert_eq!(browser.ask("return getSelection().toString()", &[]), json!(token));
    browser.was_quiet();
}

#[test]
fn the_filter_of_the_reference_shows_what_is_looked_for() {
    let Some(chromedriver) = Chromedriver::start() else { return };
    let site = Served::start();
    let browser = chromedriver.browser(&site.base);
    stage::sign_in(&browser, MEMBER);
    browser.open(words::REFERENCE);
    let shown = || {
        let asked = "
            const rows = document.querySelectorAll(document.querySelector('[data-filter]').dataset.filter);
            return [...rows].filter((row) => row.checkVisibility()).map((row) => row.textContent)";
        let shown = browser.ask(asked, &[]);
        let rows = shown.as_array().expect("rows").iter().filter_map(Value::as_str);
        rows.map(str::to_owned).collect::<Vec<String>>()
    };
    let all = shown();
    browser.enter(words::FILTER, "SAVE_dashboard");
    let some = shown();
    assert!(!some.is_empty() && some.len() < all.len(), "{} of {}", some.len(), all.len());
    assert!(some.iter().all(|row| row.contains("save_dashboard")), "{some:#?}");
    let counted = browser.text("[data-filter] [role=status]");
    assert_eq!(counted, format!("{} of {} shown", some.len(), all.len()));
    browser.enter(words::FILTER, "no such thing");
    assert_eq!(shown(), [""; 0]);
    browser.was_quiet();
}

#[test]
fn a_browser_without_scripts_signs_in_allows_and_makes_and_ends_a_token() {
    let Some(chromedriver) = Chromedriver::start() else { return };
    let site = Served::start();
    let without = json!({ "profile.managed_default_content_settings.javascript": 2 });
    let browser = chromedriver.browser_that_prefers(&site.base, without);
    browser.open("data:text/html,<title>off</title><script>document.title = 'on'</script>");
    assert_eq!(browser.title(), "off", "this browser runs scripts");

    stage::sign_in(&browser, MEMBER);
    let client = Client::register(&site, "Quiet Analyst");
    let token = stage::allow(&browser, &client);
    assert!(tools(&site, &token).is_ok());
    let token = make(&browser, "Nightly report");
    assert!(tools(&site, &token).is_ok());
    browser.follow(&words::revoke("Nightly report"));
    assert_eq!(tools(&site, &token), Err(401));
}
