//! The tokens page: what a person is told before, when and after a token is made.

use lookout_server::authority::Resource;
use lookout_server::authority::records::Role;

use crate::browser::{Browser, csrf_of, field};
use crate::server::{Reply, Server};

const PAGE: &str = "/w/demo/mcp/tokens";
const REVOKE: &str = "/w/demo/mcp/tokens/revoke";

/// What the page's form sends, with these values typed.
fn filled<'f>(page: &'f Reply, name: &'f str, scopes: &[&'f str]) -> Vec<(&'f str, String)> {
    let mut form = vec![
        ("csrf", csrf_of(page, PAGE)),
        ("form", field(page, "form")),
        ("name", name.to_owned()),
        ("days", "30".to_owned()),
    ];
    form.extend(scopes.iter().map(|&scope| ("scope", scope.to_owned())));
    form
}

fn send(browser: &mut Browser<'_>, form: &[(&str, String)]) -> Reply {
    let form: Vec<(&str, &str)> =
        form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post(PAGE, &form)
}

#[track_caller]
fn shown(page: &Reply) -> String {
    assert_eq!(page.status, 200, "{page:?}");
    let rest = page.text.split_once("<code id=\"new-token\" class=\"uri\">").expect("a token").1;
    rest.split('<').next().expect("a token").to_owned()
}

fn is_ticked(page: &Reply, scope: &str) -> bool {
    page.text.contains(&format!("name=\"scope\" value=\"{scope}\" checked"))
}

#[test]
fn the_form_comes_with_the_documented_default_its_warning_and_one_click_to_reading_only() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server);
    let page = browser.get(PAGE);
    assert!(is_ticked(&page, "mcp:read") && is_ticked(&page, "mcp:write"));
    assert!(page.text.contains("can save dashboards in this workspace"), "{}", page.text);
    let link = "/w/demo/mcp/tokens?access=read";
    assert!(page.text.contains(&format!("<a href=\"{link}#create\">Read only</a>")));

    let page = browser.get(link);
    assert!(is_ticked(&page, "mcp:read") && !is_ticked(&page, "mcp:write"));
    assert!(page.text.contains("it can change nothing"), "{}", page.text);
    let made = send(&mut browser, &filled(&page, "reader", &["mcp:read"]));
    let token = shown(&made);
    assert_eq!(server.admits(&token, Resource::Mcp), Some("mcp:read".parse().unwrap()));
    assert!(made.text.contains("href=\"/w/demo/mcp?access=read\""), "{}", made.text);
}

#[test]
fn a_new_token_is_shown_with_what_to_do_next_and_stands_in_no_line_to_copy_but_its_own() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server);
    let page = browser.get(PAGE);
    let made = send(&mut browser, &filled(&page, "nightly", &["mcp:read", "mcp:write"]));
    let token = shown(&made);
    assert!(made.text.contains("<p class=\"copyable\" data-copy=\"the token\">"));
    assert!(
        made.text.contains("export LOOKOUT_TOKEN") && made.text.contains("href=\"/w/demo/mcp\"")
    );
    let own = format!("class=\"uri\">{token}</code>");
    let hidden = format!("<input type=\"hidden\" name=\"token\" value=\"{token}\">");
    let rest = made.text.replacen(&own, "", 1).replacen(&hidden, "", 1);
    assert!(!rest.contains(&token), "{rest}");
}

#[test]
fn sending_the_form_again_shows_no_token_and_makes_none() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server);
    let page = browser.get(PAGE);
    let form = filled(&page, "nightly", &["mcp:read"]);
    let token = shown(&send(&mut browser, &form));
    let is_refused = |again: &Reply| {
        assert_eq!(again.status, 409, "{again:?}");
        assert!(
            again.text.contains("You sent this form before") && again.text.contains("“nightly”")
        );
        assert!(
            !again.text.contains(&token) && !again.text.contains("new-token"),
            "{}",
            again.text
        );
        assert_eq!(server.count("select count(*) from grants"), 1);
    };
    is_refused(&send(&mut browser, &form));

    // Another server of the same database knows it too.
    let replica = server.replica();
    let cookie = browser.cookie().to_owned();
    let headers =
        [("cookie", cookie.as_str()), ("origin", "null"), ("sec-fetch-site", "same-origin")];
    let fields: Vec<(&str, &str)> =
        form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    is_refused(&replica.post_form(PAGE, &fields, &headers));

    // So does it after the name is free again.
    let list = browser.get(PAGE);
    let (csrf, grant) = (csrf_of(&list, REVOKE), field(&list, "grant"));
    assert_eq!(browser.post(REVOKE, &[("csrf", &csrf), ("grant", &grant)]).status, 303);
    is_refused(&send(&mut browser, &form));
    assert_eq!(server.admits(&token, Resource::Mcp), None);

    let fresh = browser.get(PAGE);
    assert_ne!(shown(&send(&mut browser, &filled(&fresh, "nightly", &["mcp:read"]))), token);
}

