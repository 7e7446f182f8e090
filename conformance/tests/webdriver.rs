//! Consent in a real browser. Skipped, and said so, where there is no chromedriver.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lookout_conformance::report::Verdict;
use lookout_conformance::secret::Secret;
use lookout_conformance::target::consent::Selectors;
use lookout_conformance::target::{Consent, Driver, Person, WebDriver};
use lookout_conformance::{Options, run};

#[path = "reference/server.rs"]
#[allow(dead_code, reason = "another test uses the rest of it")]
mod server;

use server::Server;

/// A chromedriver on a free port. It ends with this value.
struct Chromedriver {
    child: Child,
    url: String,
}

impl Chromedriver {
    fn start() -> Option<Self> {
        let spawned = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut child) = spawned else {
            let required = std::env::var_os("LOOKOUT_SKIP_NOTHING").is_some();
            assert!(!required, "chromedriver is not installed");
            eprintln!("SKIPPED: chromedriver is not installed, so no browser consented");
            return None;
        };
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let started = lines.find_map(|line| {
            let line = line.ok()?;
            let (_, port) = line.split_once("started successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        });
        std::thread::spawn(move || lines.for_each(drop));
        let url = format!("http://127.0.0.1:{}", started.unwrap());
        Some(Self { child, url })
    }
}

impl Drop for Chromedriver {
    fn drop(&mut self) {
        // Both fail only when it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_person_signs_in_narrows_denies_and_allows_in_a_browser() {
    let Some(chromedriver) = Chromedriver::start() else { return };
    let server = Server::start(None, |_| {});
    let mut target = server.target();
    let person: Person = target.person().unwrap().clone();
    let options = serde_json::json!({"args": ["--headless=new", "--no-sandbox", "--disable-gpu"]});
    let mut driver = WebDriver {
        url: chromedriver.url.clone(),
        capabilities: serde_json::Map::from_iter([("goog:chromeOptions".to_owned(), options)]),
        selectors: Selectors::default(),
        timeout: Duration::from_secs(60),
    };
    let consent = |person: Person, driver: &WebDriver| {
        Some(Consent { person: Some(person), driver: Driver::WebDriver(driver.clone()) })
    };
    target.consent = consent(person.clone(), &driver);
    let only = ["code/single-use", "consent/deny", "scope/consent-narrows", "page/framing"];
    let only: Vec<String> = only.map(str::to_owned).to_vec();
    let report = run(&target, &Options { only, ..Options::default() }).unwrap();
    let verdicts: BTreeMap<_, _> =
        report.checks.iter().map(|check| (check.id.as_str(), check.verdict)).collect();
    let expected = BTreeMap::from([
        ("code/single-use", Verdict::Pass),
        ("scope/consent-narrows", Verdict::Pass),
        ("consent/deny", Verdict::Pass),
        ("page/framing", Verdict::NotTested),
    ]);
    assert_eq!(verdicts, expected, "{:#?}", report.checks);

    let stranger = Person { password: Secret::new("not the password"), ..person };
    driver.timeout = Duration::from_secs(20);
    target.consent = consent(stranger, &driver);
    let only = vec!["code/single-use".to_owned()];
    let report = run(&target, &Options { only, ..Options::default() }).unwrap();
    let reason = report.checks[0].reason.clone().unwrap_or_default();
    assert_eq!(report.checks[0].verdict, Verdict::Error);
    assert!(reason.contains("is the password right?"), "{reason}");
}
