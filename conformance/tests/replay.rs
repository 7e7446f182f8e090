//! Recorded counterexamples: found once, written to a file, tried again.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use lookout_conformance::replay::{ReplayFile, ReplayResult, replay};
use lookout_conformance::{Options, Target, run};
use serde_json::json;

#[path = "scripted/server.rs"]
mod server;

use server::{documents, json_answer, serve};

/// A token endpoint that fails on bytes above 200 until it is mended.
struct Flawed {
    address: SocketAddr,
    is_mended: Arc<AtomicBool>,
    high_bodies: Arc<AtomicUsize>,
}

fn flawed() -> Flawed {
    let is_mended = Arc::new(AtomicBool::new(false));
    let high_bodies = Arc::new(AtomicUsize::new(0));
    let (mended, bodies) = (Arc::clone(&is_mended), Arc::clone(&high_bodies));
    let address = serve(move |base, asked| match asked.path.as_str() {
        "/token" if asked.body.iter().any(|byte| *byte > 200) => {
            bodies.fetch_add(1, Ordering::SeqCst);
            match mended.load(Ordering::SeqCst) {
                true => json_answer(400, r#"{"error":"invalid_request"}"#),
                false => json_answer(500, "{}"),
            }
        }
        "/token" => json_answer(400, r#"{"error":"invalid_request"}"#),
        _ => documents(base, asked),
    });
    Flawed { address, is_mended, high_bodies }
}

fn options() -> Options {
    Options {
        only: vec!["robust/form-body".to_owned()],
        seed: 3,
        shrink_tries: 4000,
        ..Options::default()
    }
}

impl Flawed {
    fn target(&self) -> Target {
        Target::new(format!("http://{}", self.address))
    }

    fn record(&self) -> ReplayFile {
        let report = run(&self.target(), &options()).unwrap();
        ReplayFile::of(&report, &report.checks[0]).unwrap()
    }

    fn replay(&self, file: &ReplayFile) -> ReplayResult {
        replay(&self.target(), &Options::default(), file).unwrap().result
    }
}

#[test]
fn a_counterexample_is_reproduced_by_sending_that_input_once() {
    let server = flawed();
    let file = server.record();
    assert_eq!(file.input.as_deref(), Some("[201]"));
    assert!(file.trail.as_ref().is_some_and(|trail| trail.shrinks.contains('+')));
    server.high_bodies.store(0, Ordering::SeqCst);
    let ReplayResult::Reproduced(found) = server.replay(&file) else { panic!("it still fails") };
    assert_eq!(found.input, file.input);
    assert_eq!(found.observed, file.observed);
    assert_eq!(server.high_bodies.load(Ordering::SeqCst), 1, "one input, and no shrinking");
}

#[test]
fn a_counterexample_is_gone_when_the_server_is_mended() {
    let server = flawed();
    let file = server.record();
    server.is_mended.store(true, Ordering::SeqCst);
    assert_eq!(server.replay(&file), ReplayResult::Gone);
}

#[test]
fn an_input_that_is_made_differently_today_is_not_comparable() {
    let server = flawed();
    let file = server.record();
    let with = |change: fn(&mut lookout_conformance::replay::Trail)| {
        let mut file = file.clone();
        change(file.trail.as_mut().unwrap());
        server.replay(&file)
    };
    for result in [
        with(|trail| trail.case += 1),
        with(|trail| trail.law = 99),
        with(|trail| trail.digest = "0".repeat(64)),
    ] {
        assert!(matches!(result, ReplayResult::NotComparable(_)), "{result:?}");
        assert_eq!(result.exit_code(), 3);
    }
}

#[test]
fn a_check_without_generated_input_is_run_again() {
    let is_mended = Arc::new(AtomicBool::new(false));
    let mended = Arc::clone(&is_mended);
    let address = serve(move |base, asked| {
        let (_, headers, body) = documents(base, asked)?;
        let is_lying = asked.path.ends_with("server") && !mended.load(Ordering::SeqCst);
        let body = if is_lying { body.replace("S256", "S256\",\"plain") } else { body };
        Some((200, headers, body))
    });
    let target = Target::new(format!("http://{address}"));
    let only = vec!["metadata/s256-only".to_owned()];
    let report = run(&target, &Options { only, ..Options::default() }).unwrap();
    let file = ReplayFile::of(&report, &report.checks[0]).unwrap();
    assert_eq!(file.trail, None);
    let again = |file| replay(&target, &Options::default(), file).unwrap().result;
    assert!(matches!(again(&file), ReplayResult::Reproduced(_)));
    is_mended.store(true, Ordering::SeqCst);
    assert_eq!(again(&file), ReplayResult::Gone);
}

fn harness(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lookout-conformance")).args(arguments).output().unwrap()
}

#[track_caller]
fn exits_with(code: i32, path: &Path, needed: &str) {
    let output = harness(&["replay", path.to_str().unwrap()]);
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.contains(needed), "{text}");
}

#[test]
fn a_run_writes_the_files_that_replay_reads() {
    let server = flawed();
    let folder = tempfile::tempdir().unwrap();
    let url = format!("http://{}", server.address);
    let run = harness(&[
        "server",
        "--url",
        &url,
        "--only",
        "robust/form-body",
        "--strict",
        "--seed",
        "3",
        "--replay-dir",
        folder.path().to_str().unwrap(),
    ]);
    assert_eq!(run.status.code(), Some(1));
    let path = folder.path().join("robust-form-body.json");
    exits_with(1, &path, "REPRODUCED robust/form-body");
    server.is_mended.store(true, Ordering::SeqCst);
    exits_with(0, &path, "gone robust/form-body");
    let mut file = ReplayFile::read(&path).unwrap();
    file.trail.as_mut().unwrap().case += 1;
    std::fs::write(&path, file.text()).unwrap();
    exits_with(3, &path, "not comparable");
}

#[test]
fn a_wrong_file_is_a_usage_error_that_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("case.json");
    exits_with(2, &path, "cannot read the replay file");
    let good = json!({
        "format": 1, "harness": "0.1.0", "target": "http://127.0.0.1:1", "check": "pkce/method",
        "seed": 1, "cases": 1, "expected": "e", "observed": "o",
        "trail": {"law": 0, "case": 0, "digest": "0".repeat(64)}
    });
    let with = |pointer: &str, value: serde_json::Value| {
        let mut document = good.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap()[name] = value;
        document.to_string()
    };
    for (text, needed) in [
        ("{".to_owned(), "is no replay file"),
        ("[]".to_owned(), "is no replay file"),
        (with("/format", json!(2)), "format 2; this harness reads format 1"),
        (with("/cases", json!(-1)), "invalid value: integer `-1`"),
        (with("/surprise", json!(1)), "unknown field `surprise`"),
        (with("/trail/shrinks", json!("+-")), "does not end with an input that was kept"),
        (with("/trail/shrinks", json!("x")), "other than + and -"),
        (with("/trail/digest", json!("x")), "no SHA-256"),
    ] {
        std::fs::write(&path, text).unwrap();
        exits_with(2, &path, needed);
    }
}

