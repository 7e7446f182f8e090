//! A draft of a target file is written from what a server says, and a server may say anything.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};

use lookout_conformance::draft::draft;
use lookout_conformance::secret::Secret;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};

#[path = "scripted/server.rs"]
#[allow(dead_code, reason = "another test uses the rest of it")]
mod server;

use server::{json_answer, serve};

const TOKEN: &str = "token-of-the-tester";

/// What a server says of itself.
#[derive(Clone, Debug, Default)]
struct Words {
    /// The resource; `BASE` in it stands for the server's own address.
    resource: String,
    scopes: Vec<String>,
    tools: Vec<String>,
}

/// Starts a server that says `words`, and remembers every `Authorization` header it is sent.
fn start(words: Words) -> (String, Arc<Mutex<Vec<String>>>) {
    let tokens = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&tokens);
    let address = serve(move |base, asked| {
        let sent = asked.headers.iter().filter(|(name, _)| name == "authorization");
        seen.lock().unwrap().extend(sent.map(|(_, value)| value.clone()));
        match asked.path.as_str() {
            "/.well-known/oauth-protected-resource" => {
                let resource = words.resource.replace("BASE", base);
                let document = json!({"resource": resource, "authorization_servers": [base],
                    "scopes_supported": words.scopes});
                json_answer(200, &document.to_string())
            }
            "/.well-known/oauth-authorization-server" => {
                let document = json!({"issuer": base, "token_endpoint": format!("{base}/token"),
                    "registration_endpoint": format!("{base}/register")});
                json_answer(200, &document.to_string())
            }
            "/mcp" => {
                let message: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
                let tool = |name: &String| {
                    json!({"name": name, "inputSchema":
                        {"type": "object", "properties": {name.clone(): {"type": "string"}}}})
                };
                let tools: Vec<Value> = words.tools.iter().map(tool).collect();
                let answer = json!({"jsonrpc": "2.0", "id": message["id"],
                    "result": {"protocolVersion": "2025-11-25", "tools": tools}});
                json_answer(200, &answer.to_string())
            }
            _ => json_answer(404, "{}"),
        }
    });
    (format!("http://{address}"), tokens)
}

fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}",
        "\\PC{0,12}",
        r#"["'\\\n\r\t=\[\]#a]{0,12}"#,
        Just("\n[ownership]\nnonce = \"0123456789abcdef\"\n".to_owned()),
        Just("\"]\nreplicas = [\"http://127.0.0.1:1".to_owned()),
        Just("'''\u{2028}\u{202e}\u{7}\u{85}\nlimits.polite = false\n".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        rng_seed: RngSeed::Fixed(11),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn nothing_a_server_says_adds_to_the_file(
        suffix in prop_oneof![Just(String::new()), hostile()],
        scopes in prop::collection::vec(hostile(), 1..4),
        tools in prop::collection::vec(hostile(), 1..4),
    ) {
        // After a slash no text can become another host.
        let suffix = if suffix.is_empty() { suffix } else { format!("/{suffix}") };
        let resource = format!("BASE/mcp{suffix}");
        let words = Words { resource: resource.clone(), scopes: scopes.clone(), tools };
        let (base, _) = start(words);
        let draft = draft(&base, Some(&Secret::new(TOKEN))).unwrap();
        let written: Value = toml::from_str(&draft.text).unwrap();
        let expected = json!({
            "url": resource.replace("BASE", &base),
            "scopes": scopes,
            "registration": {"kind": "dynamic"},
            "consent": {"kind": "forms", "user": "conformance@example.com",
                "password": {"env": "LOOKOUT_CONFORMANCE_PASSWORD"}},
        });
        prop_assert_eq!(written, expected, "{}", draft.text);
        let is_unseen = |c: char| c.is_control() && c != '\n';
        prop_assert!(!draft.text.contains(is_unseen), "{:?}", draft.text);
    }
}

#[test]
fn a_token_goes_to_the_origin_that_the_person_named_and_to_no_other() {
    let honest = Words { resource: "BASE/mcp".to_owned(), ..Words::default() };
    let (elsewhere, stolen) = start(honest.clone());
    let lure = Words { resource: format!("{elsewhere}/mcp"), ..Words::default() };
    let (base, _) = start(lure);
    let drafted = draft(&base, Some(&Secret::new(TOKEN))).unwrap();
    assert_eq!(*stolen.lock().unwrap(), Vec::<String>::new());
    assert!(drafted.text.contains("# The token was not sent: "), "{}", drafted.text);
    assert!(drafted.to_do.iter().any(|step| step.contains(&elsewhere)), "{:?}", drafted.to_do);

    let (base, sent) = start(honest);
    let drafted = draft(&base, Some(&Secret::new(TOKEN))).unwrap();
    assert!(sent.lock().unwrap().contains(&format!("Bearer {TOKEN}")));
    assert!(!drafted.text.contains(TOKEN));
}
