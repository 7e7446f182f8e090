//! What the token endpoint refuses.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lookout_schema::ScopeSet;
use lookout_server::authority::Resource;
use lookout_server::config::Rates;
use serde_json::json;

use crate::browser::{Browser, Tokens};
use crate::server::{CALLBACK, CHALLENGE, Reply, Server, VERIFIER};

/// The usual exchange of `code`, with `more` replacing or, when empty, removing fields.
fn exchange(server: &Server, client: &str, code: &str, more: &[(&str, &str)]) -> Reply {
    let usual = [
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", code),
        ("code_verifier", VERIFIER),
    ];
    let kept = usual.into_iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name));
    let fields: Vec<(&str, &str)> =
        kept.chain(more.iter().copied()).filter(|(_, value)| !value.is_empty()).collect();
    server.post_form("/oauth/token", &fields, &[])
}

fn refused(status: u16, error: &str) -> (u16, String) {
    (status, error.to_owned())
}

#[test]
fn many_people_get_tokens_through_one_client_at_one_address_and_each_has_a_rate() {
    let server = Server::start_with(|settings| {
        let limits = &mut settings.limits;
        limits.rates = Rates::On;
        limits.authorizations_per_minute = 10_000;
        limits.token_requests_per_minute = 2;
    });
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let tokens: Vec<Tokens> = (0..14).map(|_| browser.connect(&client)).collect();
    let refused = server.refresh(&client, &tokens[13].refresh);
    assert_eq!((refused.status, refused.header("retry-after").is_empty()), (429, false));
    assert!(server.admits(&tokens[13].access, Resource::Mcp).is_some(), "nothing was changed");
}

#[test]
fn a_failed_exchange_is_refused_and_leaves_the_code_usable() {
    let server = Server::start();
    let client = server.client();
    let other = server.client();
    let code = Browser::signed_in(&server).allow(&client, &[]);
    let long = "a".repeat(129);
    let mut wrong = code.clone();
    wrong.replace_range(10..11, if &code[10..11] == "A" { "B" } else { "A" });
    let cases: Vec<(Vec<(&str, &str)>, &str)> = vec![
        (vec![("code_verifier", "")], "invalid_request"),
        (vec![("code_verifier", CHALLENGE)], "invalid_grant"),
        (vec![("code_verifier", &VERIFIER[..42])], "invalid_grant"),
        (vec![("code_verifier", &long)], "invalid_grant"),
        (vec![("code_verifier", VERIFIER), ("code_verifier", VERIFIER)], "invalid_request"),
        (vec![("redirect_uri", "http://127.0.0.1:9/callback")], "invalid_grant"),
        (vec![("resource", "https://evil.example/mcp")], "invalid_target"),
        (vec![("client_id", &other)], "invalid_grant"),
        (vec![("client_id", "unknown")], "invalid_client"),
        (vec![("client_id", "")], "invalid_client"),
        (vec![("client_secret", "x")], "invalid_client"),
        (vec![("grant_type", "")], "invalid_request"),
        (vec![("grant_type", "password")], "unsupported_grant_type"),
        (vec![("grant_type", "client_credentials")], "unsupported_grant_type"),
        (vec![("code", "")], "invalid_request"),
        (vec![("code", "garbage")], "invalid_grant"),
        (vec![("code", &wrong)], "invalid_grant"),
        (vec![("unknown", "1"), ("unknown", "2")], "invalid_request"),
    ];
    for (more, error) in cases {
        let reply = exchange(&server, &client, &code, &more);
        let status = if error == "invalid_client" { 401 } else { 400 };
        assert_eq!(reply.refusal(), refused(status, error), "{more:?}");
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!(reply.header("www-authenticate").is_empty(), status == 400);
    }
    let readonly = format!("{}/mcp/readonly", server.base);
    assert_eq!(
        exchange(&server, &client, &code, &[("resource", &readonly)]).refusal(),
        refused(400, "invalid_target")
    );
    let mcp = format!("{}/mcp", server.base);
    assert_eq!(
        exchange(&server, &client, &code, &[("redirect_uri", CALLBACK), ("resource", &mcp)]).status,
        200
    );
}

