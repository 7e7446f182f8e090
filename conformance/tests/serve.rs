//! Scenarios that stay open: what their pages show of a client that somebody drives.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use lookout_conformance::checks::client as checks;
use lookout_conformance::report::json;
use lookout_conformance::serve::{Approval, ServeError, ServeOptions, Serving};
use serde_json::Value;

#[path = "serve/walker.rs"]
mod walker;

use walker::{Walker, parameter};

/// Scenarios on a free port.
struct House {
    serving: Serving,
    walker: Walker,
}

impl House {
    fn open(change: impl FnOnce(&mut ServeOptions)) -> Self {
        let mut options =
            ServeOptions { address: "127.0.0.1:0".parse().ok(), ..ServeOptions::default() };
        change(&mut options);
        let serving = Serving::open(&options).unwrap();
        let mut walker = Walker { name: "Walker".to_owned(), ..Walker::default() };
        if let Some(origin) = options.public_url {
            let address = serving.url().trim_start_matches("http://").trim_end_matches('/').parse();
            walker.tunnel = Some((origin, address.unwrap()));
        }
        Self { serving, walker }
    }

    fn at(&self, path: &str) -> String {
        format!("{}{}", self.serving.url().trim_end_matches('/'), path)
    }

    fn page(&self, path: &str) -> String {
        let got = self.walker.get(&self.at(path));
        assert_eq!(got.status, 200, "{path}: {got:?}");
        got.body
    }

    fn scenarios(&self) -> Vec<Value> {
        let list: Value = serde_json::from_str(&self.page("/scenarios.json")).unwrap();
        list.as_array().unwrap().clone()
    }

    fn scenario(&self, id: &str) -> Value {
        self.scenarios().into_iter().find(|scenario| scenario["id"] == id).unwrap()
    }

    fn endpoint(&self, id: &str) -> String {
        self.scenario(id)["url"].as_str().unwrap().to_owned()
    }

    fn verdicts(&self) -> BTreeMap<String, String> {
        let report: Value = serde_json::from_str(&self.page("/report.json")).unwrap();
        let checks = report["checks"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        checks.map(|check| (text(&check["id"]), text(&check["verdict"]))).collect()
    }
}

#[test]
fn the_index_lists_every_scenario_with_an_address_of_its_own() {
    let house = House::open(|_| {});
    let index = house.page("/");
    let listed = house.scenarios();
    assert_eq!(listed.len(), checks::all_scenarios().count());
    for scenario in checks::all_scenarios() {
        let page = house.page(&format!("/scenario/{}", scenario.id));
        let known = listed.iter().find(|known| known["id"] == scenario.id).unwrap();
        let url = known["url"].as_str().unwrap();
        let title = scenario.title.split(['"', '\'', '<', '&']).next().unwrap();
        assert!(index.contains(url) && index.contains(title), "{}", scenario.id);
        assert!(page.contains(url) && page.contains("Nothing yet"), "{}", scenario.id);
    }
    assert!(index.contains(&format!("0 of {} scenarios visited", listed.len())));
    assert!(house.verdicts().values().all(|verdict| verdict == "not-tested"));
}

#[test]
fn a_flow_changes_the_verdict_and_starting_again_empties_it() {
    let house = House::open(|_| {});
    let endpoint = house.endpoint("flow/plain");
    let secrets = house.walker.walk(&endpoint);
    let page = house.page("/scenario/flow/plain");
    assert!(page.contains("tools/call") && page.contains("8 "), "{page}");
    let verdicts = house.verdicts();
    assert_eq!(verdicts["proof-key/s256"], "pass");
    assert_eq!(verdicts["proof-key/verifier"], "pass");
    let exports =
        ["/report.json", "/report.html", "/report.md", "/report.junit.xml", "/report.sarif"];
    let pages = ["/", "/scenario/flow/plain", "/scenarios.json"];
    for path in pages.into_iter().chain(exports) {
        let text = house.page(path);
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{path} shows {secret}");
        }
    }
    let report: Value = serde_json::from_str(&house.page("/report.json")).unwrap();
    jsonschema::validate(&json::schema().to_value(), &report).unwrap();
    assert_eq!(report["target"], "Walker, driven by a person");
    assert_eq!(report["scenarios"].as_array().unwrap().len(), 1);
    assert!(house.page("/").contains("1 of "));

    let again = house.walker.send("POST", &house.at("/scenario/flow/plain/again"), &[], "");
    assert_eq!((again.status, again.header("location")), (303, "/scenario/flow/plain"));
    assert!(house.page("/scenario/flow/plain").contains("Nothing yet"));
    assert_ne!(house.endpoint("flow/plain"), endpoint);
    assert_eq!(house.verdicts()["proof-key/s256"], "not-tested");
}

