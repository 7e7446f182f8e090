//! The way to the provider and back.

use lookout_server::authority::upstream::Identity;
use serde_json::json;

use crate::browser::Browser;
use crate::provider::Provider;
use crate::server::{CALLBACK, CHALLENGE, EMAIL, PASSWORD, Reply, Server};

pub(crate) const START: &str = "/sign-in/oidc";

/// A server with this provider, where [`EMAIL`] is linked to `subject-1`.
pub(crate) fn linked(provider: &Provider) -> Server {
    let server = Server::start_with(|settings| provider.apply(settings));
    link(&server, provider, EMAIL, "subject-1");
    server
}

pub(crate) fn link(server: &Server, provider: &Provider, email: &str, subject: &str) {
    server.runtime.block_on(async {
        let user = server.app.person(email).await.expect("a person");
        let identity = Identity { issuer: provider.issuer.clone(), subject: subject.to_owned() };
        server.app.link_identity(&user, identity).await.expect("a store").expect("a free subject");
    });
}

/// Goes to the provider: where the browser was sent.
#[track_caller]
pub(crate) fn leave(browser: &mut Browser<'_>, path: &str) -> String {
    let reply = browser.get(path);
    assert_eq!(reply.status, 303, "{reply:?}");
    reply.header("location").to_owned()
}

/// Goes to the provider, consents, and comes back.
#[track_caller]
pub(crate) fn sign_in(browser: &mut Browser<'_>, provider: &Provider) -> Reply {
    let location = leave(browser, START);
    browser.get(&provider.consent(&location))
}

/// Asserts that a way back ended on a page that says what to do, without a session.
#[track_caller]
pub(crate) fn assert_refused(server: &Server, browser: &mut Browser<'_>, page: &Reply) {
    assert!(matches!(page.status, 400..500 | 503), "{page:?}");
    assert!(!browser.cookies.contains_key("sid"), "{page:?}");
    assert!(!browser.is_signed_in(), "{page:?}");
    let says = ["Start again", "Ask an administrator", "ask an administrator", "Try again"];
    assert!(says.iter().any(|word| page.text.contains(word)), "{page:?}");
    assert!(page.text.contains("<h1>"), "{page:?}");
    assert_eq!(server.count("select count(*) from sessions"), 0);
}

#[test]
fn a_linked_person_signs_in_and_goes_where_they_wanted() {
    let provider = Provider::start();
    let server = linked(&provider);
    let mut browser = Browser::new(&server);
    let page = browser.get("/sign-in?return_to=%2Fsettings%2Fintegrations");
    let button =
        "href=\"/sign-in/oidc?return_to=%2Fsettings%2Fintegrations\">Sign in with Example</a>";
    assert!(page.text.contains(button), "{page:?}");
    let location = leave(&mut browser, "/sign-in/oidc?return_to=%2Fsettings%2Fintegrations");
    let reply = browser.get(&provider.consent(&location));
    assert_eq!((reply.status, reply.header("location")), (303, "/settings/integrations"));
    assert!(browser.is_signed_in());
    assert!(browser.get("/account").text.contains(EMAIL));
    let recorded = "select count(*) from audit_events where event = 'sign_in' and outcome = 'allowed' and detail = 'upstream' and user_id is not null";
    assert_eq!(server.count(recorded), 1);
    assert_eq!(server.count("select count(*) from upstream_sign_ins"), 0);
    assert_eq!(Browser::new(&server).sign_in(EMAIL, PASSWORD).status, 303, "passwords go on");
}

#[test]
fn nobody_is_sent_anywhere_else_afterwards() {
    let provider = Provider::start();
    let server = linked(&provider);
    for place in ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:x"] {
        let query: String = url::form_urlencoded::byte_serialize(place.as_bytes()).collect();
        let mut browser = Browser::new(&server);
        let location = leave(&mut browser, &format!("{START}?return_to={query}"));
        let reply = browser.get(&provider.consent(&location));
        assert_eq!((reply.status, reply.header("location")), (303, "/"), "{place}");
    }
    // Even if the row was changed meanwhile.
    let mut browser = Browser::new(&server);
    let location = leave(&mut browser, START);
    server.sql("update upstream_sign_ins set return_to = '//evil.example/'");
    assert_eq!(browser.get(&provider.consent(&location)).header("location"), "/");
}

