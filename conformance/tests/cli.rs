//! The command line: what it says and what it exits with, before any check runs.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::TcpListener;
use std::process::{Command, Output};

fn harness(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lookout-conformance"))
        .args(arguments)
        .env_remove("LOOKOUT_CONFORMANCE_PASSWORD")
        .output()
        .unwrap()
}

#[track_caller]
fn fails_with(arguments: &[&str], code: i32, needed: &str) {
    let output = harness(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(stderr.contains(needed), "{stderr}");
    assert_eq!(stderr.trim_end().lines().count(), 1, "one line says what to do: {stderr}");
}

#[test]
fn a_list_needs_no_server() {
    let output = harness(&["server", "--list", "--only", "pkce"]);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success());
    assert!(stdout.contains("pkce/wrong-verifier") && stdout.contains("RFC 7636 section 4.6"));
    assert!(!stdout.contains("metadata/"));
}

#[test]
fn a_missing_address_is_a_usage_error() {
    fails_with(&["server"], 2, "--url is missing");
}

#[test]
fn a_user_without_a_password_is_a_usage_error_that_names_the_variable() {
    let arguments =
        ["server", "--url", "http://127.0.0.1:1", "--user", "ada", "--password-env", "ADAS"];
    fails_with(&arguments, 2, "environment variable ADAS");
}

#[test]
fn an_unknown_check_is_a_usage_error_that_names_the_areas() {
    fails_with(&["server", "--url", "http://127.0.0.1:1", "--only", "pkcee"], 2, "Areas: metadata");
}

#[test]
fn a_catalogue_that_is_none_is_a_usage_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "{}").unwrap();
    let path = file.path().to_str().unwrap();
    let arguments = ["server", "--url", "http://127.0.0.1:1", "--catalogue", path];
    fails_with(&arguments, 2, "this is no catalogue");
}

#[test]
fn a_server_that_does_not_run_exits_with_three() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    fails_with(&["server", "--url", &url], 3, "Is the server running");
}

#[test]
fn something_that_is_no_address_exits_with_three() {
    fails_with(&["server", "--url", "nonsense"], 3, "is no http or https address");
    fails_with(&["server", "--url", "ftp://example.com"], 3, "is no http or https address");
    fails_with(&["init", "notaurl"], 2, "is no http or https address");
}

#[test]
fn no_time_and_no_threads_are_usage_errors() {
    for option in ["--timeout", "--threads"] {
        let output = harness(&["server", "--url", "http://127.0.0.1:1", option, "0"]);
        assert_eq!(output.status.code(), Some(2), "{option}");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains(option), "{stderr}");
    }
}

#[test]
fn a_target_file_is_never_overwritten_unasked() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    fails_with(&["init", "http://127.0.0.1:1", "--out", path], 2, "replace it with --force");
}

#[test]
fn a_draft_of_a_server_that_does_not_run_exits_with_three_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("target.toml");
    let arguments = ["init", "http://127.0.0.1:1", "--out", path.to_str().unwrap()];
    fails_with(&arguments, 3, "Is the server running");
    assert!(!path.exists());
}

#[test]
fn a_nonce_that_is_not_that_of_the_file_is_a_usage_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = "url = \"https://mcp.example.com/mcp\"\n[ownership]\n\
                authorization = \"Ada allows this.\"\nnonce = \"0123456789abcdef\"";
    std::fs::write(file.path(), text).unwrap();
    let path = file.path().to_str().unwrap();
    let arguments = ["server", "--target", path, "--i-own", "something else"];
    fails_with(&arguments, 2, "--i-own is not the ownership.nonce");
}

#[test]
fn a_report_that_cannot_be_written_is_told_before_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "kept").unwrap();
    let inside = file.join("report");
    let inside = inside.to_str().unwrap();
    // Nothing listens there, so that a run that had begun would exit with 3.
    let fine = folder.path().join("fine.html");
    let url = ["server", "--url", "http://127.0.0.1:1", "--html", fine.to_str().unwrap()];
    for option in ["--json", "--junit", "--sarif", "--markdown", "--write-expected", "--replay-dir"]
    {
        let arguments = [&url[..], &[option, inside]].concat();
        fails_with(&arguments, 2, &format!("cannot write {inside}"));
        assert!(harness(&arguments).stdout.is_empty(), "nothing has begun");
    }
    fails_with(&[&url[..], &["--json", file.to_str().unwrap()]].concat(), 3, "127.0.0.1:1");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept");
    assert!(!fine.exists());
}

#[test]
fn an_unknown_check_is_told_before_anything_else() {
    let output = harness(&["server", "--url", "http://127.0.0.1:1", "--only", "pkcee"]);
    assert!(output.stdout.is_empty());
}

#[test]
fn help_has_examples_and_exit_codes() {
    let output = harness(&["server", "--help"]);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("Examples:") && stdout.contains("Exit codes:"), "{stdout}");
}
