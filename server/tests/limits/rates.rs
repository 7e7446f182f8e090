//! How often anybody may ask.

use lookout_server::config::{LimitSettings, Rates};
use lookout_server::http::address::ClientAddress;
use lookout_server::http::rates::RequestRates;
use lookout_server::secret::SessionSecret;
use lookout_server::secret::entropy::SystemEntropy;
use serde_json::json;

use crate::peer::{server, token};
use crate::serving::{Reply, Serving};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn on(limits: &mut LimitSettings) {
    limits.rates = Rates::On;
}

/// On, with everybody on this machine being a proxy.
fn behind_a_proxy(limits: &mut LimitSettings) {
    limits.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
}

fn register(server: &Serving, forwarded: &str) -> Reply {
    let document = json!({ "redirect_uris": ["http://127.0.0.1:4321/callback"] }).to_string();
    let headers = [("content-type", "application/json"), ("x-forwarded-for", forwarded)];
    server.send("POST", "/oauth/register", &headers, Some(document.as_bytes()))
}

fn statuses(count: usize, mut ask: impl FnMut() -> Reply) -> Vec<u16> {
    (0..count).map(|_| ask().status).collect()
}

#[track_caller]
fn assert_has_to_wait(reply: &Reply) {
    assert_eq!(reply.status, 429, "{reply:?}");
    let seconds: u32 = reply.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&seconds), "{reply:?}");
}

#[test]
fn registrations_of_a_network_are_bounded() {
    let server = server(on);
    assert_eq!(statuses(5, || register(&server, "")), [201; 5]);
    let refused = register(&server, "");
    assert_has_to_wait(&refused);
    assert_eq!(refused.json()["error"], "temporarily_unavailable");
    let forged = register(&server, "203.0.113.9");
    assert_eq!(forged.status, 429, "the peer is no proxy, so what it says is not believed");
    assert_eq!(server.send("GET", "/sign-in", &[], None).status, 200, "others are not concerned");
}

#[test]
fn rates_are_off_where_only_this_machine_can_ask() {
    let alone = server(|_| {});
    assert_eq!(statuses(12, || register(&alone, "")), [201; 12]);
    let off = server(|limits| {
        behind_a_proxy(limits);
        limits.rates = Rates::Off;
    });
    assert_eq!(statuses(12, || register(&off, "203.0.113.9")), [201; 12]);
    let proxied = server(behind_a_proxy);
    assert_eq!(statuses(7, || register(&proxied, "203.0.113.9"))[4..], [201, 429, 429]);
    let public = Serving::start(
        |settings| settings.public_url = Some("https://lookout.example".to_owned()),
        async |app| app,
    );
    let guess = || {
        let headers = [FORM, ("host", "lookout.example")];
        public.send("POST", "/sign-in", &headers, Some(b"email=a&password=b")).status
    };
    assert!((0..17).any(|_| guess() == 429), "a proxy on this machine that nobody listed");
}

#[test]
fn behind_a_proxy_every_network_has_a_rate_of_its_own_and_none_can_invent_another() {
    let server = server(behind_a_proxy);
    let mut invented = 0;
    let from_one_network = statuses(7, || {
        invented += 1;
        register(&server, &format!("198.51.100.{invented}, 203.0.113.9, 127.0.0.7"))
    });
    assert_eq!(from_one_network[4..], [201, 429, 429]);
    assert_eq!(register(&server, "203.0.114.1").status, 201);
    assert_eq!(register(&server, "2001:db8::1").status, 201);
}

#[test]
fn sign_in_forms_and_authorization_requests_of_a_network_are_bounded() {
    let server = server(on);
    let sign_in = || server.send("POST", "/sign-in", &[FORM], Some(b"email=a&password=b"));
    assert_eq!(statuses(16, sign_in)[14..], [403, 429]);
    assert_has_to_wait(&sign_in());
    let authorize = || server.send("GET", "/oauth/authorize?client_id=none", &[], None);
    assert_eq!(statuses(31, authorize)[29..], [400, 429]);
    assert!(authorize().text.contains("Too many attempts"));
}

#[test]
fn requests_for_tokens_that_fail_are_bounded_whatever_client_they_name() {
    let server = server(|limits| {
        behind_a_proxy(limits);
        limits.token_requests_per_minute = 6;
    });
    let refresh = |from: &str, client: &str| {
        let form = format!("grant_type=refresh_token&refresh_token=none&client_id={client}");
        let headers = [FORM, ("x-forwarded-for", from)];
        server.send("POST", "/oauth/token", &headers, Some(form.as_bytes()))
    };
    let mut failed = (0..100).map(|client| refresh("203.0.113.9", &format!("invented-{client}")));
    assert_has_to_wait(&failed.find(|reply| reply.status == 429).expect("a refusal"));
    assert_eq!(statuses(25, || refresh("203.0.113.10", "one")), [401; 25]);
}