#[test]
fn other_sites_cannot_send_people_to_the_provider() {
    let provider = Provider::start();
    let server = linked(&provider);
    for site in ["cross-site", "same-site"] {
        let reply =
            server.get(&format!("{START}?return_to=%2Faccount"), &[("sec-fetch-site", site)]);
        assert_eq!(reply.header("location"), "/sign-in?return_to=%2Faccount");
    }
    assert_eq!(server.count("select count(*) from upstream_sign_ins"), 0);
}

#[test]
fn an_e_mail_address_links_nobody() {
    let provider = Provider::start();
    provider.state().claims = json!({ "email": EMAIL, "email_verified": true });
    let server = Server::start_with(|settings| provider.apply(settings));
    let mut browser = Browser::new(&server);
    let page = sign_in(&mut browser, &provider);
    assert_eq!(page.status, 403);
    assert!(page.text.contains("Sign in with your password and link your account"), "{page:?}");
    assert_refused(&server, &mut browser, &page);
    assert_eq!(server.count("select count(*) from identities"), 0);
}

#[test]
fn the_subject_of_another_provider_is_another_person() {
    let provider = Provider::start();
    let server = linked(&provider);
    server.sql("update identities set issuer = 'https://another.example'");
    let mut browser = Browser::new(&server);
    let page = sign_in(&mut browser, &provider);
    assert_refused(&server, &mut browser, &page);
}

#[test]
fn a_disabled_account_stays_out() {
    let provider = Provider::start();
    let server = linked(&provider);
    server.runtime.block_on(async {
        let user = server.app.person(EMAIL).await.expect("a person");
        server.app.set_disabled(&user, true).await.expect("a store");
    });
    let mut browser = Browser::new(&server);
    let page = sign_in(&mut browser, &provider);
    assert!(page.text.contains("disabled"), "{page:?}");
    assert_refused(&server, &mut browser, &page);
    let recorded = "select count(*) from audit_events where event = 'sign_in' and outcome = 'refused' and reason = 'account_disabled' and user_id is not null";
    assert_eq!(server.count(recorded), 1);
}

#[test]
fn the_consent_of_the_provider_is_none_of_ours() {
    let provider = Provider::start();
    let server = linked(&provider);
    let client = server.client();
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", &client)
        .append_pair("redirect_uri", CALLBACK)
        .append_pair("code_challenge", CHALLENGE)
        .append_pair("code_challenge_method", "S256")
        .append_pair("resource", &format!("{}/mcp", server.base))
        .append_pair("scope", "mcp:read")
        .append_pair("state", "s")
        .finish();
    let mut browser = Browser::new(&server);
    let first = browser.get(&format!("/oauth/authorize?{query}"));
    assert_eq!(first.status, 303, "{first:?}");
    let return_to = first.header("location").strip_prefix("/sign-in?").expect("the sign-in page");
    let location = leave(&mut browser, &format!("{START}?{return_to}"));
    let back = browser.get(&provider.consent(&location));
    assert_eq!(back.status, 303, "{back:?}");
    let page = browser.get(back.header("location"));
    assert_eq!(page.status, 200, "{page:?}");
    assert!(
        page.text.contains("Test application") && page.text.contains("action=\"/oauth/consent\""),
        "{page:?}"
    );
    assert_eq!(server.count("select count(*) from codes"), 0);
}

#[test]
fn a_sign_in_comes_back_once_in_time_and_to_its_browser() {
    let provider = Provider::start();
    let server = linked(&provider);
    let mut browser = Browser::new(&server);
    let location = leave(&mut browser, START);
    let back = provider.consent(&location);
    let mut other = Browser::new(&server);
    leave(&mut other, START);
    let page = other.get(&back);
    assert!(page.text.contains("another browser"), "{page:?}");
    assert_refused(&server, &mut other, &page);
    let page = browser.get(&back);
    assert!(page.text.contains("is over"), "{page:?}");
    assert_refused(&server, &mut browser, &page);

    let location = leave(&mut browser, START);
    let back = provider.consent(&location);
    let page = Browser::new(&server).get(&back);
    assert!(page.text.contains("another browser"), "without a cookie: {page:?}");

    let location = leave(&mut browser, START);
    server.sql("update upstream_sign_ins set expires_at = expires_at - 600001");
    let page = browser.get(&provider.consent(&location));
    assert!(page.text.contains("is over"), "{page:?}");
    assert_refused(&server, &mut browser, &page);

    for query in ["", "?state=unknown&code=x", "?state=&code=x", "?state=a&state=b&code=x"] {
        let page = browser.get(&format!("/sign-in/oidc/callback{query}"));
        assert_refused(&server, &mut browser, &page);
    }

    let location = leave(&mut browser, START);
    let back = provider.consent(&location);
    assert_eq!(browser.get(&back).status, 303);
    browser.cookies.remove("sid");
    let sessions = server.count("select count(*) from sessions");
    assert!(browser.get(&back).text.contains("is over"), "replayed");
    assert_eq!(server.count("select count(*) from sessions"), sessions);
}

