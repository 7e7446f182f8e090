//! No secret that crossed the wire is in any rendering of a real run.
//!
//! The oracle is the wire itself: a proxy between harness and server writes down everything, and
//! the secrets are picked out of that, so that a value the harness failed to recognise counts too.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use lookout_conformance::expected::Expectations;
use lookout_conformance::replay::ReplayFile;
use lookout_conformance::report::text::{Style, line, render};
use lookout_conformance::report::{Report, Verdict, html, json, junit, markdown, sarif};
use lookout_conformance::{Options, run};
use lookout_server::danger::faults;

#[path = "reference/server.rs"]
mod server;

use server::Server;

/// Forwards connections and keeps a copy of what went through.
struct Wire {
    seen: Arc<Mutex<String>>,
}

impl Wire {
    fn tap(listener: TcpListener, server: SocketAddr) -> Self {
        let seen = Arc::new(Mutex::new(String::new()));
        let log = Arc::clone(&seen);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let upstream = TcpStream::connect(server).unwrap();
                forward(client.try_clone().unwrap(), upstream.try_clone().unwrap(), &log);
                forward(upstream, client, &log);
            }
        });
        Self { seen }
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, log: &Arc<Mutex<String>>) {
    let log = Arc::clone(log);
    thread::spawn(move || {
        let mut whole = Vec::new();
        let mut buffer = [0; 16 << 10];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            whole.extend_from_slice(&buffer[..length]);
            // Said before it is passed on, so that nothing is judged that was not written down.
            log.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..length]));
            if to.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        // A value may lie across two reads.
        log.lock().unwrap().push_str(&String::from_utf8_lossy(&whole));
        let _ = to.shutdown(Shutdown::Write);
    });
}

/// The secrets on the wire: the server's credentials by their prefixes, and what forms carry.
fn secrets(wire: &str) -> BTreeSet<String> {
    let mut secrets = BTreeSet::new();
    let end = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '~'));
    for name in [
        "lkoat_",
        "lkort_",
        "lkmcp_",
        "lkoac_",
        "lkocs_",
        "lkses_",
        "code_verifier=",
        "name=\"csrf\" value=\"",
        "csrf=",
    ] {
        for (at, _) in wire.match_indices(name) {
            let start = if name.starts_with("lk") { at } else { at + name.len() };
            let length = wire[start..].find(end).unwrap_or(wire.len() - start);
            let value = &wire[start..start + length];
            // Shorter or monotonous ones are made up by the harness to be refused.
            let distinct: BTreeSet<char> = value.chars().skip(6).collect();
            if value.len() >= 40 && distinct.len() > 12 {
                secrets.insert(value.to_owned());
            }
        }
    }
    secrets
}

fn renderings(report: &Report) -> Vec<(&'static str, String)> {
    let lines: String = report.checks.iter().map(|check| line(check, Style::Plain)).collect();
    let files = report.checks.iter().filter_map(|check| ReplayFile::of(report, check));
    vec![
        ("terminal", format!("{lines}{}", render(report, Style::Colour))),
        ("JSON", json::render(report).to_string()),
        ("HTML", html::render(report)),
        ("JUnit", junit::render(report)),
        ("SARIF", sarif::render(report).to_string()),
        ("Markdown", markdown::render(report)),
        ("replay", files.map(|file| file.text()).collect()),
        ("expected", Expectations::of(report).text()),
    ]
}

#[test]
fn no_secret_that_crossed_the_wire_is_in_any_rendering() {
    // Faults that put tokens, codes, verifiers, secrets, cookies and pages into transcripts.
    let planted = [
        ("old-refresh-tokens-work", "refresh"),
        ("verifier-ignored", "pkce"),
        ("any-client-secret", "token"),
        ("session-fixed", "page"),
        ("token-shown-again", "programmatic"),
    ];
    for (seed, (name, area)) in (1..).zip(planted) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let fault = faults().find(|fault| fault.name == name).unwrap();
        let server = Server::start(Some(fault), |settings| settings.public_url = Some(url.clone()));
        let mut target = server.target();
        let address = url::Url::parse(&target.url).unwrap().socket_addrs(|| None).unwrap()[0];
        let wire = Wire::tap(listener, address);
        target.url = format!("{url}/mcp");
        let options = Options {
            seed,
            cases: 2,
            shrink_tries: 2,
            strict: true,
            only: vec![area.to_owned()],
            ..Options::default()
        };
        let report = run(&target, &options).unwrap();
        assert!(report.with(Verdict::Fail).any(|check| !check.transcript.is_empty()), "{name}");

        let mut secrets = secrets(&wire.seen.lock().unwrap());
        assert!(secrets.len() > 10, "{name}: the wire shows {} secrets", secrets.len());
        secrets.insert(target.person().unwrap().password.expose().to_owned());
        for (rendering, text) in renderings(&report) {
            for secret in &secrets {
                assert!(!text.contains(secret.as_str()), "{name}: {secret} is in the {rendering}");
            }
        }
    }
}