#[test]
fn the_endpoint_takes_posted_forms_only() {
    let server = Server::start();
    let client = server.client();
    let code = Browser::signed_in(&server).allow(&client, &[]);
    let query = format!(
        "grant_type=authorization_code&client_id={client}&code={code}&code_verifier={VERIFIER}"
    );
    let path = format!("/oauth/token?{query}");
    assert_eq!(server.get(&path, &[]).status, 405);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(server.send("POST", &path, &form, b"").refusal(), refused(401, "invalid_client"));
    assert_eq!(
        server.send("POST", "/oauth/token", &[], query.as_bytes()).refusal(),
        refused(400, "invalid_request")
    );
    let text = [("content-type", "text/plain")];
    assert_eq!(
        server.send("POST", "/oauth/token", &text, query.as_bytes()).refusal(),
        refused(400, "invalid_request")
    );
    let document = json!({ "grant_type": "authorization_code", "client_id": client, "code": code, "code_verifier": VERIFIER });
    assert_eq!(
        server.post_json("/oauth/token", &document).refusal(),
        refused(400, "invalid_request")
    );
    let large = vec![b'a'; 65 * 1024];
    assert_eq!(
        server.send("POST", "/oauth/token", &form, &large).refusal(),
        refused(413, "invalid_request")
    );
    let charset = [("content-type", "application/x-www-form-urlencoded;charset=UTF-8")];
    assert_eq!(server.send("POST", "/oauth/token", &charset, query.as_bytes()).status, 200);
}

#[test]
fn a_code_works_once_and_its_replay_ends_the_grant() {
    let server = Server::start();
    let client = server.client();
    let other = server.client();
    let mut browser = Browser::signed_in(&server);
    let bystander = browser.connect(&client);
    let code = browser.allow(&client, &[]);
    let tokens = Tokens::of(&server.redeem(&client, &code));

    assert_eq!(server.redeem(&other, &code).refusal(), refused(400, "invalid_grant"));
    assert!(
        server.admits(&tokens.access, Resource::Mcp).is_some(),
        "another client's replay harms nobody"
    );

    assert_eq!(server.redeem(&client, &code).refusal(), refused(400, "invalid_grant"));
    assert_eq!(server.admits(&tokens.access, Resource::Mcp), None);
    assert_eq!(server.refresh(&client, &tokens.refresh).refusal(), refused(400, "invalid_grant"));
    assert!(
        server.admits(&bystander.access, Resource::Mcp).is_some(),
        "another grant of the client lives on"
    );
}

#[test]
fn codes_and_tokens_end_at_their_time() {
    let server = Server::start();
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let code = browser.allow(&client, &[]);
    server.pass(60);
    assert_eq!(server.redeem(&client, &code).refusal(), refused(400, "invalid_grant"));

    let tokens = browser.connect(&client);
    server.pass(590);
    assert!(server.admits(&tokens.access, Resource::Mcp).is_some());
    server.pass(10);
    assert_eq!(server.admits(&tokens.access, Resource::Mcp), None);
    let next = Tokens::of(&server.refresh(&client, &tokens.refresh));
    server.pass(7 * 86_400);
    assert_eq!(
        server.refresh(&client, &next.refresh).refusal(),
        refused(400, "invalid_grant"),
        "idle for a week"
    );
}

#[test]
fn an_old_refresh_token_ends_the_grant_even_after_a_restart_of_the_sweeper() {
    let server = Server::start();
    let client = server.client();
    let first = Browser::signed_in(&server).connect(&client);
    let second = Tokens::of(&server.refresh(&client, &first.refresh));
    let third = Tokens::of(&server.refresh(&client, &second.refresh));
    server.pass(3 * 86_400);
    server.sweep();
    let fourth = Tokens::of(&server.refresh(&client, &third.refresh));
    assert_eq!(server.refresh(&client, &first.refresh).refusal(), refused(400, "invalid_grant"));
    assert_eq!(server.admits(&fourth.access, Resource::Mcp), None);
    assert_eq!(server.refresh(&client, &fourth.refresh).refusal(), refused(400, "invalid_grant"));
}

#[test]
fn of_many_refreshes_at_once_at_most_one_succeeds() {
    let server = Server::start();
    let client = server.client();
    let tokens = Browser::signed_in(&server).connect(&client);
    let replies: Vec<Reply> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| server.refresh(&client, &tokens.refresh))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a reply")).collect()
    });
    let granted: Vec<&Reply> = replies.iter().filter(|reply| reply.status == 200).collect();
    assert_eq!(granted.len(), 1, "{replies:?}");
    assert_eq!(
        server.admits(&Tokens::of(granted[0]).access, Resource::Mcp),
        None,
        "the others were reuse"
    );
}

