//! The Reference page and its twins: they say what `tools/list` says, and their calls work.

use lookout_schema::{CATALOGUE_DIGEST, catalogue};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::connect::{links_lead_somewhere, new_token, plain, run, snippets};
use crate::server::Server;

/// What a token may do, where, and how the reference is asked for the same.
const VIEWS: [(&[&str], &str, &str, usize); 4] = [
    (&["mcp:read", "mcp:write"], "/mcp", "", 10),
    (&["mcp:read"], "/mcp", "?scope=mcp%3Aread", 9),
    (&["mcp:read", "mcp:write"], "/mcp/readonly", "?resource=/mcp/readonly", 9),
    (&["mcp:write"], "/mcp", "?scope=mcp:write", 1),
];

/// The result of a request without arguments.
fn ask(server: &Server, path: &str, token: &str, method: &str) -> Value {
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": { "_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    } } });
    let authorization = format!("Bearer {token}");
    let headers = [
        ("authorization", authorization.as_str()),
        ("content-type", "application/json"),
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", method),
    ];
    let reply = server.send("POST", path, &headers, message.to_string().as_bytes());
    reply.json()["result"].clone()
}

/// The members of a tool that `tools/list` has.
fn as_listed(tool: &Value) -> Value {
    let keys = ["name", "title", "description", "inputSchema", "outputSchema", "annotations"];
    keys.iter()
        .map(|&key| (key.to_owned(), tool[key].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[test]
fn the_page_and_its_twins_are_what_tools_list_and_the_schema_say() {
    let server = Server::start_with_demo();
    let mut browser = Browser::signed_in(&server);
    for (index, (scopes, path, query, count)) in VIEWS.into_iter().enumerate() {
        let token = new_token(&mut browser, &format!("token {index}"), scopes);
        let listed = ask(&server, path, &token, "tools/list")["tools"].clone();
        let twin = browser.get(&format!("/w/demo/mcp/reference.json{query}")).json();
        let shown: Value = twin["tools"].as_array().unwrap().iter().map(as_listed).collect();
        assert_eq!(shown, listed, "{query}");
        assert_eq!(shown.as_array().unwrap().len(), count, "{query}");
        assert_eq!(twin["endpoint"], path);
        let discovered = ask(&server, path, &token, "server/discover");
        assert_eq!(twin["protocolRevisions"], discovered["supportedVersions"]);
        assert_eq!(twin["server"], discovered["_meta"]["io.modelcontextprotocol/serverInfo"]);
        assert_eq!(
            twin["catalogueDigest"],
            discovered["_meta"]["com.rudderstack.lookout/catalogueDigest"]
        );
        assert_eq!(twin["catalogueDigest"], CATALOGUE_DIGEST);

        let page = browser.get(&format!("/w/demo/mcp/reference{query}"));
        let markdown = browser.get(&format!("/w/demo/mcp/reference.md{query}"));
        assert_eq!(page.text.matches("<article ").count(), count, "{query}");
        assert_eq!(markdown.text.lines().filter(|line| line.starts_with("**")).count(), count);
        let without_marks = plain(&page.text).replace("<code>", "`").replace("</code>", "`");
        for document in [&without_marks, &markdown.text] {
            assert!(document.contains(CATALOGUE_DIGEST), "{document}");
            for entry in &catalogue().tools {
                let is_listed =
                    shown.as_array().unwrap().iter().any(|tool| tool["name"] == entry.name);
                for text in [&entry.title, &entry.description] {
                    assert_eq!(document.contains(text.as_str()), is_listed, "{text}: {document}");
                }
            }
        }
    }
}

#[test]
fn every_argument_result_and_error_of_the_schema_is_there() {
    let server = Server::start_with_demo();
    let mut browser = Browser::signed_in(&server);
    let twin = browser.get("/w/demo/mcp/reference.json").json();
    let page = browser.get("/w/demo/mcp/reference").text;
    for (entry, tool) in catalogue().tools.iter().zip(twin["tools"].as_array().unwrap()) {
        let names = |key: &str, member: &str| -> Vec<String> {
            let rows = tool[key].as_array().unwrap().iter();
            rows.map(|row| row[member].as_str().unwrap().to_owned()).collect()
        };
        let start = format!("<article class=\"panel tool\" id=\"{}\"", entry.name);
        let article = page.split_once(&start).expect("an article").1;
        let article = article.split("</article>").next().unwrap();
        for (schema, key) in [(&entry.input_schema, "arguments"), (&entry.output_schema, "result")]
        {
            let outer: Vec<_> =
                names(key, "name").into_iter().filter(|name| !name.contains('.')).collect();
            let expected = schema["properties"].as_object().unwrap();
            assert_eq!(outer, expected.keys().cloned().collect::<Vec<_>>(), "{}", entry.name);
            for row in tool[key].as_array().unwrap() {
                let name = row["name"].as_str().unwrap();
                assert!(article.contains(&format!("<code>{name}</code>")), "{name}: {article}");
                assert!(!row["description"].as_str().unwrap().is_empty(), "{name}");
                let Some(member) = expected.get(name) else { continue };
                assert_eq!(row.get("default"), member.get("default"), "{name}");
                let is_required = schema["required"]
                    .as_array()
                    .is_some_and(|required| required.iter().any(|other| other == name));
                assert_eq!(row["required"], is_required, "{name}");
            }
        }
        let codes: Vec<_> = catalogue().errors_of(entry).map(|(code, _)| code.to_owned()).collect();
        assert_eq!(names("errors", "code"), codes);
        assert!(codes.iter().all(|code| article.contains(&format!("<code>{code}</code>"))));
        assert_eq!(tool["scopes"], entry.scopes.to_string());
        assert!(article.contains(&format!("\">{}</span>", entry.scopes)), "{article}");
    }
    let save = twin["tools"]
        .as_array()
        .unwrap()
        .iter()
        .find(|tool| tool["name"] == "save_dashboard")
        .unwrap();
    assert_eq!(save["effects"][0], "writes");
    let inner = save["arguments"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["name"] == "spec.panels[].type");
    assert_eq!(inner.unwrap()["type"], "\"chart\" | \"funnel\" | \"metric\" | \"table\"");
}

#[test]
fn every_call_of_the_reference_works_as_it_is() {
    let server = Server::start_with_demo();
    let mut browser = Browser::signed_in(&server);
    let token = new_token(&mut browser, "shell", &["mcp:read", "mcp:write"]);
    let twin = browser.get("/w/demo/mcp/reference.json").json();
    let page = browser.get("/w/demo/mcp/reference");
    let snippets = snippets(&page);
    let dashboards = server.count("select count(*) from dashboards");
    for (entry, tool) in catalogue().tools.iter().zip(twin["tools"].as_array().unwrap()) {
        let name = &entry.name;
        let example = &tool["example"];
        entry.check(&example["arguments"]).unwrap_or_else(|error| panic!("{error}"));
        let shown = |what: &str| {
            let wanted = format!("{what} of {name}");
            snippets.iter().find(|(known, _)| *known == wanted).expect("a snippet").1.clone()
        };
        let request: Value = serde_json::from_str(&shown("the request")).unwrap();
        assert_eq!(request, example["request"]);
        assert_eq!(request["params"]["arguments"], example["arguments"]);
        assert_eq!(shown("the curl command"), example["curl"].as_str().unwrap());
        let answer = run(example["curl"].as_str().unwrap(), &token);
        assert_eq!(answer["result"]["isError"], false, "{name}: {answer}");
        assert!(answer["result"]["structuredContent"].is_object(), "{name}: {answer}");
    }
    assert_eq!(server.count("select count(*) from dashboards"), dashboards, "nothing is saved");
}

#[test]
fn in_a_workspace_with_nothing_every_call_still_fits_its_schema() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server);
    let twin = browser.get("/w/demo/mcp/reference.json").json();
    for (entry, tool) in catalogue().tools.iter().zip(twin["tools"].as_array().unwrap()) {
        entry.check(&tool["example"]["arguments"]).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn the_tables_of_the_markdown_have_as_many_cells_as_their_heads() {
    let server = Server::start_with_demo();
    let markdown = Browser::signed_in(&server).get("/w/demo/mcp/reference.md").text;
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    let mut width = 0;
    let mut escaped = 0;
    for line in markdown.lines().filter(|line| !line.starts_with(' ')) {
        if !line.starts_with('|') {
            width = 0;
            continue;
        }
        width = if width == 0 { cells(line) } else { width };
        assert_eq!(cells(line), width, "{line}");
        escaped += line.matches("\\|").count();
    }
    assert!(escaped > 0, "no bar was there to escape");
}

#[test]
fn the_twins_are_documents_that_nobody_keeps() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server);
    for (twin, media_type) in [("json", "application/json"), ("md", "text/markdown; charset=utf-8")]
    {
        let reply = browser.get(&format!("/w/demo/mcp/reference.{twin}"));
        assert_eq!((reply.status, reply.header("content-type")), (200, media_type));
        assert_eq!(reply.header("cache-control"), "no-store");
        assert!(!reply.text.contains("lkmcp_"));
    }
}

#[test]
fn the_page_links_to_the_same_view_of_its_twins_and_to_every_tool() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server);
    let page = browser.get("/w/demo/mcp/reference?scope=mcp:read&resource=/mcp/readonly");
    let query = "?scope=mcp%3Aread&#38;resource=%2Fmcp%2Freadonly";
    for twin in ["json", "md"] {
        assert!(page.text.contains(&format!("href=\"/w/demo/mcp/reference.{twin}{query}\"")));
    }
    assert_eq!(page.text.matches("aria-current=\"true\"").count(), 3, "{page:?}");
    assert_eq!(links_lead_somewhere(&page), 10);
}

#[test]
fn a_view_that_there_is_not_is_refused_with_what_there_is() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server);
    for (query, advice) in [
        ("scope=mcp:admin", "mcp:read mcp:write, separated by spaces"),
        ("scope=%20", "mcp:read mcp:write, separated by spaces"),
        ("resource=/mcp/", "/mcp or /mcp/readonly"),
    ] {
        for twin in ["", ".json", ".md"] {
            let reply = browser.get(&format!("/w/demo/mcp/reference{twin}?{query}"));
            assert_eq!(reply.status, 400, "{query}");
            assert!(plain(&reply.text).contains(advice), "{query}: {}", reply.text);
        }
    }
}

#[test]
fn the_reference_is_for_members() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server);
    for twin in ["", ".json", ".md"] {
        assert_eq!(browser.get(&format!("/w/elsewhere/mcp/reference{twin}")).status, 404);
        let stranger = server.get(&format!("/w/demo/mcp/reference{twin}"), &[]);
        assert_eq!(stranger.status, 303, "{stranger:?}");
        assert!(stranger.header("location").starts_with("/sign-in?return_to="));
    }
}
