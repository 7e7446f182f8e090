//! What to type where, tool by tool, with the address of this server in it. No token is part of it: programs take it from the environment.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lookout_schema::ScopeSet;
use serde_json::{Value, json};

use crate::reference::{TOKEN, pretty};

/// What the server is called in the configuration of a tool.
const NAME: &str = "lookout";

/// The endpoint in the examples of the SDK.
const EXAMPLE_ENDPOINT: &str = "https://lookout.example/mcp";

/// A tool and how it connects.
pub(super) struct Tool {
    /// What links on the page lead to.
    pub(super) id: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    /// What it is, in a few words.
    pub(super) about: &'static str,
    /// Whether it calls from its maker's servers, and so never reaches an address of one machine.
    pub(super) is_hosted: bool,
    /// How a person consents in the browser.
    pub(super) consent: Option<Way>,
    /// How it sends a token.
    pub(super) token: Option<Way>,
}

/// One way to connect.
pub(super) struct Way {
    /// Where the text goes, and what to do before.
    pub(super) place: &'static str,
    /// What is typed or pasted.
    pub(super) text: String,
    /// What to do after; empty when there is nothing.
    pub(super) then: &'static str,
    /// A link that does the same.
    pub(super) link: Option<String>,
}

impl Way {
    const fn new(place: &'static str, text: String, then: &'static str) -> Option<Self> {
        Some(Self { place, text, then, link: None })
    }
}

/// Every tool, those for people first. `first_call` is a command that runs a query.
pub(super) fn tools(endpoint: &str, scopes: ScopeSet, first_call: String) -> Vec<Tool> {
    [assistants(endpoint), editors(endpoint), programs(endpoint, scopes, first_call)]
        .into_iter()
        .flatten()
        .collect()
}

fn assistants(endpoint: &str) -> Vec<Tool> {
    vec![
        Tool {
            id: "claude",
            name: "Claude",
            about: "on the web and on the desktop",
            is_hosted: true,
            consent: Way::new(
                "Open Settings › Connectors, choose Add custom connector, and paste this address.",
                endpoint.to_owned(),
                "Choose Connect. Lookout opens and asks for your consent.",
            ),
            token: None,
        },
        Tool {
            id: "chatgpt",
            name: "ChatGPT",
            about: "in developer mode",
            is_hosted: true,
            consent: Way::new(
                "Turn on developer mode under Settings › Connectors › Advanced settings, create a connector with OAuth, and paste this address.",
                endpoint.to_owned(),
                "Lookout opens and asks for your consent.",
            ),
            token: None,
        },
        Tool {
            id: "claude-code",
            name: "Claude Code",
            about: "in the terminal",
            is_hosted: false,
            consent: Way::new(
                "Run this in a terminal.",
                format!("claude mcp add --transport http {NAME} {endpoint}"),
                "Start `claude`, type `/mcp`, choose `lookout` and sign in.",
            ),
            token: Way::new(
                "Put this into `.mcp.json` in your project. Claude Code reads the token from the environment when it starts.",
                pretty(&json!({ "mcpServers": { NAME: {
                    "type": "http",
                    "url": endpoint,
                    "headers": { "Authorization": format!("Bearer ${{{TOKEN}}}") },
                } } })),
                "Start `claude` where the variable is set.",
            ),
        },
        Tool {
            id: "codex",
            name: "Codex",
            about: "in the terminal and in editors",
            is_hosted: false,
            consent: Way::new(
                "Add this to `~/.codex/config.toml`.",
                format!("[mcp_servers.{NAME}]\nurl = \"{endpoint}\"\n"),
                "Run `codex mcp login lookout`.",
            ),
            token: Way::new(
                "Add this to `~/.codex/config.toml`. Codex reads the token from the environment when it starts.",
                format!(
                    "[mcp_servers.{NAME}]\nurl = \"{endpoint}\"\nbearer_token_env_var = \"{TOKEN}\"\n"
                ),
                "Start `codex` where the variable is set.",
            ),
        },
    ]
}