#[test]
fn of_many_who_come_back_at_once_one_gets_in() {
    let provider = Provider::start();
    let server = linked(&provider);
    let mut browser = Browser::new(&server);
    let location = leave(&mut browser, START);
    let back = provider.consent(&location);
    let cookie = format!("upstream={}", browser.cookies["upstream"]);
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let get = || server.get(&back, &[("cookie", &cookie)]).status;
        let coming: Vec<_> = (0..6).map(|_| scope.spawn(get)).collect();
        coming.into_iter().map(|one| one.join().expect("an answer")).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 400, 400, 400, 400, 400]);
    assert_eq!(server.count("select count(*) from sessions"), 1);
}

#[test]
fn another_replica_takes_the_way_back() {
    let provider = Provider::start();
    let server = linked(&provider);
    let mut browser = Browser::new(&server);
    leave(&mut browser, START);
    let stored =
        "select count(*) from upstream_sign_ins where length(browser) = 43 and length(state) = 43";
    assert_eq!(server.count(stored), 1, "digests, in the database that all share");
}

#[test]
fn without_passwords_the_provider_is_the_only_way_in() {
    let provider = Provider::start();
    let server = Server::start_with(|settings| {
        provider.apply(settings);
        settings.oidc.as_mut().expect("a provider").password_sign_in = false;
    });
    link(&server, &provider, EMAIL, "subject-1");
    let mut browser = Browser::new(&server);
    let page = browser.get("/sign-in");
    assert!(!page.text.contains("type=\"password\"") && page.text.contains("Sign in with Example"));
    let csrf = server.runtime.block_on(async {
        let user = server.app.person(EMAIL).await.expect("a person");
        let link = server.app.make_setup_link(&user, 900).await.expect("a store").expect("enabled");
        assert!(server.app.setup_link(link.expose()).await.expect("a store").is_none());
        let password = PASSWORD.to_owned().into();
        assert!(server.app.sign_in(EMAIL, password).await.expect("a store").is_none());
        String::new()
    });
    let reply =
        browser.post("/sign-in", &[("csrf", &csrf), ("email", EMAIL), ("password", PASSWORD)]);
    assert!(matches!(reply.status, 401 | 403), "{reply:?}");
    assert_eq!(sign_in(&mut browser, &provider).status, 303);
    assert!(!browser.get("/account").text.contains("Change password"));
}

#[test]
fn when_too_many_are_under_way_the_oldest_begins_again_and_nobody_is_shut_out() {
    let provider = Provider::start();
    let server = linked(&provider);
    let (mut first, mut second) = (Browser::new(&server), Browser::new(&server));
    let oldest = provider.consent(&leave(&mut first, START));
    let bytes = if server.is_on_postgres() { "bytea" } else { "blob" };
    server.sql(&format!(
        "with recursive numbers (number) as (select 1 union all select number + 1 from numbers where number < 9999)
         insert into upstream_sign_ins (state, browser, nonce, verifier, return_to, expires_at)
         select cast('state ' || number as {bytes}), browser, nonce, verifier, return_to, expires_at + 1 from upstream_sign_ins, numbers",
    ));
    let back = provider.consent(&leave(&mut second, START));
    assert_eq!(server.count("select count(*) from upstream_sign_ins"), 10_000);
    assert!(first.get(&oldest).text.contains("is over"));
    assert_eq!(second.get(&back).status, 303);
}

#[test]
fn too_many_attempts_of_a_network_wait() {
    let provider = Provider::start();
    let server = linked(&provider);
    // A way there and back is none.
    for _ in 0..40 {
        assert_eq!(sign_in(&mut Browser::new(&server), &provider).status, 303);
    }
    let mut statuses = (0..60).map(|_| Browser::new(&server).get(START).status);
    assert!(statuses.any(|status| status == 429));
    let reply = server.get(START, &[]);
    assert_eq!(reply.status, 429);
    assert!(!reply.header("retry-after").is_empty());
}
