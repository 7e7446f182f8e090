//! Everything that a provider can do wrong.

use crate::browser::Browser;
use crate::provider::{Provider, Wrong};
use crate::server::{EMAIL, PASSWORD, Server};
use crate::sign_in::{START, assert_refused, leave, linked, sign_in};

fn reasons(server: &Server, reason: &str) -> i64 {
    server.count(&format!(
        "select count(*) from audit_events where event = 'sign_in' and outcome = 'refused' and reason = '{reason}'"
    ))
}

#[test]
fn an_answer_that_proves_nothing_signs_nobody_in() {
    let provider = Provider::start();
    for (wrong, reason) in [
        (Wrong::Nonce, "upstream_token_nonce"),
        (Wrong::NoNonce, "upstream_token_nonce"),
        (Wrong::Audience, "upstream_token_audience"),
        (Wrong::MoreAudiences, "upstream_token_audience"),
        (Wrong::AuthorizedParty, "upstream_token_audience"),
        (Wrong::Issuer, "upstream_token_issuer"),
        (Wrong::Expired, "upstream_token_expired"),
        (Wrong::IssuedLater, "upstream_token_expired"),
        (Wrong::NoExpiry, "upstream_answer_unreadable"),
        (Wrong::NoAlgorithm, "upstream_token_signature"),
        (Wrong::SharedSecret, "upstream_token_signature"),
        (Wrong::OtherKey, "upstream_token_signature"),
        (Wrong::UnknownKey, "upstream_token_key"),
        (Wrong::Changed, "upstream_token_signature"),
        (Wrong::NoSubject, "upstream_token_subject"),
        (Wrong::ControlInSubject, "upstream_token_subject"),
        (Wrong::NoToken, "upstream_no_token"),
        (Wrong::NotAToken, "upstream_answer_unreadable"),
        (Wrong::CodeRefused, "upstream_code_refused"),
        (Wrong::TokenGarbage, "upstream_answer_unreadable"),
        (Wrong::TokenHuge, "upstream_outage"),
        (Wrong::TokenSlow, "upstream_outage"),
        (Wrong::TokenRedirect, "upstream_answer_unreadable"),
    ] {
        // Of one server, the audit log does not record all of them.
        let server = linked(&provider);
        provider.does(wrong);
        let mut browser = Browser::new(&server);
        let page = sign_in(&mut browser, &provider);
        assert_refused(&server, &mut browser, &page);
        assert_eq!(reasons(&server, reason), 1, "{wrong:?}: {page:?}");
        assert!(!provider.state().asked.iter().any(|path| path == "/elsewhere"), "{wrong:?}");
    }
    provider.state().wrong = None;
    let server = linked(&provider);
    let mut browser = Browser::new(&server);
    assert_eq!(sign_in(&mut browser, &provider).status, 303, "a right answer does");
}

#[test]
fn an_outage_has_a_page_and_passwords_go_on() {
    for wrong in [
        Wrong::DiscoveryRedirect,
        Wrong::DiscoveryHuge,
        Wrong::DiscoverySlow,
        Wrong::DiscoveryGarbage,
        Wrong::DiscoveryError,
        Wrong::DiscoveryOfAnother,
        Wrong::KeysElsewhere,
        Wrong::BrowsersElsewhere,
    ] {
        let provider = Provider::start();
        let server = linked(&provider);
        provider.does(wrong);
        let mut browser = Browser::new(&server);
        let page = browser.get(START);
        assert_eq!(page.status, 503, "{wrong:?}: {page:?}");
        assert!(page.text.contains("Example does not answer"), "{page:?}");
        assert!(page.text.contains("sign in with your password"), "{page:?}");
        assert!(!page.header("retry-after").is_empty());
        assert_refused(&server, &mut browser, &page);
        let asked = provider.state().asked.len();
        let again = std::time::Instant::now();
        assert_eq!(browser.get(START).status, 503);
        assert!(again.elapsed().as_secs() < 3, "it is left alone for a while");
        assert_eq!(provider.state().asked.len(), asked);
        assert!(!provider.state().asked.iter().any(|path| path == "/elsewhere"), "{wrong:?}");
        assert_eq!(reasons(&server, "upstream_outage"), 2);
        assert_eq!(browser.sign_in(EMAIL, PASSWORD).status, 303);
    }
}

#[test]
fn the_answer_must_be_of_this_provider() {
    let provider = Provider::start();
    provider.state().names_issuer = true;
    let server = linked(&provider);
    let mut browser = Browser::new(&server);
    assert_eq!(sign_in(&mut Browser::new(&server), &provider).status, 303);
    server.sql("delete from sessions");
    let location = leave(&mut browser, START);
    let back = provider.consent(&location);
    let (without, _) = back.split_once("&iss=").expect("an issuer");
    let page = browser.get(without);
    assert_refused(&server, &mut browser, &page);
    let location = leave(&mut browser, START);
    let back = provider.consent(&location);
    let (without, _) = back.split_once("&iss=").expect("an issuer");
    let asked = provider.state().asked.len();
    let page = browser.get(&format!("{without}&iss=https%3A%2F%2Fanother.example"));
    assert_refused(&server, &mut browser, &page);
    assert_eq!(provider.state().asked.len(), asked, "the code went nowhere");
    assert_eq!(reasons(&server, "upstream_other_issuer"), 2);
}

#[test]
fn the_provider_may_say_no() {
    let provider = Provider::start();
    let server = linked(&provider);
    let mut browser = Browser::new(&server);
    let location = leave(&mut browser, START);
    let back = provider.consent(&location);
    let page = browser.get(&format!("{back}&error=access_denied&error_description=%3Cscript%3E"));
    assert!(page.text.contains("perhaps because you declined"), "{page:?}");
    assert!(!page.text.contains("script"), "{page:?}");
    assert_refused(&server, &mut browser, &page);
    assert_eq!(reasons(&server, "upstream_denied"), 1);
    assert!(!provider.state().asked.iter().any(|path| path == "/token"));
}

#[test]
fn a_new_key_of_the_provider_is_found() {
    let provider = Provider::start();
    let server = linked(&provider);
    assert_eq!(sign_in(&mut Browser::new(&server), &provider).status, 303);
    let discoveries = |path: &str| provider.state().asked.iter().filter(|one| *one == path).count();
    assert_eq!(discoveries("/keys"), 1);
    assert_eq!(sign_in(&mut Browser::new(&server), &provider).status, 303);
    assert_eq!(discoveries("/keys"), 1, "what is known is kept");
    provider.turn_key();
    std::thread::sleep(std::time::Duration::from_secs(10));
    assert_eq!(sign_in(&mut Browser::new(&server), &provider).status, 303);
    assert_eq!(discoveries("/keys"), 2);
}
