//! The list of sessions.

use lookout_server::authority::records::Role;

use crate::browser::{Browser, csrf_of, field};
use crate::server::{EMAIL, Server};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";

#[test]
fn a_person_sees_their_sessions_and_ends_one_or_all_others() {
    let server = Server::start();
    let eve = "eve@lookout.example";
    server.add_person(eve, "demo", Role::Member);
    let mut theirs = Browser::signed_in(&server, eve);
    let mut firefox = Browser::new(&server);
    firefox.headers.push(("user-agent", FIREFOX.to_owned()));
    firefox.sign_in(EMAIL, crate::server::PASSWORD);
    let mut odd = Browser::new(&server);
    odd.headers.push(("user-agent", "<script>alert(1)</script>".to_owned()));
    odd.sign_in(EMAIL, crate::server::PASSWORD);
    let mut third = Browser::signed_in(&server, EMAIL);

    let page = third.get("/account");
    assert_eq!(page.text.matches("<th scope=\"row\">").count(), 3, "{page:?}");
    assert_eq!(page.text.matches("This one").count(), 1);
    assert!(page.text.contains("Firefox on Linux") && !page.text.contains("alert"), "{page:?}");
    assert!(!page.text.contains(firefox.cookies["sid"].as_str()));

    let page = odd.get("/account");
    let own = page.text.split("Firefox on Linux</th>").nth(1).expect("the row");
    let id = own.split("name=\"session\" value=\"").nth(1).and_then(|r| r.split('"').next());
    let csrf = csrf_of(&page, "/account/sessions/end");
    let end = |browser: &mut Browser<'_>, csrf: &str| {
        let form = [("csrf", csrf), ("session", id.expect("an identifier"))];
        browser.post("/account/sessions/end", &form)
    };
    // Somebody else's genuine form does not reach it.
    let mut eves = Browser::signed_in(&server, eve);
    let eves_csrf = csrf_of(&eves.get("/account"), "/account/sessions/end");
    assert_eq!(end(&mut eves, &eves_csrf).status, 303);
    assert_eq!(end(&mut eves, &csrf).status, 403);
    assert!(firefox.is_signed_in());
    assert_eq!(end(&mut odd, &csrf).status, 303);
    assert!(!firefox.is_signed_in() && third.is_signed_in());

    let csrf = csrf_of(&third.get("/account"), "/account/sessions/end-others");
    assert_eq!(third.post("/account/sessions/end-others", &[("csrf", &csrf)]).status, 303);
    assert!(third.is_signed_in() && !odd.is_signed_in() && theirs.is_signed_in());
}

#[test]
fn an_ended_session_stays_ended_for_whoever_kept_its_cookie() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server, EMAIL);
    let kept = browser.cookies.clone();
    let csrf = field(&browser.get("/"), "csrf");
    browser.post("/sign-out", &[("csrf", &csrf)]);
    let mut thief = Browser::new(&server);
    thief.cookies = kept;
    assert!(!thief.is_signed_in());
    assert_eq!(thief.get("/account").header("location"), "/sign-in?return_to=%2Faccount");
}