#[test]
fn a_violation_shows_where_it_happened() {
    let house = House::open(|_| {});
    let begun = house.walker.begin(&house.endpoint("flow/plain"));
    let plain = begun.address.replace("code_challenge_method=S256", "code_challenge_method=plain");
    house.walker.get(&plain);
    assert_eq!(house.verdicts()["proof-key/s256"], "fail");
    let page = house.page("/scenario/flow/plain");
    assert!(page.contains("Observed: method") && page.contains("plain"), "{page}");
    assert_eq!(house.serving.report().exit_code(), 1);
}

#[test]
fn what_only_the_process_would_show_is_not_tested() {
    let house = House::open(|_| {});
    house.walker.walk(&house.endpoint("flow/plain"));
    let report: Value = serde_json::from_str(&house.page("/report.json")).unwrap();
    let checks = report["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["id"] == "flow/completes").unwrap();
    assert_eq!(found["verdict"], "not-tested");
    assert!(found["reason"].as_str().unwrap().contains("a person drives it"), "{found}");
}

#[test]
fn every_input_is_another_one() {
    let house = House::open(|_| {});
    let id = checks::all_scenarios().map(|scenario| scenario.id).find(|id| {
        house.page(&format!("/scenario/{id}")).contains("Every start has another input")
    });
    let id = id.unwrap();
    let input = |page: &str| page.split("id=\"input\"").nth(1).unwrap().to_owned();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..6 {
        seen.insert(
            input(&house.page(&format!("/scenario/{id}"))).split("<dl").nth(1).map(str::to_owned),
        );
        house.walker.send("POST", &house.at(&format!("/scenario/{id}/again")), &[], "");
    }
    assert!(seen.len() > 1, "{id}: {seen:?}");
}

#[test]
fn a_name_that_is_not_ours_is_refused_and_so_is_a_form_of_another_page() {
    let house = House::open(|_| {});
    let endpoint = house.endpoint("flow/plain");
    for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", ""] {
        for url in [house.at("/"), house.at("/report.json"), endpoint.clone()] {
            let got = house.walker.send("GET", &url, &[("host", host)], "");
            assert!(matches!(got.status, 400 | 421), "{host} {url}: {got:?}");
        }
    }
    assert_eq!(
        house.walker.send("GET", &house.at("/"), &[("host", "localhost:1")], "").status,
        200
    );
    house.walker.walk(&endpoint);
    let again = house.at("/scenario/flow/plain/again");
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        let got = house.walker.send("POST", &again, &[("origin", origin)], "");
        assert_eq!(got.status, 403, "{origin}");
    }
    assert_eq!(house.endpoint("flow/plain"), endpoint);
    let own = house.serving.url();
    let own = own.trim_end_matches('/');
    assert_eq!(house.walker.send("POST", &again, &[("origin", own)], "").status, 303);
    assert_ne!(house.endpoint("flow/plain"), endpoint);
    assert_eq!(house.walker.get(&again).status, 404);
    assert_eq!(house.walker.send("DELETE", &house.at("/"), &[], "").status, 405);
}

#[test]
fn what_a_client_says_becomes_no_markup_and_hides_nothing() {
    let mut house = House::open(|options| options.approval = Approval::Click);
    house.walker.name = "</script><img src=x onerror=alert(1)>\u{202e}\u{1b}[31m".to_owned();
    let begun = house.walker.begin(&house.endpoint("flow/plain"));
    let consent = house.walker.get(&begun.address);
    let pages = [
        house.page("/"),
        house.page("/scenario/flow/plain"),
        house.page("/report.html"),
        consent.body.clone(),
    ];
    for page in pages {
        assert!(!page.contains("<img") && !page.contains(['\u{202e}', '\u{1b}']), "{page}");
    }
    let index = house.walker.get(&house.at("/"));
    for got in [consent, index] {
        let policy = got.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert!(!policy.contains("unsafe"), "{policy}");
        let foreign = [" src=\"", "<link", "@import", "url("];
        assert!(!foreign.iter().any(|one| got.body.contains(one)), "{}", got.body);
    }
}

#[test]
fn a_scenario_takes_no_more_than_it_can_keep() {
    let house = House::open(|_| {});
    let endpoint = house.endpoint("flow/plain");
    let send = |length: usize| house.walker.send("POST", &endpoint, &[], "x".repeat(length)).status;
    assert_eq!(send(300_000), 413);
    let taken = (0..40).take_while(|_| send(256_000) == 401).count();
    assert!((30..36).contains(&taken), "{taken}");
    assert_eq!(send(1), 503);
    assert!(house.page("/scenario/flow/plain").len() < 200_000);
}

