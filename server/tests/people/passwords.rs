//! Changing a password, and sign-ins that meet a change.

use lookout_server::authority::records::Role;

use crate::browser::{Browser, csrf_of};
use crate::server::{EMAIL, PASSWORD, Reply, Server};

const NEW: &str = "a password of my own";

fn change(browser: &mut Browser<'_>, current: &str, new: &str) -> Reply {
    let csrf = csrf_of(&browser.get("/account"), "/account/password");
    let form = [("csrf", csrf.as_str()), ("current", current), ("new", new)];
    browser.post("/account/password", &form)
}

#[test]
fn a_new_password_ends_the_other_sessions_and_names_what_lives_on() {
    let server = Server::start();
    let eve = "eve@lookout.example";
    server.add_person(eve, "demo", Role::Member);
    let mut theirs = Browser::signed_in(&server, eve);
    let mut other = Browser::signed_in(&server, EMAIL);
    let mut browser = Browser::signed_in(&server, EMAIL);
    let csrf = csrf_of(&browser.get("/w/demo/mcp/tokens"), "/w/demo/mcp/tokens");
    let form = [("csrf", csrf.as_str()), ("name", "ci"), ("scope", "mcp:read"), ("days", "1")];
    assert_eq!(browser.post("/w/demo/mcp/tokens", &form).status, 200);

    let reply = change(&mut browser, PASSWORD, NEW);
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(reply.text.contains("/w/demo/mcp/tokens\">1 live token<"), "{reply:?}");
    assert!(browser.is_signed_in() && !other.is_signed_in() && theirs.is_signed_in());
    assert_eq!(Browser::new(&server).sign_in(EMAIL, PASSWORD).status, 401);
    assert_eq!(Browser::new(&server).sign_in(EMAIL, NEW).status, 303);
}

#[test]
fn a_password_is_changed_by_who_knows_it_and_only_so_many_are_tried() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server, EMAIL);
    assert_eq!(change(&mut browser, PASSWORD, "short").status, 422);
    let statuses: Vec<u16> =
        (0..6).map(|_| change(&mut browser, "not the password", NEW).status).collect();
    assert_eq!(statuses, [422, 422, 422, 422, 422, 429]);
    assert_eq!(change(&mut browser, PASSWORD, NEW).status, 429, "the right one waits too");
    assert_eq!(Browser::new(&server).sign_in(EMAIL, PASSWORD).status, 303);
}

#[test]
fn a_sign_in_that_began_with_the_old_password_does_not_outlive_its_change() {
    let server = Server::start();
    for round in 0..6 {
        let (old, new) =
            (format!("password number {round}"), format!("password number {}", round + 1));
        server.runtime.block_on(server.app.put_account(EMAIL, None, &old)).expect("an account");
        let mut late: Vec<Browser<'_>> = (0..2).map(|_| Browser::new(&server)).collect();
        std::thread::scope(|scope| {
            for browser in &mut late {
                let old = &old;
                scope.spawn(move || browser.sign_in(EMAIL, old));
            }
            // Hashing the new password takes about as long as verifying the old, so the two meet.
            scope.spawn(|| {
                server
                    .runtime
                    .block_on(server.app.put_account(EMAIL, None, &new))
                    .expect("an account");
            });
        });
        for browser in &mut late {
            assert!(!browser.is_signed_in(), "round {round}");
        }
    }
}

#[test]
fn a_hash_with_lower_parameters_is_replaced_at_sign_in() {
    let server = Server::start();
    // Argon2id with m = 8 MiB, t = 1, of the test's password.
    let weak = {
        use argon2::PasswordHasher as _;
        let parameters = argon2::Params::new(8 * 1024, 1, 1, None).expect("parameters");
        let weak =
            argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, parameters);
        weak.hash_password_with_salt(PASSWORD.as_bytes(), &[7; 16]).expect("a hash").to_string()
    };
    server.sql(&format!("update users set password = '{weak}'"));
    let stored = || {
        let account = server.runtime.block_on(server.app.store.account(EMAIL));
        account.expect("a store").expect("an account").password
    };
    assert_eq!(Browser::new(&server).sign_in(EMAIL, "not the password").status, 401);
    assert!(stored().contains("m=8192"));
    let mut browser = Browser::signed_in(&server, EMAIL);
    assert!(stored().contains("m=19456,t=2"), "{}", stored());
    assert!(browser.is_signed_in());
    Browser::signed_in(&server, EMAIL);
}
