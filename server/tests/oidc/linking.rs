//! Linking an account from its own page, and ending that.

use lookout_server::authority::records::Role;
use lookout_server::authority::upstream::{Identity, UpstreamRefusal};

use crate::browser::{Browser, csrf_of};
use crate::provider::Provider;
use crate::server::{EMAIL, PASSWORD, Reply, Server};
use crate::sign_in::{assert_refused, link, linked, sign_in};

const LINK: &str = "/account/oidc/link";
const UNLINK: &str = "/account/oidc/unlink";

/// Asks to link: where the page leads.
#[track_caller]
fn begin(browser: &mut Browser<'_>) -> String {
    let csrf = csrf_of(&browser.get("/account"), LINK);
    let page = browser.post(LINK, &[("csrf", &csrf), ("current", PASSWORD)]);
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.text.contains(EMAIL) || page.text.contains("eve"), "{page:?}");
    let rest = page.text.split_once("class=\"button\" href=\"").expect("a link").1;
    let location = rest.split('"').next().expect("an address");
    location.replace("&#38;", "&").replace("&amp;", "&")
}

#[track_caller]
fn unlink(browser: &mut Browser<'_>, subject: &str) -> Reply {
    let csrf = csrf_of(&browser.get("/account"), UNLINK);
    browser.post(UNLINK, &[("csrf", &csrf), ("subject", subject)])
}

#[test]
fn a_signed_in_person_links_their_account_and_unlinks_it() {
    let provider = Provider::start();
    let server = Server::start_with(|settings| provider.apply(settings));
    let mut browser = Browser::signed_in(&server, EMAIL);
    let location = begin(&mut browser);
    let reply = browser.get(&provider.consent(&location));
    assert_eq!((reply.status, reply.header("location")), (303, "/account?linked"));
    let page = browser.get("/account?linked");
    assert!(page.text.contains("Your account is linked") && page.text.contains("subject-1"));
    let mut elsewhere = Browser::new(&server);
    assert_eq!(sign_in(&mut elsewhere, &provider).status, 303);
    assert!(elsewhere.is_signed_in());

    assert_eq!(browser.post(UNLINK, &[("subject", "subject-1")]).status, 403, "no form token");
    assert_eq!(server.count("select count(*) from identities"), 1);
    assert_eq!(unlink(&mut browser, "subject-1").status, 303);
    assert!(browser.is_signed_in() && !elsewhere.is_signed_in());
    server.sql("delete from sessions");
    let mut elsewhere = Browser::new(&server);
    let page = sign_in(&mut elsewhere, &provider);
    assert_refused(&server, &mut elsewhere, &page);
    let recorded = "select count(*) from audit_events where event = 'account' and (detail like 'linked%' or detail like 'unlinked%')";
    assert_eq!(server.count(recorded), 2);
}

#[test]
fn linking_needs_the_form_and_the_same_person_at_the_end() {
    let provider = Provider::start();
    let server = Server::start_with(|settings| provider.apply(settings));
    server.add_person("eve@lookout.example", "demo", Role::Member);
    let mut browser = Browser::signed_in(&server, EMAIL);
    assert_eq!(browser.post(LINK, &[]).status, 403);
    assert_eq!(browser.get(LINK).status, 405);
    assert_eq!(Browser::new(&server).post(LINK, &[]).status, 403);

    // Somebody else is signed in when the browser comes back.
    let location = begin(&mut browser);
    let back = provider.consent(&location);
    assert_eq!(browser.sign_in("eve@lookout.example", PASSWORD).status, 303);
    let page = browser.get(&back);
    assert_eq!(page.status, 403);
    assert!(page.text.contains("Nothing was linked"), "{page:?}");
    // Nobody is.
    let mut browser = Browser::signed_in(&server, EMAIL);
    let location = begin(&mut browser);
    let back = provider.consent(&location);
    browser.cookies.remove("sid");
    assert_eq!(browser.get(&back).status, 403);
    // Whoever gets hold of the way back cannot link their account with it.
    let mut eve = Browser::signed_in(&server, "eve@lookout.example");
    let mut browser = Browser::signed_in(&server, EMAIL);
    let location = begin(&mut browser);
    let back = provider.consent(&location);
    begin(&mut eve);
    assert!(eve.get(&back).text.contains("another browser"));
    assert_eq!(server.count("select count(*) from identities"), 0);
}