#[test]
fn a_neighbour_or_a_crowd_of_addresses_of_one_network_is_bounded_and_others_are_not_concerned() {
    let server = server(behind_a_proxy);
    assert_eq!(statuses(6, || register(&server, "203.0.113.9"))[4..], [201, 429]);
    assert_eq!(register(&server, "203.0.113.10").status, 201, "a neighbour used up its own");
    let mut net = 0;
    let from_one_customer = statuses(60, || {
        net += 1;
        register(&server, &format!("2001:db8:0:{net:x}::1"))
    });
    let made = from_one_customer.iter().filter(|&&status| status == 201).count();
    assert!((40..60).contains(&made), "a /48 counts as eight households: {made}");
    assert_eq!(register(&server, "2001:db8:1::1").status, 201);
}

#[test]
fn a_full_table_is_no_harm_to_those_who_are_in_it() {
    let server = server(on);
    let rates = RequestRates::new(&server.app.config);
    let at = |bits: u32| ClientAddress(std::net::Ipv4Addr::from_bits(bits).into());
    let good = at(0xCB00_7109);
    for host in 0..8 {
        (0..25).for_each(|_| rates.failed_token(at(0xCB00_7109 + host)).expect("a known one"));
    }
    // Newcomers fill the table, and then use up what they share.
    let refused = (0..400_000_u32).any(|bits| rates.failed_token(at(bits << 8)).is_err());
    assert!(refused, "newcomers are bounded");
    rates.failed_token(good).expect("its own rate");
}

#[test]
fn tokens_from_where_too_many_are_wrong_are_looked_up_one_after_the_other() {
    let server = server(|limits| {
        on(limits);
        limits.failed_tokens_per_minute = 2;
    });
    let rates = RequestRates::new(&server.app.config);
    let at = |bits: u32| ClientAddress(std::net::Ipv4Addr::from_bits(bits).into());
    let (bad, good) = (at(0xCB00_7109), at(0xC633_6401));
    server.runtime.block_on(async {
        assert!(rates.look_up(bad).await.expect("a turn").is_none(), "nothing happened yet");
        while rates.failed_token(bad).is_ok() {}
        let turn = rates.look_up(bad).await.expect("a turn");
        assert!(turn.is_some());
        assert!(rates.look_up(bad).await.is_err(), "the next waits until it is to try again");
        assert!(rates.look_up(good).await.expect("a turn").is_none(), "others do not wait");
        drop(turn);
        assert!(rates.look_up(bad).await.expect("a turn").is_some());
    });
}

fn call(server: &Serving, token: &str) -> Reply {
    let bearer = format!("Bearer {token}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("mcp-protocol-version", "2025-11-25"),
    ];
    let message = br#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    server.send("POST", "/mcp", &headers, Some(message))
}

#[test]
fn calls_are_bounded_by_token_also_on_loopback() {
    let server = server(|limits| limits.calls_per_second = 1);
    let (ada, eve) = (token(&server, "ada@lookout.example"), token(&server, "eve@lookout.example"));
    let first: Vec<Reply> = (0..8).map(|_| call(&server, &eve)).collect();
    let refused = first.iter().find(|reply| reply.status == 429).expect("a refusal");
    assert_has_to_wait(refused);
    let error = &refused.json()["error"];
    assert!(error["message"].as_str().is_some_and(|text| text.contains("try again")), "{error}");
    assert_eq!(first[0].status, 200);
    assert_eq!(call(&server, &ada).status, 200, "others are not concerned");
}

#[test]
fn tokens_that_are_not_valid_are_bounded_by_network_and_valid_ones_are_not_concerned() {
    let server = server(on);
    let valid = token(&server, "ada@lookout.example");
    assert_eq!(statuses(31, || call(&server, "none"))[29..], [401, 429]);
    assert_has_to_wait(&call(&server, "none"));
    assert_eq!(call(&server, &valid).status, 200);
    let bare = server.send("POST", "/mcp", &[], Some(b"{}"));
    assert_eq!(bare.status, 401, "how to get a token is always said");
}

#[test]
fn sessions_that_there_are_not_are_bounded_by_network_and_valid_ones_are_not_concerned() {
    let server = server(on);
    let session = server.runtime.block_on(async {
        let email = "ada@lookout.example";
        let app = &server.app;
        app.put_account(email, None, "correct horse battery").await.expect("a person");
        let password = "correct horse battery".to_owned().into();
        app.sign_in(email, password).await.expect("a store").expect("a session")
    });
    let valid = format!("sid={}", session.expose());
    let wrong = format!("sid={}", SessionSecret::mint(&SystemEntropy).expose());
    let visit = |path: &str, cookie: &str| server.send("GET", path, &[("cookie", cookie)], None);
    let mut refused = Vec::new();
    for path in ["/account", "/sign-in", "/w/demo/mcp/tokens"] {
        let statuses = statuses(31, || visit(path, &wrong));
        assert!([200, 303, 429].contains(&statuses[0]), "{path}: {statuses:?}");
        refused.push(statuses.contains(&429));
        assert_has_to_wait(&visit(path, &wrong));
    }
    assert_eq!(refused, [true; 3]);
    assert_eq!(visit("/account", &valid).status, 200);
    assert_eq!(visit("/sign-in", "").status, 200, "nothing was shown, so nothing is looked up");
}

#[test]
fn setup_links_of_a_network_are_bounded() {
    let server = server(on);
    let look = || server.send("GET", "/setup", &[("cookie", "setup=none")], None);
    assert_eq!(statuses(16, look)[14..], [404, 429]);
}
