//! What fetching a document holds against: one law for each rule, over loopback addresses that play the public and the inside.
//!
//! A law says whether a fetcher with some rules keeps it, so that [`crate::planted`] can show that each notices when its rule is missing.

#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use lookout_server::client_documents::fetch::{Bounds, Document, FetchError, Fetcher};
use lookout_server::client_documents::location::{Location, Places};
use lookout_server::client_documents::names::{Found, Names};
use lookout_server::client_documents::rules::Rules;
use reqwest::Certificate;
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::TlsAcceptor;

use crate::site::{Answer, Site, endless};

const NAME: &str = "app.example.com";
/// Plays a public address.
const OUTSIDE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 1);
/// Plays an address that must never be connected to.
const INSIDE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// For what fails, which takes this long.
const TIME: Duration = Duration::from_millis(1500);
/// For what succeeds, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(8);
const DOCUMENT: &str = "{\"client_name\":\"App\"}";

/// The strict rules, where [`OUTSIDE`] is public.
pub(crate) const RULES: Rules =
    Rules { address_is_public: |address| address == IpAddr::V4(OUTSIDE), ..Rules::STRICT };

/// Answers the first question with the first addresses, the second with the second, and then with the last.
#[derive(Debug)]
struct Script(Mutex<Vec<Vec<Ipv4Addr>>>);

impl Script {
    fn new(answers: &[&[Ipv4Addr]]) -> Arc<Self> {
        Arc::new(Self(Mutex::new(answers.iter().map(|found| found.to_vec()).collect())))
    }
}

impl Names for Script {
    fn addresses(&self, name: &str) -> Found {
        assert_eq!(name, NAME);
        let mut answers = self.0.lock().unwrap();
        let found = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        Box::pin(async move { Ok::<_, io::Error>(found.into_iter().map(IpAddr::V4).collect()) })
    }
}

/// A certificate for [`NAME`], and what serves it.
struct Identity {
    root: Certificate,
    tls: TlsAcceptor,
}