#[track_caller]
fn shows_no_escape(arguments: &[&str], needed: &str) {
    let output = harness(arguments);
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(text.contains(needed), "{text:?}");
    assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{text:?}");
}

#[test]
fn control_characters_of_a_replay_file_are_written_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("case.json");
    let evil = |text: &str| format!("{text}\u{1b}[31m\u{7}\u{202e}");
    let good = json!({
        "format": 1, "harness": evil("0"), "target": "http://127.0.0.1:1", "check": evil("a/b"),
        "seed": 1, "cases": 1, "input": evil("i"), "expected": evil("e"), "observed": evil("o")
    });
    let show = |document: &serde_json::Value, needed| {
        std::fs::write(&path, document.to_string()).unwrap();
        shows_no_escape(&["replay", path.to_str().unwrap()], needed);
    };
    show(&good, r"not comparable a/b\u{1b}[31m");
    let mut wrong = good;
    wrong[evil("surprise")] = json!(1);
    show(&wrong, r"unknown field `surprise\u{1b}");
}

#[test]
fn control_characters_of_discovery_documents_are_written_out() {
    let address = serve(|base, asked| {
        let (status, headers, body) = documents(base, asked)?;
        let evil = format!("\"authorization_servers\":[\"{base}/\\u001b[31m\\u0007\\u202e\"]");
        let good = format!("\"authorization_servers\":[\"{base}\"]");
        Some((status, headers, body.replace(&good, &evil)))
    });
    let url = format!("http://{address}");
    shows_no_escape(&["server", "--url", &url, "--only", "metadata"], r"\u{1b}");
}