#[test]
fn a_session_alone_links_nothing() {
    let provider = Provider::start();
    let server = Server::start_with(|settings| provider.apply(settings));
    let mut browser = Browser::signed_in(&server, EMAIL);
    let ask = |browser: &mut Browser<'_>, password: &str| {
        let csrf = csrf_of(&browser.get("/account"), LINK);
        browser.post(LINK, &[("csrf", &csrf), ("current", password)])
    };
    let page = ask(&mut browser, "");
    assert_eq!(page.status, 422, "{page:?}");
    assert!(page.text.contains("The current password is wrong."), "{page:?}");
    let statuses: Vec<u16> = (0..5).map(|_| ask(&mut browser, "not the password").status).collect();
    assert_eq!(statuses, [422, 422, 422, 422, 429]);
    assert_eq!(server.count("select count(*) from upstream_sign_ins"), 0);

    // Who has no password signed in a moment ago.
    let mut browser = Browser::signed_in(&server, EMAIL);
    server.sql("update users set password = ''");
    assert!(!browser.get("/account").text.contains("link-current"));
    assert_eq!(ask(&mut browser, "").status, 200);
    server.pass(301);
    let page = ask(&mut browser, "");
    assert_eq!(page.status, 422, "{page:?}");
    assert!(page.text.contains("You signed in too long ago"), "{page:?}");
    assert_eq!(server.count("select count(*) from upstream_sign_ins"), 1);
}

#[test]
fn a_session_that_ends_meanwhile_links_nothing() {
    let provider = Provider::start();
    let server = Server::start_with(|settings| provider.apply(settings));
    let browser = Browser::signed_in(&server, EMAIL);
    let app = &server.app;
    let (kept, ended) = server.runtime.block_on(async {
        let visitor = app.visitor(browser.cookies.get("sid").map(String::as_str)).await;
        let visitor = visitor.expect("a store").expect("a session");
        let identity =
            |subject: &str| Identity { issuer: provider.issuer.clone(), subject: subject.into() };
        let kept = app.link_own_identity(&visitor, identity("subject-1")).await.expect("a store");
        app.sign_out(&visitor.session).await.expect("a store");
        let ended = app.link_own_identity(&visitor, identity("subject-2")).await.expect("a store");
        (kept, ended)
    });
    assert_eq!(kept, Ok(()));
    assert_eq!(ended, Err(UpstreamRefusal::OtherPerson));
    assert_eq!(server.count("select count(*) from identities"), 1);
}

#[test]
fn a_new_password_ends_the_links_unless_the_person_keeps_them() {
    let provider = Provider::start();
    let server = linked(&provider);
    let mut browser = Browser::signed_in(&server, EMAIL);
    let page = browser.get("/account");
    assert!(page.text.contains("name=\"unlink\" value=\"yes\" checked"), "{page:?}");
    let csrf = csrf_of(&page, "/account/password");
    let mut change = |current: &str, new: &str, more: &[(&str, &str)]| {
        let form = [("csrf", csrf.as_str()), ("current", current), ("new", new)];
        browser.post("/account/password", &[&form[..], more].concat())
    };
    let (one, two) = ("a password of my own", "another one of my own");
    assert_eq!(change("not the password", one, &[("unlink", "yes")]).status, 422);
    assert_eq!(change(PASSWORD, one, &[]).status, 200);
    assert_eq!(server.count("select count(*) from identities"), 1);
    assert_eq!(change(one, two, &[("unlink", "yes")]).status, 200);
    assert_eq!(server.count("select count(*) from identities"), 0);
    let unlinked =
        "select count(*) from audit_events where event = 'account' and detail like 'unlinked%'";
    assert_eq!(server.count(unlinked), 1);
}

#[test]
fn one_subject_is_one_person() {
    let provider = Provider::start();
    let server = linked(&provider);
    server.add_person("eve@lookout.example", "demo", Role::Member);
    let mut eve = Browser::signed_in(&server, "eve@lookout.example");
    let location = begin(&mut eve);
    let page = eve.get(&provider.consent(&location));
    assert_eq!(page.status, 409);
    assert!(page.text.contains("linked already"), "{page:?}");
    assert_eq!(server.count("select count(*) from identities"), 1);
    let mut browser = Browser::new(&server);
    assert_eq!(sign_in(&mut browser, &provider).status, 303);
    assert!(browser.get("/account").text.contains(EMAIL));
}

#[test]
fn the_only_way_in_stays() {
    let provider = Provider::start();
    let server = linked(&provider);
    server.sql("update users set password = ''");
    let mut browser = Browser::new(&server);
    assert_eq!(sign_in(&mut browser, &provider).status, 303);
    let page = unlink(&mut browser, "subject-1");
    assert_eq!(page.status, 422);
    assert!(page.text.contains("Choose a password first"), "{page:?}");
    link(&server, &provider, EMAIL, "subject-2");
    assert_eq!(unlink(&mut browser, "subject-1").status, 303);
    assert_eq!(unlink(&mut browser, "subject-2").status, 422);
    assert_eq!(server.count("select count(*) from identities"), 1);
}

#[test]
fn nobody_unlinks_somebody_else() {
    let provider = Provider::start();
    let server = linked(&provider);
    server.add_person("eve@lookout.example", "demo", Role::Member);
    link(&server, &provider, "eve@lookout.example", "subject-2");
    let mut eve = Browser::signed_in(&server, "eve@lookout.example");
    unlink(&mut eve, "subject-1");
    assert_eq!(server.count("select count(*) from identities where subject = 'subject-1'"), 1);
}