#[test]
fn a_form_that_is_sent_twice_at_once_makes_one_token() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server);
    let page = browser.get(PAGE);
    let form = filled(&page, "nightly", &["mcp:read"]);
    let fields: Vec<(&str, &str)> =
        form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let headers =
        [("cookie", browser.cookie()), ("origin", "null"), ("sec-fetch-site", "same-origin")];
    let mut statuses = std::thread::scope(|scope| {
        let send = || server.post_form(PAGE, &fields, &headers).status;
        let all: Vec<_> = (0..4).map(|_| scope.spawn(send)).collect();
        all.into_iter().map(|sent| sent.join().expect("an answer")).collect::<Vec<_>>()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409]);
    assert_eq!(server.count("select count(*) from grants"), 1);
}

#[test]
fn what_was_typed_is_there_again_when_it_is_refused_and_the_field_is_marked() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server);
    let page = browser.get(PAGE);
    let csrf = csrf_of(&page, PAGE);
    let form =
        [("csrf", csrf.as_str()), ("name", "<q>\"mine\""), ("scope", "mcp:read"), ("days", "500")];
    let again = browser.post(PAGE, &form);
    assert_eq!(again.status, 422);
    assert!(again.text.contains("Choose between 1 and 366 days."), "{}", again.text);
    assert!(again.text.contains("value=\"&#60;q&#62;&#34;mine&#34;\""), "{}", again.text);
    assert!(again.text.contains("value=\"500\" list=\"usual-days\" aria-describedby=\"refused days-hint\" aria-invalid=\"true\""));
    assert!(is_ticked(&again, "mcp:read") && !is_ticked(&again, "mcp:write"));
    assert_eq!(server.count("select count(*) from grants"), 0);
}

#[test]
fn the_list_says_who_what_and_until_when_and_keeps_what_ended_apart() {
    let server = Server::start();
    server.add_person("admin@lookout.example", "demo", Role::Admin);
    let mut browser = Browser::signed_in(&server);
    let empty = browser.get(PAGE);
    assert!(empty.text.contains("There are none.") && !empty.text.contains("<details>"));
    for (name, days) in [("soon over", "6"), ("kept", "30"), ("mistake", "30")] {
        let page = browser.get(PAGE);
        let mut form = filled(&page, name, &["mcp:read"]);
        form[3].1 = days.to_owned();
        assert_eq!(send(&mut browser, &form).status, 200);
    }
    let page = browser.get(PAGE);
    assert_eq!(page.text.matches("<span class=\"badge warn\">soon</span>").count(), 1);
    assert!(page.text.contains("<span class=\"badge read\">mcp:read</span>"));
    assert!(!page.text.contains("<th scope=\"col\">Person</th>") && page.text.contains("never"));

    let (csrf, grant) = (csrf_of(&page, REVOKE), field(&page, "grant"));
    let done = browser.post(REVOKE, &[("csrf", &csrf), ("grant", &grant)]);
    assert_eq!(done.header("location"), "/w/demo/mcp/tokens?revoked");
    let page = browser.get(done.header("location"));
    assert!(page.text.contains("role=\"status\">The token is revoked."), "{}", page.text);
    let (live, ended) =
        page.text.split_once("<details>\n<summary>Revoked and expired (1)").unwrap();
    assert!(!live.contains("mistake") && ended.contains("mistake") && ended.contains("revoked"));
    server.pass(7 * 86_400);
    let page = Browser::signed_in(&server).get(PAGE);
    assert!(
        page.text.contains("Revoked and expired (2)")
            && page.text.contains("<td data-label=\"State\">expired</td>")
    );

    let mut admin = Browser::signed_in_as(&server, "admin@lookout.example");
    let page = admin.get(PAGE);
    assert!(page.text.contains("<th scope=\"col\">Person</th>"), "{}", page.text);
    assert!(page.text.contains("ada@lookout.example") && page.text.contains("kept"));
}
