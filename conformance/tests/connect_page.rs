//! What the Connect page of the reference server says to type for the harness is what the harness takes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

use lookout_conformance::Target;

#[path = "reference/server.rs"]
mod server;

use server::{EMAIL, PASSWORD, Server};

/// The page at `path`, as somebody sees it who signed in.
fn page(base: &str, path: &str) -> String {
    let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
    let agent: ureq::Agent = config.proxy(None).build().into();
    let mut answer = agent.get(format!("{base}/sign-in")).call().unwrap();
    let pair = |header: &str| header.split(';').next().unwrap().to_owned();
    let cookie = answer.headers().get("set-cookie").map(|value| pair(value.to_str().unwrap()));
    let form = answer.body_mut().read_to_string().unwrap();
    let csrf = form.split_once("name=\"csrf\" value=\"").unwrap().1.split('"').next().unwrap();
    let mut request = agent.post(format!("{base}/sign-in")).header("origin", base);
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    let fields = [("csrf", csrf), ("email", EMAIL), ("password", PASSWORD)];
    let signed_in = request.send_form(fields).unwrap();
    let cookie = pair(signed_in.headers().get("set-cookie").unwrap().to_str().unwrap());
    let mut answer = agent.get(format!("{base}{path}")).header("cookie", cookie).call().unwrap();
    answer.body_mut().read_to_string().unwrap()
}

/// What the page offers to copy under this name.
fn snippet(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("data-copy=\"{name}\"")).unwrap();
    let text = rest.split_once("<code>").unwrap().1.split("</code>").next().unwrap();
    text.replace("&#34;", "\"").replace("&#39;", "'")
}

fn harness(line: &str, more: &[&str], folder: &Path) {
    let mut words = line.split(' ');
    assert_eq!(words.next(), Some("lookout-conformance"), "{line}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookout-conformance"));
    let output = command.args(words).args(more).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{line}: {output:?}");
}

#[test]
fn the_commands_of_the_page_begin_a_target_and_judge_it() {
    let server = Server::start(None, |_| {});
    let base = server.base();
    for path in ["/w/demo/mcp", "/w/demo/mcp?access=read"] {
        let folder = tempfile::tempdir().unwrap();
        let lines = snippet(&page(base, path), "Conformance harness with consent");
        let lines: Vec<_> = lines.lines().collect();
        harness(lines[0], &[], folder.path());
        let begun = std::fs::read_to_string(folder.path().join("target.toml")).unwrap();
        let environment = |_: &str| Some("s3cret-value-4711".to_owned());
        let target = Target::parse("target.toml", &begun, folder.path(), &environment);
        target.unwrap_or_else(|error| panic!("{error}\n{begun}"));
        harness(lines[1], &["--list"], folder.path());
        assert_eq!(lines.len(), 2);
    }
}

#[test]
fn the_target_of_the_page_names_a_token_of_the_environment() {
    let server = Server::start(None, |_| {});
    let text = snippet(&page(server.base(), "/w/demo/mcp"), "Conformance harness with a token");
    let environment =
        |name: &str| (name == "LOOKOUT_TOKEN").then(|| "s3cret-value-4711".to_owned());
    let read = |text: &str| Target::parse("target.toml", text, Path::new("."), &environment);
    let target = read(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert!(!format!("{target:?}").contains("s3cret"), "{target:?}");
    assert!(read(&text.replace("LOOKOUT_TOKEN", "OTHER")).is_err());
}
