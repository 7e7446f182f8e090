//! The authorization page in a real browser. Skipped, and said so, where there is none.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lookout_conformance::report::Verdict;
use lookout_conformance::serve::{Approval, ServeOptions, Serving};
use lookout_conformance::{GradeOptions, Launch, grade};
use serde_json::{Value, json};

#[path = "scripted_client/kills.rs"]
#[allow(dead_code, reason = "another test uses the rest of it")]
mod kills;
#[path = "serve/walker.rs"]
#[allow(dead_code, reason = "another test uses the rest of it")]
mod walker;

use kills::PROGRAM;
use walker::{Walker, parameter};

/// Without it a browser that has no sandbox or no graphics does not start.
const FLAGS: [&str; 3] = ["--headless=new", "--no-sandbox", "--disable-gpu"];

/// Whether `program` can be started; a run that must skip nothing fails without it.
fn has(program: &str) -> bool {
    let started = Command::new(program).arg("--version").output();
    let found = started.is_ok_and(|output| output.status.success());
    if !found {
        let required = std::env::var_os("LOOKOUT_SKIP_NOTHING").is_some();
        assert!(!required, "{program} is not installed");
        eprintln!("SKIPPED: {program} is not installed, so no browser opened the page");
    }
    found
}

#[test]
fn a_headless_browser_goes_where_the_client_sends_the_person() {
    if !has("chromium") {
        return;
    }
    let mut launch = Launch::new([PROGRAM.to_str().unwrap(), "{url}"]);
    let words = ["chromium"].into_iter().chain(FLAGS).chain(["--dump-dom"]);
    launch.browser = Some(words.map(str::to_owned).collect());
    launch.timeout = Duration::from_secs(120);
    launch.quiet = Duration::from_secs(60);
    let options = GradeOptions {
        only: ["flow", "proof-key", "state"].map(str::to_owned).to_vec(),
        scenarios: vec!["flow/plain".to_owned()],
        jobs: 2,
        ..GradeOptions::default()
    };
    let report = grade(&launch, &options, &|_| ()).unwrap();
    let others: Vec<_> =
        report.checks.iter().filter(|check| check.verdict != Verdict::Pass).collect();
    assert!(others.is_empty(), "{others:#?}");
    assert_eq!(report.scenarios[0].runs, 3);
}

/// A chromedriver on a free port with a browser session. Both end with this value.
struct Driven {
    child: Child,
    session: String,
    agent: ureq::Agent,
}

impl Driven {
    fn start() -> Self {
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.find_map(|line| {
            let line = line.ok()?;
            let (_, port) = line.split_once("started successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        });
        std::thread::spawn(move || lines.for_each(drop));
        let config = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
        let agent = config.timeout_global(Some(Duration::from_secs(60))).build().new_agent();
        let mut driven = Self { child, session: String::new(), agent };
        driven.session = format!("http://127.0.0.1:{}/session", port.unwrap());
        let options = json!({ "goog:chromeOptions": { "args": FLAGS } });
        let asked = json!({ "capabilities": { "alwaysMatch": options } });
        let id = driven.post("", &asked)["sessionId"].as_str().unwrap().to_owned();
        driven.session = format!("{}/{id}", driven.session);
        driven
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}{path}", self.session);
        let sent = self.agent.post(url).header("content-type", "application/json");
        let mut reply = sent.send(body.to_string()).unwrap();
        let reply: Value =
            serde_json::from_str(&reply.body_mut().read_to_string().unwrap()).unwrap();
        reply["value"].clone()
    }

    fn open(&self, url: &str) {
        self.post("/url", &json!({ "url": url }));
    }

    fn location(&self) -> String {
        let mut reply = self.agent.get(format!("{}/url", self.session)).call().unwrap();
        let reply: Value =
            serde_json::from_str(&reply.body_mut().read_to_string().unwrap()).unwrap();
        reply["value"].as_str().unwrap_or_default().to_owned()
    }

    fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    fn press(&self, selector: &str) {
        let found = self.post("/element", &json!({ "using": "css selector", "value": selector }));
        let element = found.as_object().unwrap().values().next().unwrap().as_str().unwrap();
        self.post(&format!("/element/{element}/click"), &json!({}));
    }

    /// Waits until `look` sees something.
    fn wait<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(seen) = look() {
                return seen;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "{what}: at {}", self.location());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        // All of it fails only when it has ended by itself.
        let _ = self.agent.delete(&self.session).call();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_person_clicks_in_a_browser_and_sees_what_arrives_without_loading_the_page_again() {
    if !has("chromium") || !has("chromedriver") {
        return;
    }
    let driven = Driven::start();
    let options = ServeOptions {
        address: "127.0.0.1:0".parse().ok(),
        approval: Approval::Click,
        ..ServeOptions::default()
    };
    let serving = Serving::open(&options).unwrap();
    let walker = Walker { name: "Walker".to_owned(), ..Walker::default() };
    let page = format!("{}scenario/flow/plain", serving.url());
    let list = walker.get(&format!("{}scenarios.json", serving.url())).json();
    let endpoint = list[0]["url"].as_str().unwrap().to_owned();
    for (button, member) in [("#deny", "error"), ("#allow", "code")] {
        let begun = walker.begin(&endpoint);
        driven.open(&begun.address);
        driven.press(button);
        let callback = driven.wait("the callback", || {
            Some(driven.location()).filter(|url| url.starts_with("http://127.0.0.1:9/callback"))
        });
        assert!(parameter(&callback, member).is_some(), "{callback}");
        if member == "code" {
            driven.open(&page);
            let shown = || driven.run("return document.querySelectorAll('.exchanges li').length");
            let before = shown().as_u64().unwrap();
            driven.run("document.querySelector('.exchanges details').open = true; window.kept = 1");
            walker.finish(&begun, &callback);
            driven.wait("what arrived", || shown().as_u64().filter(|now| *now >= before + 3));
            assert_eq!(driven.run("return window.kept"), 1, "the page was not loaded again");
            let open =
                driven.run("return document.querySelectorAll('.exchanges details[open]').length");
            assert_eq!(open, 1, "what was open stays open");
            let script = "return document.documentElement.scrollWidth <= innerWidth";
            assert_eq!(driven.run(script), true);
        }
    }
    driven.press("form[action$='/again'] button");
    driven.wait("an empty page", || {
        let text = driven.run("return document.getElementById('exchanges').textContent");
        text.as_str().is_some_and(|text| text.contains("Nothing yet")).then_some(())
    });
}