#[test]
fn a_refresh_narrows_one_access_token_and_never_widens() {
    let server = Server::start();
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let refresh = |token: &str, scope: &str| {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", client.as_str()),
            ("refresh_token", token),
            ("scope", scope),
        ];
        server.post_form("/oauth/token", &form, &[])
    };
    let tokens = browser.connect(&client);
    let narrow = Tokens::of(&refresh(&tokens.refresh, "mcp:read"));
    assert_eq!(server.admits(&narrow.access, Resource::Mcp), Some("mcp:read".parse().unwrap()));
    let whole = Tokens::of(&server.refresh(&client, &narrow.refresh));
    assert_eq!(server.admits(&whole.access, Resource::Mcp), Some(ScopeSet::all()));

    let code = browser.allow(&client, &[("scope", "mcp:read")]);
    let reader = Tokens::of(&server.redeem(&client, &code));
    assert_eq!(
        refresh(&reader.refresh, "mcp:read mcp:write").refusal(),
        refused(400, "invalid_scope")
    );
    assert_eq!(refresh(&reader.refresh, "MCP:READ").refusal(), refused(400, "invalid_scope"));
    assert_eq!(
        Tokens::of(&server.refresh(&client, &reader.refresh)).scope,
        "mcp:read",
        "the refusals used nothing up"
    );
}

#[test]
fn a_client_that_did_not_register_refreshing_gets_no_refresh_token() {
    let server = Server::start();
    let (client, _) = server.register(&json!({ "grant_types": ["authorization_code"] }));
    let other = server.client();
    let mut browser = Browser::signed_in(&server);
    let code = browser.allow(&client, &[]);
    let reply = server.redeem(&client, &code);
    assert_eq!(reply.json().get("refresh_token"), None);
    let tokens = browser.connect(&other);
    assert_eq!(
        server.refresh(&client, &tokens.refresh).refusal(),
        refused(400, "unauthorized_client")
    );
    assert_eq!(server.refresh(&other, &tokens.refresh).status, 200);
}

#[test]
fn a_confidential_client_authenticates_the_way_it_registered() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server);
    for method in ["client_secret_basic", "client_secret_post"] {
        let (client, secret) = server.register(&json!({ "token_endpoint_auth_method": method }));
        let (_, foreign) = server.register(&json!({ "token_endpoint_auth_method": method }));
        let (secret, foreign) = (secret.unwrap(), foreign.unwrap());
        let code = browser.allow(&client, &[]);
        let by_basic = |secret: &str| {
            let header = format!("Basic {}", STANDARD.encode(format!("{client}:{secret}")));
            let form = [
                ("grant_type", "authorization_code"),
                ("code", code.as_str()),
                ("code_verifier", VERIFIER),
            ];
            server.post_form("/oauth/token", &form, &[("authorization", &header)])
        };
        let by_post =
            |secret: &str| exchange(&server, &client, &code, &[("client_secret", secret)]);
        let is_basic = method == "client_secret_basic";
        let right = |secret: &str| if is_basic { by_basic(secret) } else { by_post(secret) };
        let wrong = |secret: &str| if is_basic { by_post(secret) } else { by_basic(secret) };
        assert_eq!(
            server.redeem(&client, &code).refusal(),
            refused(401, "invalid_client"),
            "no secret"
        );
        assert_eq!(wrong(&secret).refusal(), refused(401, "invalid_client"), "the other method");
        for bad in [foreign.as_str(), "", "x", &secret[1..]] {
            let reply = right(bad);
            assert_eq!(reply.refusal(), refused(401, "invalid_client"), "{bad:?}");
            assert!(reply.header("www-authenticate").starts_with("Basic "));
        }
        assert_eq!(right(&secret).status, 200);
    }
}

#[test]
fn two_ways_to_authenticate_at_once_are_refused() {
    let server = Server::start();
    let (client, secret) =
        server.register(&json!({ "token_endpoint_auth_method": "client_secret_basic" }));
    let secret = secret.unwrap();
    let header = format!("Basic {}", STANDARD.encode(format!("{client}:{secret}")));
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "x"),
        ("client_secret", secret.as_str()),
    ];
    let reply = server.post_form("/oauth/token", &form, &[("authorization", &header)]);
    assert_eq!(reply.refusal(), refused(400, "invalid_request"));
    for header in ["Basic !!!", "Bearer x", "Basic", "Basic eA=="] {
        let reply = server.post_form("/oauth/token", &form[..2], &[("authorization", header)]);
        assert_eq!(reply.refusal(), refused(401, "invalid_client"), "{header}");
    }
}
