//! Signing in and out.

use lookout_server::authority::records::Role;
use lookout_server::config::Settings;

use crate::browser::{Browser, field};
use crate::server::{EMAIL, PASSWORD, Server};

#[test]
fn a_wrong_password_and_an_unknown_person_are_answered_alike() {
    let server = Server::start();
    let text = |email: &str, password: &str| {
        let reply = Browser::new(&server).sign_in(email, password);
        assert_eq!(reply.status, 401);
        let csrf = field(&reply, "csrf");
        // What was typed stays, and the cursor is where typing goes on.
        let text = reply.text.replace(&csrf, "").replace(" autofocus", "");
        let (before, typed) = text.split_once("autocomplete=\"username\" value=\"").unwrap();
        format!("{before}{}", typed.split_once('"').unwrap().1)
    };
    let expected = text(EMAIL, "wrong password here");
    for (email, password) in [
        ("nobody@lookout.example", PASSWORD),
        ("", ""),
        (EMAIL, ""),
        (EMAIL, &"x".repeat(5000)),
        ("'; drop table users", PASSWORD),
    ] {
        assert_eq!(text(email, password), expected, "{email}");
    }
}

#[test]
fn signing_in_makes_a_new_session_and_signing_out_ends_it() {
    let server = Server::start();
    let mut browser = Browser::new(&server);
    browser.get("/sign-in");
    let before = browser.cookie().to_owned();
    assert!(before.starts_with("sid=lkses_"), "{before}");
    browser.sign_in(&EMAIL.to_uppercase(), PASSWORD);
    let during = browser.cookie().to_owned();
    assert_ne!(before, during);
    let home = browser.get("/");
    assert_eq!(home.status, 200);
    assert_eq!(
        server.get("/", &[("cookie", &before)]).status,
        303,
        "the planted value is worth nothing"
    );

    let csrf = field(&home, "csrf");
    assert_eq!(browser.post("/sign-out", &[("csrf", &csrf)]).header("location"), "/sign-in");
    assert_eq!(server.get("/", &[("cookie", &during)]).status, 303);
}

#[test]
fn a_session_ends_when_unused_and_when_old() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server);
    server.pass(12 * 3600 - 5);
    assert_eq!(browser.get("/").status, 200);
    for _ in 0..14 {
        server.pass(12 * 3600 - 5);
        browser.get("/");
    }
    assert_eq!(browser.get("/").status, 303, "a week after sign-in");
    let mut browser = Browser::signed_in(&server);
    server.pass(12 * 3600);
    assert_eq!(browser.get("/").status, 303, "half a day unused");
}

#[test]
fn a_new_password_ends_the_sessions_of_that_person_only() {
    let server = Server::start();
    let eve = "eve@lookout.example";
    server.add_person(eve, "demo", Role::Member);
    let mut theirs = Browser::signed_in_as(&server, eve);
    let mut sessions = [Browser::signed_in(&server), Browser::signed_in(&server)];
    for browser in &mut sessions {
        assert_eq!(browser.get("/").status, 200);
    }
    server.add_person(EMAIL, "demo", Role::Member);
    for browser in &mut sessions {
        assert_eq!(browser.get("/").status, 303);
    }
    assert_eq!(theirs.get("/").status, 200);
    assert_eq!(Browser::signed_in(&server).get("/").status, 200);
}

#[test]
fn after_signing_in_the_browser_stays_on_this_server() {
    let server = Server::start();
    let paths = [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "evil",
        "/\t/evil.example",
        "javascript:alert(1)",
        "/a\r\nx: y",
    ];
    for path in paths {
        let mut browser = Browser::new(&server);
        let csrf = field(&browser.get("/sign-in"), "csrf");
        let form = [
            ("csrf", csrf.as_str()),
            ("email", EMAIL),
            ("password", PASSWORD),
            ("return_to", path),
        ];
        assert_eq!(browser.post("/sign-in", &form).header("location"), "/", "{path}");
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("return_to", path)
            .finish();
        assert_eq!(browser.get(&format!("/sign-in?{query}")).header("location"), "/", "{path}");
    }
}

#[test]
fn cookies_are_kept_from_scripts_and_from_other_sites() {
    let server = Server::start();
    let reply = server.get("/sign-in", &[]);
    let cookie = reply.header("set-cookie");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{cookie}");

    let public = Server::start_with(|settings: &mut Settings| {
        settings.public_url = Some("https://lookout.example".to_owned())
    });
    let reply = public.get("/sign-in", &[("host", "lookout.example")]);
    let cookie = reply.header("set-cookie");
    assert!(
        cookie.starts_with("__Host-sid=lkses_")
            && cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"),
        "{cookie}"
    );
    assert_eq!(reply.header("strict-transport-security"), "max-age=31536000");
}