#[test]
fn a_click_allows_or_denies_and_loading_the_page_again_is_not_a_second_request() {
    let house = House::open(|options| options.approval = Approval::Click);
    let decide = |address: &str, page: &str, decision: &str| {
        let ticket = page.split("name=\"ticket\" value=\"").nth(1).unwrap().split('"').next();
        let action = format!("{}/decision", address.split('?').next().unwrap());
        house.walker.post_form(&action, &[("ticket", ticket.unwrap()), ("decision", decision)])
    };
    let begun = house.walker.begin(&house.endpoint("flow/plain"));
    let page = house.walker.get(&begun.address);
    assert_eq!(page.status, 200);
    for shown in ["Walker", "http://127.0.0.1:9/callback", "mcp:read", "Allow", "Deny"] {
        assert!(page.body.contains(shown), "{shown}");
    }
    assert!(house.page("/scenario/flow/plain").contains("waits for your click"));
    let reloaded = house.walker.get(&begun.address);
    assert_eq!(reloaded.body, page.body);
    let allowed = decide(&begun.address, &page.body, "allow");
    assert_eq!(allowed.status, 303);
    house.walker.finish(&begun, allowed.header("location"));
    assert_eq!(decide(&begun.address, &page.body, "allow").status, 400);
    let verdicts = house.verdicts();
    assert_eq!(verdicts["proof-key/s256"], "pass");
    assert_eq!(verdicts["state/fresh"], "not-tested", "there was one request, loaded twice");

    let begun = house.walker.begin(&house.endpoint("flow/plain"));
    let page = house.walker.get(&begun.address);
    let denied = decide(&begun.address, &page.body, "deny");
    let callback = denied.header("location");
    assert_eq!(parameter(callback, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(callback, "state"), Some(begun.state));
    assert_eq!((parameter(callback, "code"), denied.status), (None, 303));
    assert!(parameter(callback, "iss").is_some());
}

#[test]
fn a_client_elsewhere_walks_through_a_tunnel_and_sees_no_page() {
    let origin = "https://tunnel.example";
    let house = House::open(|options| options.public_url = Some(origin.to_owned()));
    let endpoint = house.endpoint("flow/plain");
    assert!(endpoint.starts_with(&format!("{origin}/x/flow/plain/")), "{endpoint}");
    house.walker.walk(&endpoint);
    assert_eq!(house.verdicts()["proof-key/s256"], "pass");
    for path in ["/", "/report.json", "/scenario/flow/plain"] {
        assert_eq!(house.walker.get(&format!("{origin}{path}")).status, 404);
    }
    let got = house.walker.send("GET", &house.at("/"), &[("host", "other.example")], "");
    assert_eq!(got.status, 421);
    house.walker.send("POST", &house.at("/scenario/flow/plain/again"), &[], "");
    assert_eq!(house.walker.get(&endpoint).status, 410);
    house.walker.walk(&house.endpoint("flow/plain"));
    let closed: Vec<Value> =
        house.scenarios().into_iter().filter(|scenario| scenario["url"].is_null()).collect();
    assert!(!closed.is_empty() && closed.len() < house.scenarios().len() / 2, "{closed:?}");
    for scenario in closed {
        let page = house.page(&format!("/scenario/{}", scenario["id"].as_str().unwrap()));
        assert!(page.contains("not available through one address"), "{page}");
    }
}

#[test]
fn an_address_that_cannot_be_served_is_said_before_anything_opens() {
    let open = |address: Option<&str>, public: Option<&str>| {
        let options = ServeOptions {
            address: address.map(|address| address.parse().unwrap()),
            public_url: public.map(str::to_owned),
            ..ServeOptions::default()
        };
        Serving::open(&options).unwrap_err()
    };
    assert!(matches!(open(Some("0.0.0.0:0"), None), ServeError::NotLoopback(_)));
    for wrong in
        ["tunnel.example", "https://t.example/path", "ftp://t.example", "https://a@t.example"]
    {
        assert!(matches!(open(None, Some(wrong)), ServeError::PublicUrl(_)), "{wrong}");
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    assert!(matches!(open(Some(&address), None), ServeError::Listen(..)));
}

#[test]
#[cfg(unix)]
fn an_interruption_ends_it_with_the_report_and_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.json");
    let mut child = Command::new(env!("CARGO_BIN_EXE_lookout-conformance"))
        .args(["client", "--serve", "127.0.0.1:0", "--json", file.to_str().unwrap()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let url = first.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
    let walker = Walker { name: "Walker".to_owned(), ..Walker::default() };
    let list = walker.get(&format!("{url}scenarios.json")).json();
    let endpoint = list[0]["url"].as_str().unwrap().to_owned();
    walker.walk(&endpoint);
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{rest:?}");
    assert!(rest.iter().any(|line| line.contains("conforms, as far as it was tested")), "{rest:?}");
    let report: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    jsonschema::validate(&json::schema().to_value(), &report).unwrap();
    assert!(report["requests"].as_u64().unwrap() > 5);
}