fn editors(endpoint: &str) -> Vec<Tool> {
    let server = json!({ "url": endpoint });
    let deeplink = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("name", NAME)
        .append_pair("config", &STANDARD.encode(server.to_string()))
        .finish();
    let with_token = |token: &str| json!({ "Authorization": format!("Bearer {token}") });
    vec![
        Tool {
            id: "cursor",
            name: "Cursor",
            about: "editor",
            is_hosted: false,
            consent: Some(Way {
                place: "Put this into `.cursor/mcp.json` in your project, or into `~/.cursor/mcp.json` for all of them.",
                text: pretty(&json!({ "mcpServers": { NAME: server } })),
                then: "Open the MCP settings of Cursor and sign in.",
                link: Some(format!("cursor://anysphere.cursor-deeplink/mcp/install?{deeplink}")),
            }),
            token: Way::new(
                "Put this into `.cursor/mcp.json`. Cursor reads the token from the environment when it starts.",
                pretty(&json!({ "mcpServers": { NAME: {
                    "url": endpoint,
                    "headers": with_token(&format!("${{env:{TOKEN}}}")),
                } } })),
                "Some versions of Cursor ask for your consent even so.",
            ),
        },
        Tool {
            id: "vs-code",
            name: "VS Code",
            about: "editor",
            is_hosted: false,
            consent: Way::new(
                "Put this into `.vscode/mcp.json` in your project.",
                pretty(&json!({ "servers": { NAME: { "type": "http", "url": endpoint } } })),
                "Choose Start above the entry and sign in.",
            ),
            token: Way::new(
                "Put this into `.vscode/mcp.json`. The editor asks for the token once and keeps it for you.",
                pretty(&json!({
                    "inputs": [{ "type": "promptString", "id": "lookout-token", "description": "Lookout token", "password": true }],
                    "servers": { NAME: { "type": "http", "url": endpoint, "headers": with_token("${input:lookout-token}") } },
                })),
                "",
            ),
        },
    ]
}

fn programs(endpoint: &str, scopes: ScopeSet, first_call: String) -> Vec<Tool> {
    let inspector = "npx @modelcontextprotocol/inspector";
    let names: Value = scopes.iter().map(|scope| scope.as_str()).collect();
    vec![
        Tool {
            id: "inspector",
            name: "MCP Inspector",
            about: "for looking at what is said",
            is_hosted: false,
            consent: Way::new(
                "Run this in a terminal that has Node.js.",
                format!("{inspector} --server-url {endpoint}"),
                "Choose Connect and sign in.",
            ),
            token: Way::new(
                "Run this in a terminal that has Node.js. It prints the list of tools.",
                format!(
                    "{inspector} --cli {endpoint} --transport http \\\n  --header \"Authorization: Bearer ${TOKEN}\" \\\n  --method tools/list"
                ),
                "",
            ),
        },
        Tool {
            id: "curl",
            name: "curl",
            about: "in a terminal",
            is_hosted: false,
            consent: None,
            token: Way::new("Run this in a terminal. It runs a query.", first_call, ""),
        },
        Tool {
            id: "rust",
            name: "Rust",
            about: "with the crate lookout-sdk",
            is_hosted: false,
            consent: Way::new(
                "Put this into `src/main.rs`. It opens your browser, and prints the warehouses.",
                of_the_sdk(include_str!("../../../../sdk/examples/first_sign_in.rs"), endpoint),
                "",
            ),
            token: Way::new(
                "Put this into `src/main.rs`. It prints the warehouses.",
                of_the_sdk(include_str!("../../../../sdk/examples/first_answer.rs"), endpoint),
                "",
            ),
        },
        Tool {
            id: "harness",
            name: "Conformance harness",
            about: "checks that this server keeps to the specifications",
            is_hosted: false,
            consent: Way::new(
                "Run this in a terminal. Between the two commands, say in `target.toml` who signs in.",
                format!(
                    "lookout-conformance init {endpoint}\nlookout-conformance server --target target.toml"
                ),
                "The harness plays the person in the browser. Run it on servers that you may test.",
            ),
            token: Way::new(
                "Put this into `target.toml`.",
                format!(
                    "url = \"{endpoint}\"\n\n[[tokens]]\nscopes = {names}\ntoken = {{ env = \"{TOKEN}\" }}\n"
                ),
                "Run `lookout-conformance server --target target.toml`.",
            ),
        },
    ]
}

/// An example of the SDK without what is only for the reader of its repository, at this endpoint.
fn of_the_sdk(example: &str, endpoint: &str) -> String {
    let code = example.find("use ").map_or(example, |start| &example[start..]);
    code.trim_end().replace(EXAMPLE_ENDPOINT, endpoint)
}
