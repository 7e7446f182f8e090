//! The Connect page: its addresses, its links, and that what it says to type works.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::browser::{Browser, csrf_of};
use crate::server::{Reply, Server};

/// Text as a browser shows it.
pub(crate) fn plain(html: &str) -> String {
    let named = [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")];
    named.iter().fold(html.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

/// What a page offers to copy, by what it calls it.
pub(crate) fn snippets(page: &Reply) -> Vec<(String, String)> {
    let shown = page.text.split("<div class=\"snippet\" data-copy=\"").skip(1).map(|rest| {
        let (name, rest) = rest.split_once('"').expect("a name");
        let text = rest.split_once("<code>").and_then(|(_, rest)| rest.split_once("</code>"));
        (plain(name), plain(text.expect("a text").0))
    });
    shown.collect()
}

#[track_caller]
fn snippet(page: &Reply, name: &str) -> String {
    let mut found = snippets(page).into_iter().filter(|(known, _)| known == name);
    found.next().unwrap_or_else(|| panic!("no {name}: {:?}", snippets(page))).1
}

/// Every link within a page leads somewhere, and only to one place.
#[track_caller]
pub(crate) fn links_lead_somewhere(page: &Reply) -> usize {
    let targets: Vec<_> = page.text.split("href=\"#").skip(1).collect();
    for target in &targets {
        let id = target.split('"').next().expect("an end");
        assert_eq!(page.text.matches(&format!(" id=\"{id}\"")).count(), 1, "{id}");
    }
    targets.len()
}

/// A token with these scopes, made on the page for it.
#[track_caller]
pub(crate) fn new_token(browser: &mut Browser<'_>, name: &str, scopes: &[&str]) -> String {
    let csrf = csrf_of(&browser.get("/w/demo/mcp/tokens"), "/w/demo/mcp/tokens");
    let mut form = vec![("csrf", csrf.as_str()), ("name", name), ("days", "1")];
    form.extend(scopes.iter().map(|&scope| ("scope", scope)));
    let made = browser.post("/w/demo/mcp/tokens", &form);
    let start = made.text.find("lkmcp_").unwrap_or_else(|| panic!("no token: {made:?}"));
    let is_token = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    made.text[start..].chars().take_while(is_token).collect()
}

/// The answer to a command of a page, in a shell that has the token.
#[track_caller]
pub(crate) fn run(command: &str, token: &str) -> Value {
    let output = Command::new("sh").args(["-c", command]).env("LOOKOUT_TOKEN", token).output();
    let output = output.expect("a shell");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{command}\n{output:?}"))
}

#[test]
fn every_way_to_connect_names_the_address_that_was_chosen_and_no_token() {
    let server = Server::start_with_demo();
    let mut browser = Browser::signed_in(&server);
    new_token(&mut browser, "earlier", &["mcp:read"]);
    for (query, path) in [("", "/mcp"), ("?access=read", "/mcp/readonly")] {
        let page = browser.get(&format!("/w/demo/mcp{query}"));
        assert_eq!(page.status, 200);
        let endpoint = format!("{}{path}", server.base);
        let mut snippets = snippets(&page);
        snippets.retain(|(name, _)| name != "the command that takes the token");
        assert_eq!(snippets.len(), 18, "{snippets:?}");
        for (name, text) in &snippets {
            let after = text.split_once(&endpoint).unwrap_or_else(|| panic!("{name}: {text}")).1;
            assert!(!after.starts_with(['/', '?', '#']), "{name}: {text}");
            assert_eq!(text.matches(&server.base).count(), 1, "{name}: {text}");
        }
        assert!(!page.text.contains("lkmcp_"), "{page:?}");
        assert!(page.text.contains(&format!("<code>{endpoint}</code>")), "{page:?}");
        let with_tokens = snippets.iter().filter(|(_, text)| text.contains("LOOKOUT_TOKEN"));
        assert_eq!(with_tokens.count(), 8, "{snippets:?}");
    }
}

#[test]
fn what_is_pasted_into_files_can_be_read_there() {
    let server = Server::start_with_demo();
    let page = Browser::signed_in(&server).get("/w/demo/mcp");
    let endpoint = format!("{}/mcp", server.base);
    let json = |name: &str| -> Value { serde_json::from_str(&snippet(&page, name)).expect(name) };
    for (name, servers) in [
        ("Claude Code with a token", "mcpServers"),
        ("Cursor with consent", "mcpServers"),
        ("Cursor with a token", "mcpServers"),
        ("VS Code with consent", "servers"),
        ("VS Code with a token", "servers"),
    ] {
        let file = json(name);
        let entry = &file[servers]["lookout"];
        assert_eq!(entry["url"], endpoint, "{name}: {file}");
        let header = entry["headers"]["Authorization"].as_str();
        assert_eq!(header.is_some(), name.ends_with("token"), "{name}: {file}");
        assert!(header.is_none_or(|header| header.starts_with("Bearer ${")), "{name}: {file}");
    }
    let asked = json("VS Code with a token");
    assert_eq!(asked["inputs"][0]["password"], true);
    assert_eq!(
        asked["servers"]["lookout"]["headers"]["Authorization"],
        format!("Bearer ${{input:{}}}", asked["inputs"][0]["id"].as_str().unwrap())
    );
    let toml = |name: &str| -> toml::Table { snippet(&page, name).parse().expect(name) };
    for (name, has_token) in [("Codex with consent", false), ("Codex with a token", true)] {
        let entry = &toml(name)["mcp_servers"]["lookout"];
        assert_eq!(entry["url"].as_str(), Some(endpoint.as_str()));
        let variable = entry.get("bearer_token_env_var").and_then(toml::Value::as_str);
        assert_eq!(variable, has_token.then_some("LOOKOUT_TOKEN"));
    }
    let target = toml("Conformance harness with a token");
    assert_eq!(target["url"].as_str(), Some(endpoint.as_str()));
    assert_eq!(target["tokens"][0]["token"]["env"].as_str(), Some("LOOKOUT_TOKEN"));
    let link = page.text.split_once("href=\"cursor://anysphere.cursor-deeplink/mcp/install?");
    let query = plain(link.expect("a link").1.split('"').next().expect("its end"));
    let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    assert_eq!(pairs[0], ("name".to_owned(), "lookout".to_owned()));
    let config = STANDARD.decode(&pairs[1].1).expect("base64");
    let config: Value = serde_json::from_slice(&config).expect("JSON");
    assert_eq!(config, serde_json::json!({ "url": endpoint }));
}

#[test]
fn a_new_token_and_the_first_call_of_the_page_answer_with_rows() {
    let server = Server::start_with_demo();
    let mut browser = Browser::signed_in(&server);
    let token = new_token(&mut browser, "shell", &["mcp:read"]);
    for query in ["", "?access=read"] {
        let page = browser.get(&format!("/w/demo/mcp{query}"));
        assert!(page.text.contains("query on the warehouse <code>tea-leafs</code>"), "{page:?}");
        let answer = run(&snippet(&page, "the first call"), &token);
        let result = &answer["result"]["structuredContent"];
        assert_eq!(result["warehouse_id"], "tea-leafs", "{answer}");
        assert!(result["rows"][0][0].as_i64().is_some_and(|count| count > 0), "{answer}");
        assert_eq!(snippet(&page, "curl with a token"), snippet(&page, "the first call"));
    }
}

#[test]
fn where_no_warehouse_is_connected_the_first_call_says_so() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server);
    let token = new_token(&mut browser, "shell", &["mcp:read"]);
    let page = browser.get("/w/demo/mcp");
    assert!(page.text.contains("No warehouse is connected"), "{page:?}");
    let answer = run(&snippet(&page, "the first call"), &token);
    assert_eq!(answer["result"]["structuredContent"]["warehouses"], serde_json::json!([]));
}

#[test]
fn the_command_that_takes_a_token_gives_it_to_what_is_started_next() {
    let server = Server::start();
    let page = Browser::signed_in(&server).get("/w/demo/mcp");
    let command = snippet(&page, "the command that takes the token");
    // `read -s` is of the shells that people type into; `sh` need not have it.
    let script = format!("{command} && sh -c 'printf %s \"$LOOKOUT_TOKEN\"'");
    let mut child = Command::new("bash");
    child.args(["-c", &script]).stdin(std::process::Stdio::piped());
    let mut child = child.stdout(std::process::Stdio::piped()).spawn().expect("bash");
    let mut input = child.stdin.take().expect("a pipe");
    std::io::Write::write_all(&mut input, b"lkmcp_\\abc\n").expect("a line");
    drop(input);
    let output = child.wait_with_output().expect("an end");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "lkmcp_\\abc");
}

#[test]
fn tools_that_call_from_elsewhere_are_marked_where_they_cannot_reach_the_server() {
    let server = Server::start();
    let page = Browser::signed_in(&server).get("/w/demo/mcp");
    assert_eq!(page.text.matches("calls from its maker’s servers").count(), 2, "{page:?}");
}

#[test]
fn the_links_within_the_page_lead_to_every_tool() {
    let server = Server::start();
    let page = Browser::signed_in(&server).get("/w/demo/mcp");
    // The link that skips the navigation is one of them.
    assert_eq!(links_lead_somewhere(&page), 11);
}

#[test]
fn the_page_is_for_members() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server);
    assert_eq!(browser.get("/w/elsewhere/mcp").status, 404);
    let stranger = server.get("/w/demo/mcp", &[]);
    assert_eq!(
        (stranger.status, stranger.header("location")),
        (303, "/sign-in?return_to=%2Fw%2Fdemo%2Fmcp")
    );
}
