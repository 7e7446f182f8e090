//! Setup links.

use crate::browser::{Browser, field};
use crate::server::{EMAIL, PASSWORD, Reply, Server};

const NEW: &str = "a password of my own";

fn link(server: &Server, email: &str) -> String {
    server.runtime.block_on(async {
        let user = server.app.person(email).await.expect("a person");
        let secret = server.app.make_setup_link(&user, 900).await.expect("a store");
        format!("/setup/{}", secret.expect("an enabled account").expose())
    })
}

fn choose(browser: &mut Browser<'_>, link: &str, password: &str) -> Reply {
    browser.get(link);
    let page = browser.get("/setup");
    if page.status != 200 {
        return page;
    }
    let csrf = field(&page, "csrf");
    browser.post("/setup", &[("csrf", &csrf), ("password", password), ("again", password)])
}

#[test]
fn a_setup_link_sets_a_password_once_and_ends_what_was_before() {
    let server = Server::start();
    let mut before = Browser::signed_in(&server, EMAIL);
    let link = link(&server, EMAIL);
    let mut browser = Browser::new(&server);
    let moved = browser.get(&link);
    assert_eq!((moved.status, moved.header("location")), (303, "/setup"));
    assert_eq!(moved.header("referrer-policy"), "no-referrer");
    let secret = link.rsplit('/').next().expect("a secret");
    let page = browser.get("/setup");
    assert!(page.text.contains(EMAIL) && !page.text.contains(secret), "{page:?}");
    assert!(before.is_signed_in(), "opening a link changes nothing");

    let reply = choose(&mut browser, &link, NEW);
    assert_eq!((reply.status, reply.header("location")), (303, "/"), "{reply:?}");
    assert!(browser.is_signed_in() && !before.is_signed_in());
    assert!(!browser.cookies.contains_key("setup"), "{:?}", browser.cookies);
    assert_eq!(Browser::new(&server).sign_in(EMAIL, PASSWORD).status, 401);
    assert_eq!(Browser::new(&server).sign_in(EMAIL, NEW).status, 303);
    let again = choose(&mut Browser::new(&server), &link, "yet another password");
    assert_eq!(again.status, 404);
    assert_eq!(Browser::new(&server).sign_in(EMAIL, NEW).status, 303);
}

#[test]
fn a_link_that_is_no_good_says_the_same_whatever_is_wrong_with_it() {
    let server = Server::start();
    let dead = |link: &str| {
        let mut browser = Browser::new(&server);
        let reply = browser.get(link);
        let page = if reply.status == 303 { browser.get("/setup") } else { reply };
        assert_eq!(page.status, 404);
        page.text
    };
    let old = link(&server, EMAIL);
    let newer = link(&server, EMAIL);
    let replaced = dead(&old);
    assert!(replaced.contains("user setup-link"), "{replaced}");
    server.sql("update setup_links set expires_at = created_at where used_at is null");
    assert_eq!(dead(&newer), replaced, "expired");
    let used = link(&server, EMAIL);
    assert_eq!(choose(&mut Browser::new(&server), &used, NEW).status, 303);
    assert_eq!(dead(&used), replaced, "used");
    let last = if used.ends_with('x') { "y" } else { "x" };
    assert_eq!(dead(&format!("{}{last}", &used[..used.len() - 1])), replaced, "garbled");
    let disabled = link(&server, EMAIL);
    server.runtime.block_on(async {
        let user = server.app.person(EMAIL).await.expect("a person");
        server.app.set_disabled(&user, true).await.expect("a store");
        server.app.set_disabled(&user, false).await.expect("a store");
    });
    assert_eq!(dead(&disabled), replaced, "of an account that was disabled");
}

#[test]
fn of_two_who_use_a_link_at_once_one_wins() {
    let server = Server::start();
    for round in 0..4 {
        let link = link(&server, EMAIL);
        let mut ready: Vec<(Browser<'_>, String, String)> = (0..3)
            .map(|place| {
                let mut browser = Browser::new(&server);
                browser.get(&link);
                let csrf = field(&browser.get("/setup"), "csrf");
                (browser, csrf, format!("password {round} of browser {place}"))
            })
            .collect();
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let posts = ready.iter_mut().map(|(browser, csrf, password)| {
                scope.spawn(|| {
                    let form =
                        [("csrf", csrf.as_str()), ("password", password), ("again", password)];
                    browser.post("/setup", &form).status
                })
            });
            let posts: Vec<_> = posts.collect();
            posts.into_iter().map(|post| post.join().expect("an answer")).collect()
        });
        let mut sorted = statuses.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [303, 404, 404]);
        for ((browser, _, password), status) in ready.iter_mut().zip(statuses) {
            assert_eq!(browser.is_signed_in(), status == 303);
            let expected = if status == 303 { 303 } else { 401 };
            assert_eq!(Browser::new(&server).sign_in(EMAIL, password).status, expected);
        }
    }
}

#[test]
fn a_password_that_is_easy_to_guess_is_refused_and_the_link_still_works() {
    let server = Server::start();
    let link = link(&server, EMAIL);
    let mut browser = Browser::new(&server);
    let long = "x1".repeat(65);
    for (password, why) in [
        ("short", "12 characters"),
        (long.as_str(), "128 bytes"),
        (EMAIL, "e-mail address"),
        ("Password1234", "most common"),
        ("QWERTYUIOP123", "most common"),
        ("aaaaaaaaaaaaaaaa", "most common"),
    ] {
        let reply = choose(&mut browser, &link, password);
        assert_eq!(reply.status, 422, "{password}: {reply:?}");
        assert!(reply.text.contains(why), "{reply:?}");
        assert!(password == EMAIL || !reply.text.contains(password), "{reply:?}");
    }
    let csrf = field(&browser.get("/setup"), "csrf");
    let reply = browser.post("/setup", &[("csrf", &csrf), ("password", NEW), ("again", "other")]);
    assert_eq!(reply.status, 422);
    assert_eq!(browser.post("/setup", &[("password", NEW), ("again", NEW)]).status, 403);
    assert_eq!(choose(&mut browser, &link, NEW).status, 303);
}
