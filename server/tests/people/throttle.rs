//! Throttling of sign-in.

use lookout_server::config::Settings;

use crate::browser::{Browser, field};
use crate::server::{EMAIL, PASSWORD, Server};

const WRONG: &str = "not the password";
const NOBODY: &str = "nobody@lookout.example";

/// A server behind a proxy that says where browsers are, with no other limit.
fn server() -> Server {
    Server::start_with(|settings: &mut Settings| {
        settings.limits.trusted_proxies = vec!["127.0.0.1".parse().expect("an address")];
        settings.limits.sign_ins_per_minute = 100_000;
    })
}

/// Lets time pass for the failures.
fn pass(server: &Server, seconds: i64) {
    let milliseconds = seconds * 1000;
    server.sql(&format!("update sign_in_failures set last_at = last_at - {milliseconds}"));
}

#[test]
fn known_and_unknown_accounts_are_throttled_alike() {
    let server = server();
    let attempts = |email: &str, address: &str| {
        let mut browser = Browser::at(&server, address);
        let mut answers = Vec::new();
        for wait in [0, 0, 0, 0, 0, 0, 16, 0, 31] {
            pass(&server, wait);
            let reply = browser.sign_in(email, WRONG);
            let csrf = field(&reply, "csrf");
            // The address is as it was typed, and the seconds that are left may differ by one between two runs.
            let text = reply.text.replace(&csrf, "").replace(email, "");
            let text = text
                .replace("in 14 seconds", "in 15 seconds")
                .replace("in 29 seconds", "in 30 seconds");
            assert_eq!(reply.header("retry-after").is_empty(), reply.status == 401, "{reply:?}");
            answers.push((reply.status, text));
        }
        answers
    };
    let known = attempts(EMAIL, "192.0.2.7");
    assert_eq!(attempts(NOBODY, "198.51.100.7"), known);
    let statuses: Vec<u16> = known.iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 401, 429, 401]);
    assert!(known[5].1.contains("Try again in 15 seconds"), "{}", known[5].1);
}

#[test]
fn while_throttled_the_right_password_is_not_looked_at_and_other_networks_are_free() {
    let server = server();
    let mut near = Browser::at(&server, "192.0.2.7");
    for _ in 0..5 {
        assert_eq!(near.sign_in(EMAIL, WRONG).status, 401);
    }
    assert_eq!(Browser::at(&server, "192.0.2.200").sign_in(EMAIL, PASSWORD).status, 429);
    assert_eq!(Browser::at(&server, "198.51.100.7").sign_in(EMAIL, PASSWORD).status, 303);
    assert_eq!(Browser::at(&server, "2001:db8:1::1").sign_in(EMAIL, PASSWORD).status, 303);
    pass(&server, 16);
    assert_eq!(near.sign_in(EMAIL, PASSWORD).status, 303, "the wait is over");
    near.cookies.clear();
    assert_eq!(near.sign_in(EMAIL, WRONG).status, 401, "a success forgets the failures");
}

#[test]
fn strangers_cannot_lock_a_person_out_of_a_browser_that_signed_in_before() {
    let server = server();
    let mut own = Browser::at(&server, "192.0.2.7");
    assert_eq!(own.sign_in(EMAIL, PASSWORD).status, 303);
    for stranger in 0..50 {
        let address = format!("10.0.{stranger}.1");
        assert_eq!(Browser::at(&server, &address).sign_in(EMAIL, WRONG).status, 401);
    }
    for _ in 0..5 {
        Browser::at(&server, "192.0.2.8").sign_in(EMAIL, WRONG);
    }
    assert_eq!(Browser::at(&server, "203.0.113.1").sign_in(EMAIL, PASSWORD).status, 429);
    assert_eq!(own.sign_in(EMAIL, PASSWORD).status, 303);

    // What the browser shows is for this account, and throttled by itself.
    let known = own.cookies["known"].clone();
    let mut forged = Browser::at(&server, "203.0.113.1");
    forged.cookies.insert("known".to_owned(), format!("x{}", &known[1..]));
    assert_eq!(forged.sign_in(EMAIL, PASSWORD).status, 429);
    let statuses: Vec<u16> = (0..6).map(|_| own.sign_in(EMAIL, WRONG).status).collect();
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429]);
}

#[test]
fn one_network_gets_thirty_failures_a_minute_whatever_the_accounts() {
    let server = server();
    for stranger in 0..30 {
        let email = format!("stranger{stranger}@lookout.example");
        let mut browser = Browser::at(&server, &format!("192.0.2.{stranger}"));
        assert_eq!(browser.sign_in(&email, WRONG).status, 401, "{stranger}");
        // The work of hashing takes longer than nothing; the count must not depend on it.
        server.sql(
            "update sign_in_failures set last_at = (select max(last_at) from sign_in_failures)",
        );
    }
    let last = || Browser::at(&server, "192.0.2.99").sign_in("last@lookout.example", WRONG).status;
    let statuses: Vec<u16> = (0..20).map(|_| last()).take_while(|status| *status == 401).collect();
    assert!(statuses.len() < 5, "about thirty and then no more");
    assert_eq!(Browser::at(&server, "198.51.100.1").sign_in(EMAIL, PASSWORD).status, 303);
    pass(&server, 61);
    assert_eq!(Browser::at(&server, "192.0.2.99").sign_in(EMAIL, PASSWORD).status, 303);
}

#[test]
fn people_who_sign_in_at_once_from_one_network_all_get_in() {
    let server = server();
    let mut browsers: Vec<Browser<'_>> =
        (0..10).map(|_| Browser::at(&server, "192.0.2.7")).collect();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let signing: Vec<_> = browsers
            .iter_mut()
            .map(|browser| scope.spawn(|| browser.sign_in(EMAIL, PASSWORD).status))
            .collect();
        signing.into_iter().map(|signing| signing.join().expect("an answer")).collect()
    });
    assert_eq!(statuses, [303; 10]);
}

#[test]
fn failures_are_forgotten_after_a_day() {
    let server = server();
    Browser::at(&server, "192.0.2.7").sign_in(EMAIL, WRONG);
    server.sql("create table counted as select count(*) as n from sign_in_failures");
    pass(&server, 86_401);
    server.sweep();
    server.sql("update counted set n = n * 10 + (select count(*) from sign_in_failures)");
    server.sql(
        "create table fine (n integer check (n = 30)); insert into fine select n from counted",
    );
}
