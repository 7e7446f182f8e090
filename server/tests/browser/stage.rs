//! A site with people and what they have done, and the ways into it.

use lookout_server::authority::records::{Role, User};
use serde_json::{Value, json};

use crate::client::{Client, call};
use crate::driven::{Browser, Chromedriver};
use crate::served::Served;
use crate::words;

/// Somebody who is not signed in.
pub(crate) const NOBODY: &str = "";
/// The member that [`Served`] adds.
pub(crate) const MEMBER: &str = "ada@example.com";
pub(crate) const ADMIN: &str = "grace@example.com";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Adds somebody to the demo workspace.
pub(crate) fn join(site: &Served, email: &str, name: &str, role: Role) -> User {
    site.runtime.block_on(async {
        let user = site.app.put_account(email, Some(name), PASSWORD).await.expect("an account");
        site.app.join_workspace(&user, "demo", role).await.expect("a workspace");
        user
    })
}

/// Fills in the sign-in page that the browser shows.
#[track_caller]
pub(crate) fn fill_in_sign_in(browser: &Browser, email: &str) {
    browser.enter(words::EMAIL, email);
    browser.enter(words::PASSWORD, PASSWORD);
    browser.follow(words::SIGN_IN);
}

/// Signs in from the sign-in page.
#[track_caller]
pub(crate) fn sign_in(browser: &Browser, email: &str) {
    browser.open("/sign-in");
    fill_in_sign_in(browser, email);
    assert_eq!(browser.address().path(), "/", "signed in");
}

/// Lets the member give a client everything that it asks for, in the browser.
#[track_caller]
pub(crate) fn allow(browser: &Browser, client: &Client<'_>) -> String {
    browser.open(&client.request());
    browser.follow(words::ALLOW);
    client.connect().0
}

/// A dashboard that a tool may save.
pub(crate) fn dashboard(title: &str) -> Value {
    let panel =
        json!({ "id": "orders", "title": title, "type": "table", "sql": "select 1 as orders" });
    json!({ "title": title, "spec": { "panels": [panel] } })
}

/// A site on which something has happened.
pub(crate) struct Stage {
    pub(crate) site: Served,
}

impl Stage {
    /// People, a connected client, tokens that live and one that does not, calls that went well and that did not, and a dashboard by a tool.
    pub(crate) fn furnished(chromedriver: &Chromedriver) -> Self {
        let site = Served::start();
        join(&site, ADMIN, "Grace", Role::Admin);
        let browser = chromedriver.browser(&site.base);
        sign_in(&browser, MEMBER);
        let client = Client::register(&site, "Quiet Analyst");
        let token = allow(&browser, &client);
        let saved = call(&site, &token, "save_dashboard", dashboard("Orders by an assistant"));
        assert_eq!(saved.expect("an answer")["isError"], false);
        let nothing = call(&site, &token, "get_dashboard", json!({ "dashboard": "nothing" }));
        assert_eq!(nothing.expect("an answer")["isError"], true);
        for name in ["Nightly report", "Laptop", "Old laptop"] {
            browser.open(words::TOKENS);
            browser.enter(words::NAME, name);
            browser.follow(words::CREATE_TOKEN);
            let token = browser.text(words::NEW_TOKEN);
            call(&site, &token, "list_dashboards", json!({})).expect("an answer");
        }
        browser.open(words::TOKENS);
        browser.follow(&words::revoke("Old laptop"));
        site.runtime.block_on(site.app.noted());
        Self { site }
    }
}

pub(crate) fn mistype_password(_: &Stage, browser: &Browser) {
    browser.open("/sign-in");
    browser.enter(words::EMAIL, MEMBER);
    browser.enter(words::PASSWORD, "wrong horse battery");
    browser.follow(words::SIGN_IN);
}

pub(crate) fn open_setup_link(stage: &Stage, browser: &Browser) {
    let site = &stage.site;
    let person = join(site, "new@example.com", "Newcomer", Role::Member);
    let link = site.runtime.block_on(site.app.make_setup_link(&person, 3600));
    let secret = link.expect("a store").expect("a link");
    browser.open(&format!("/setup/{}", secret.expose()));
}

pub(crate) fn create_client(_: &Stage, browser: &Browser) {
    browser.open(words::CLIENTS);
    browser.enter(words::NAME, "Our own tool");
    browser.enter(words::REDIRECT_URIS, "https://tool.example/callback");
    browser.follow(words::CREATE_CLIENT);
}

pub(crate) fn create_token(_: &Stage, browser: &Browser) {
    browser.open(words::TOKENS);
    // A name of its own each time.
    browser.enter(words::NAME, &format!("Shown once, {}", browser.count("tbody tr")));
    browser.follow(words::CREATE_TOKEN);
}

pub(crate) fn create_client_wrongly(_: &Stage, browser: &Browser) {
    browser.open(words::CLIENTS);
    browser.enter(words::NAME, "Our own tool");
    browser.enter(words::REDIRECT_URIS, "tool.example/callback");
    browser.follow(words::CREATE_CLIENT);
}

pub(crate) fn create_token_without_scope(_: &Stage, browser: &Browser) {
    browser.open(words::TOKENS);
    browser.enter(words::NAME, "May do nothing");
    browser.press(words::READ);
    browser.press(words::WRITE);
    browser.follow(words::CREATE_TOKEN);
}

pub(crate) fn test_token(stage: &Stage, browser: &Browser) {
    create_token(stage, browser);
    browser.follow(words::TEST_TOKEN);
}

pub(crate) fn ask_for_consent(stage: &Stage, browser: &Browser) {
    browser.open(&Client::register(&stage.site, "Quiet Analyst").request());
}

pub(crate) fn ask_wrongly(_: &Stage, browser: &Browser) {
    browser.open("/oauth/authorize?client_id=nobody&redirect_uri=https://elsewhere.example/");
}