fn identity() -> Identity {
    let made = rcgen::generate_simple_self_signed(vec![NAME.to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .unwrap();
    Identity {
        root: Certificate::from_der(made.cert.der()).unwrap(),
        tls: TlsAcceptor::from(Arc::new(config)),
    }
}

fn fetcher(rules: Rules, names: Arc<Script>) -> Fetcher {
    patient(rules, names, TIME)
}

fn patient(rules: Rules, names: Arc<Script>, time: Duration) -> Fetcher {
    let bounds = Bounds { bytes: 5 * 1024, time, fresh_for: 300..=86_400 };
    Fetcher::new(rules, bounds, true, names)
}

/// Where the document of [`NAME`] is.
fn named(port: u16) -> Location {
    let places = Places { ports: vec![port], ..Places::default() };
    Location::parse(&format!("https://{NAME}:{port}/client.json"), &places).unwrap()
}

/// Where the document of a site without a name is.
fn unnamed(site: &Site) -> Location {
    let places = Places { allow_loopback: true, ..Places::default() };
    Location::parse(&format!("http://{}/client.json", site.address), &places).unwrap()
}

async fn plain(answer: Answer) -> Site {
    Site::start(OUTSIDE, 0, None, answer).await
}

async fn fetched_from(rules: Rules, answer: Answer) -> Result<Document, FetchError> {
    let site = plain(answer).await;
    fetcher(rules, Script::new(&[&[OUTSIDE]])).fetch(&unnamed(&site), ()).await
}

/// The same without hurry, and a failure is told at once.
async fn fetched_in_peace(rules: Rules, answer: Answer) -> Result<Document, FetchError> {
    let site = plain(answer).await;
    let rules = Rules { failures_take_all_the_time: false, ..rules };
    patient(rules, Script::new(&[&[OUTSIDE]]), PATIENCE).fetch(&unnamed(&site), ()).await
}

fn run<T>(law: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(law)
}

pub(crate) fn a_name_that_stands_for_an_inside_address_is_not_connected_to(rules: Rules) -> bool {
    run(async {
        let canary = Site::start(INSIDE, 0, None, Answer::Nothing).await;
        let fetcher = fetcher(rules, Script::new(&[&[INSIDE]]));
        fetcher.fetch(&named(canary.address.port()), ()).await.is_err() && canary.connections() == 0
    })
}

pub(crate) fn one_inside_address_among_others_spoils_the_name(rules: Rules) -> bool {
    run(async {
        let canary = Site::start(INSIDE, 0, None, Answer::Nothing).await;
        // Nobody listens on that port of the outside address, so whoever tries both gets to the canary.
        let fetcher = fetcher(rules, Script::new(&[&[OUTSIDE, INSIDE]]));
        fetcher.fetch(&named(canary.address.port()), ()).await.is_err() && canary.connections() == 0
    })
}

pub(crate) fn a_name_that_changes_its_address_is_connected_to_where_it_was_judged(
    rules: Rules,
) -> bool {
    run(async {
        let identity = identity();
        let answer = Answer::json(DOCUMENT);
        let site = Site::start(OUTSIDE, 0, Some(identity.tls.clone()), answer).await;
        let port = site.address.port();
        let canary = Site::start(INSIDE, port, Some(identity.tls), Answer::Nothing).await;
        let rules = Rules { failures_take_all_the_time: false, ..rules };
        let fetcher =
            patient(rules, Script::new(&[&[OUTSIDE], &[INSIDE]]), PATIENCE).trusting(identity.root);
        fetcher.fetch(&named(port), ()).await.is_ok() && canary.connections() == 0
    })
}

pub(crate) fn a_redirect_leads_nowhere(rules: Rules) -> bool {
    run(async {
        let canary = Site::start(INSIDE, 0, None, Answer::json(DOCUMENT)).await;
        let mut kept = true;
        for status in ["301 Moved", "302 Found", "303 See Other", "307 Again", "308 Again"] {
            let location = format!("location: http://{}/client.json", canary.address);
            let answer =
                Answer::with(status, &[&location, "content-type: application/json"], b"{}");
            kept &= fetched_in_peace(rules, answer).await.is_err();
        }
        kept && canary.connections() == 0
    })
}

pub(crate) fn a_site_that_nobody_certified_is_not_believed(rules: Rules) -> bool {
    run(async {
        let site = Site::start(OUTSIDE, 0, Some(identity().tls), Answer::json(DOCUMENT)).await;
        let fetcher = fetcher(rules, Script::new(&[&[OUTSIDE]])).trusting(identity().root);
        fetcher.fetch(&named(site.address.port()), ()).await.is_err()
    })
}

pub(crate) fn only_200_is_a_document(rules: Rules) -> bool {
    run(async {
        let mut kept = true;
        for status in ["201 Created", "203 Other", "206 Part", "404 Not Found", "500 Broken"] {
            let answer =
                Answer::with(status, &["content-type: application/json"], DOCUMENT.as_bytes());
            kept &= fetched_in_peace(rules, answer).await.is_err();
        }
        kept
    })
}

pub(crate) fn only_json_is_a_document(rules: Rules) -> bool {
    run(async {
        let mut kept = true;
        for header in ["content-type: text/html", "content-type: text/plain", "x-nothing: said"] {
            let answer = Answer::with("200 OK", &[header], DOCUMENT.as_bytes());
            kept &= fetched_in_peace(rules, answer).await.is_err();
        }
        kept
    })
}

pub(crate) fn a_large_document_is_not_read(rules: Rules) -> bool {
    run(async {
        let of = |length: usize| Answer::json(&format!("{DOCUMENT:length$}"));
        fetched_in_peace(rules, of(5 * 1024)).await.is_ok()
            && matches!(fetched_in_peace(rules, of(5 * 1024 + 1)).await, Err(FetchError::Size))
    })
}

pub(crate) fn a_slow_document_is_given_up(rules: Rules) -> bool {
    run(async {
        let Answer::Bytes(bytes) = Answer::json(DOCUMENT) else { return false };
        let pause = TIME * 2 / u32::try_from(bytes.len()).unwrap();
        let slow = fetched_from(rules, Answer::Trickle(bytes, pause)).await;
        matches!(slow, Err(FetchError::Time))
    })
}

pub(crate) fn every_failure_takes_the_same_time(rules: Rules) -> bool {
    run(async {
        let took = async |answer: Option<Answer>| {
            let site = plain(answer.clone().unwrap_or(Answer::Nothing)).await;
            let mut location = unnamed(&site);
            if answer.is_none() {
                // Nobody listens there.
                let closed =
                    std::net::TcpListener::bind((OUTSIDE, 0)).unwrap().local_addr().unwrap();
                let places = Places { allow_loopback: true, ..Places::default() };
                location =
                    Location::parse(&format!("http://{closed}/client.json"), &places).unwrap();
            }
            let began = Instant::now();
            let outcome = fetcher(rules, Script::new(&[&[OUTSIDE]])).fetch(&location, ()).await;
            assert!(outcome.is_err());
            began.elapsed()
        };
        let missing = Answer::with("404 Not Found", &[], b"");
        let mut kept = took(None).await >= TIME && took(Some(missing)).await >= TIME;
        let began = Instant::now();
        let inside = fetcher(rules, Script::new(&[&[INSIDE]])).fetch(&named(1), ()).await;
        kept &= inside.is_err() && began.elapsed() >= TIME;
        kept && took(Some(Answer::Nothing)).await < TIME * 2
    })
}

#[test]
fn a_document_at_a_certified_name_is_read() {
    run(async {
        let identity = identity();
        let headers = ["content-type: application/json", "cache-control: max-age=600"];
        let answer = Answer::with("200 OK", &headers, DOCUMENT.as_bytes());
        let site = Site::start(OUTSIDE, 0, Some(identity.tls), answer).await;
        let fetcher = patient(RULES, Script::new(&[&[OUTSIDE]]), PATIENCE).trusting(identity.root);
        let document = fetcher.fetch(&named(site.address.port()), ()).await.unwrap();
        assert_eq!(document, Document { bytes: DOCUMENT.into(), fresh_for: 600 });
        let [head] = site.heads().try_into().unwrap();
        let head = head.to_lowercase();
        assert!(head.starts_with("get /client.json http/1.1\r\n"), "{head}");
        for absent in ["cookie", "authorization", "referer", "accept-encoding"] {
            assert!(!head.contains(absent), "{head}");
        }
    });
}

#[test]
fn an_answer_that_never_ends_is_cut_off_by_its_size() {
    let began = Instant::now();
    assert!(matches!(run(fetched_in_peace(RULES, endless())), Err(FetchError::Size)));
    assert!(began.elapsed() < TIME * 3);
}

#[test]
fn a_compressed_document_is_not_unpacked() {
    // What these bytes unpack to does not matter.
    let headers = ["content-type: application/json", "content-encoding: gzip"];
    let answer = Answer::with("200 OK", &headers, &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
    assert!(matches!(run(fetched_in_peace(RULES, answer)), Err(FetchError::Type)));
}

#[test]
fn a_site_that_says_nothing_is_given_up() {
    assert!(matches!(run(fetched_from(RULES, Answer::Nothing)), Err(FetchError::Time)));
}

const CHILD: &str = "LOOKOUT_TEST_PROXY_CHILD";

/// Whether a proxy of the environment is left alone. The environment belongs to the whole process, so this test runs itself in another.
fn proxies_are_left_alone(rules: &str) -> bool {
    run(async {
        let proxy = Site::start(OUTSIDE, 0, None, Answer::json(DOCUMENT)).await;
        let address = format!("http://{}", proxy.address);
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "fetch::no_proxy_of_the_environment_is_used"]).env(CHILD, rules);
        for name in
            ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]
        {
            child.env(name, &address);
        }
        for name in ["no_proxy", "NO_PROXY"] {
            child.env_remove(name);
        }
        let child = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
        assert!(child.status.success(), "{child:?}");
        proxy.connections() == 0
    })
}

#[test]
fn no_proxy_of_the_environment_is_used() {
    match std::env::var(CHILD).as_deref() {
        Ok(rules) => {
            let rules = Rules { proxies_are_ignored: rules == "strict", ..RULES };
            // Whether it is read or not: what counts is whom it asked.
            let _ = run(async {
                let fetcher = fetcher(rules, Script::new(&[&[OUTSIDE]]));
                fetcher.fetch(&named(1), ()).await
            });
        }
        Err(_) => {
            assert!(proxies_are_left_alone("strict"));
            assert!(!proxies_are_left_alone("with proxies"), "the planted fault is not noticed");
        }
    }
}
