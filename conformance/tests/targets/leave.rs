//! What is not contacted without its owner's leave.

use super::*;

#[test]
fn a_server_elsewhere_is_not_touched_without_its_owners_leave() {
    let reason = unusable(&Target::new("https://mcp.example.com/mcp"));
    for part in ["mcp.example.com", "[ownership]", "/.well-known/lookout-conformance", "--i-own"] {
        assert!(reason.contains(part), "{reason}");
    }
    let mut target = Target::new("http://127.0.0.1:1/mcp");
    target.hosts = vec!["auth.example.com".to_owned()];
    assert!(unusable(&target).contains("auth.example.com is not on this machine"));
}

#[test]
fn the_owner_shows_the_nonce_or_the_tester_gives_it_again() {
    let switches = Switches { registers: true, nonce: Some(NONCE), ..Switches::default() };
    let server = Minimal::start(switches, &[]);
    let owned = |nonce: &str, confirmed| Target {
        ownership: Some(Ownership {
            authorization: "Ada allows this test.".to_owned(),
            nonce: nonce.to_owned(),
            confirmed,
        }),
        ..target(&server)
    };
    let reason = unusable(&owned("0000000000000000", false));
    assert!(reason.contains("it is another text"), "{reason}");
    assert_eq!(server.state.lock().unwrap().requests, 1, "nothing else is asked before");
    let report = judge(&owned(NONCE, false), &["code/single-use"]);
    assert_eq!(report.authorization.as_deref(), Some("Ada allows this test."));
    assert_eq!(report.checks[0].verdict, Verdict::Pass);
    let report = judge(&owned("0000000000000000", true), &["code/single-use"]);
    assert_eq!(report.checks[0].verdict, Verdict::Pass);
}

#[test]
fn every_host_beyond_this_machine_shows_the_nonce_and_not_only_the_first() {
    // The unspecified address reaches this machine, but is not a loopback one.
    let switches = Switches { registers: true, nonce: Some(NONCE), ..Switches::default() };
    let (first, shows) = (Minimal::start(switches.clone(), &[]), Minimal::start(switches, &[]));
    let silent = Minimal::start(Switches::default(), &[]);
    let at = |server: &Minimal| format!("http://0.0.0.0:{}", server.address.port());
    let ownership = Ownership {
        authorization: "Ada allows this test.".to_owned(),
        nonce: NONCE.to_owned(),
        confirmed: false,
    };
    let mut target = Target { ownership: Some(ownership), ..target(&first) };
    target.replicas = vec![at(&shows), at(&silent)];
    let reason = unusable(&target);
    let address = format!("{}/.well-known/lookout-conformance", at(&silent));
    assert!(reason.contains(&address) && reason.contains("--i-own"), "{reason}");
    let asked = [&first, &shows, &silent].map(|server| server.state.lock().unwrap().requests);
    assert_eq!(asked, [1, 1, 1], "nothing else is asked before");

    target.replicas.clear();
    target.hosts = vec!["0.0.0.0:1".to_owned()];
    let reason = unusable(&target);
    assert!(reason.contains("https://0.0.0.0:1/.well-known/lookout-conformance"), "{reason}");
}

#[test]
fn endpoints_on_hosts_that_are_not_listed_are_never_contacted() {
    let switches = Switches { registers: true, strange_host: true, ..Switches::default() };
    let server = Minimal::start(switches, &[]);
    let reason = unusable(&target(&server));
    assert!(reason.contains("hosts = [\"auth.example.com\"]"), "{reason}");
}

#[test]
fn an_mcp_endpoint_on_a_host_that_is_not_listed_ends_discovery() {
    let address = server::serve(|base, asked| match asked.path.as_str() {
        "/.well-known/oauth-protected-resource" => server::json_answer(
            200,
            &format!(
                r#"{{"resource":"https://mcp.example.com/mcp","authorization_servers":["{base}"]}}"#
            ),
        ),
        "/.well-known/oauth-authorization-server" => {
            server::json_answer(200, r#"{"token_endpoint":"https://auth.example.com/token"}"#)
        }
        _ => server::json_answer(404, "{}"),
    });
    let reason = unusable(&Target::new(format!("http://{address}")));
    let hosts = "hosts = [\"auth.example.com\", \"mcp.example.com\"]";
    assert!(reason.contains(hosts), "{reason}");
}
