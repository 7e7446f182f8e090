//! The beginning of a `target.toml`, written from what a server says about itself.
//!
//! Only what any client reads is read: public documents, the answer to a call without a token, and
//! with a token that exists already the list of tools. Nothing is registered, granted or changed, and
//! so no owner's leave is asked for. What cannot be found out is left to fill in, as comments.

mod words;

use serde_json::{Value, json};

use crate::draft::words::{key, list, one_line, quoted};
use crate::probe::Probe;
use crate::probe::browser::Browser;
use crate::probe::http::{Http, Request};
use crate::probe::mcp::{INITIALIZE, Revision, STATELESS, bearing, initialize, rpc, stateless};
use crate::probe::ownership::nonce;
use crate::probe::site::{Site, Unusable};
use crate::secret::Secret;
use crate::target::ownership::{Hosts, WELL_KNOWN, authority, is_loopback, is_same_origin};
use crate::target::{Options, ReadyToken, Target};

/// A `target.toml` to go on from, and what to do before it can be used.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The text of the file.
    pub text: String,
    /// What to set, serve or fill in, a sentence each.
    pub to_do: Vec<String>,
}

/// Drafts a target file for the server at `url`; `token` is an access token that exists already, to
/// list tools with.
///
/// # Errors
///
/// When there is no MCP server behind `url` that is protected by OAuth, with what to do.
pub fn draft(url: &str, token: Option<&Secret>) -> Result<Draft, Unusable> {
    let mut target = Target::new(url);
    if let Some(token) = token {
        // So that nothing that is written here can contain it.
        target.tokens.push(ReadyToken { scopes: Vec::new(), token: token.clone() });
    }
    let options = Options::default();
    let http = Http::anywhere(&target, options.timeout);
    let site = Site::discover(&http, &target)?;
    let browser = Browser::default();
    let probe = Probe::new("init", &target, &options, &site, &browser, http);
    let mut draft = Draft { text: String::new(), to_do: Vec::new() };
    draft.opening(&probe);
    draft.addresses(&target, &site);
    draft.ownership(&target);
    draft.registration(&site);
    draft.consent();
    match token {
        Some(token) if is_same_origin(url, &site.endpoint) => draft.tools_shown(&probe, token),
        Some(_) => draft.tools_kept_from(url, &site.endpoint),
        None => draft.tools_unknown(),
    }
    draft.closing();
    Ok(draft)
}

impl Draft {
    /// One line, whatever is in it: what a server says must not end the comment it stands in.
    fn line(&mut self, line: impl AsRef<str>) {
        self.text.push_str(&one_line(line.as_ref()));
        self.text.push('\n');
    }

    /// Several lines, each as it stands.
    fn lines(&mut self, lines: &str) {
        for line in lines.lines() {
            self.line(line);
        }
    }

    fn opening(&mut self, probe: &Probe<'_>) {
        self.line("# A server under test by lookout-conformance. TARGETS.md explains every field.");
        self.line("#");
        let request = initialize(&probe.site().endpoint, INITIALIZE[0]);
        let found = match probe.send(&request) {
            Ok(reply) => {
                let challenge = reply.header("www-authenticate");
                let challenge = challenge.map_or_else(
                    || "without a WWW-Authenticate header".to_owned(),
                    |challenge| format!("with WWW-Authenticate: {}", probe.redact(challenge)),
                );
                format!("A call without a token is answered {} {challenge}", reply.status)
            }
            Err(error) => format!("A call without a token is not answered: {error}"),
        };
        self.line(format!("# {found}"));
        let member = |document: &Value| if document.is_null() { "none" } else { "found" };
        let site = probe.site();
        self.line(format!(
            "# Protected resource metadata: {}. Authorization server metadata: {}.",
            member(&site.resource),
            member(&site.metadata)
        ));
    }

    fn addresses(&mut self, target: &Target, site: &Site) {
        self.line("");
        self.line(format!("url = {}", quoted(&site.endpoint)));
        self.line(format!(
            "# The resource is {}, the issuer {}.",
            quoted(&site.identifier),
            quoted(&site.issuer)
        ));
        let hosts = Hosts::of(target);
        let mut beyond: Vec<String> = site
            .addresses()
            .into_iter()
            .filter(|address| !hosts.include(address))
            .filter_map(|address| Some(authority(&url::Url::parse(&address).ok()?)))
            .collect();
        beyond.sort();
        beyond.dedup();
        if !beyond.is_empty() {
            self.line("");
            self.line(
                "# Other hosts that discovery leads to. Keep those that belong to the target.",
            );
            self.line(format!("hosts = {}", list(&beyond)));
            self.to_do.push(format!(
                "Keep in `hosts` only what belongs to the target: {}",
                beyond.join(", ")
            ));
        }
        let scopes = site.published_scopes();
        self.line("");
        if scopes.is_empty() {
            self.line("# The server publishes no scopes. If it has any:");
            self.line("# scopes = [\"files:read\", \"files:write\"]");
        } else {
            self.line("# As the server publishes them.");
            self.line(format!("scopes = {}", list(&scopes)));
        }
    }

    fn ownership(&mut self, target: &Target) {
        if is_loopback(&target.url) {
            return;
        }
        let nonce = nonce();
        self.line("");
        self.line("# Who allows this test. The owner serves the nonce, as text/plain and nothing else, at");
        self.line(format!("# {WELL_KNOWN} of the server; or give it again with --i-own."));
        self.line("[ownership]");
        self.line("authorization = \"\"");
        self.line(format!("nonce = {}", quoted(&nonce)));
        self.to_do
            .push("Say in ownership.authorization who allows the test, in a sentence".to_owned());
        self.to_do.push(format!(
            "Serve {nonce} as text/plain at {WELL_KNOWN} of the server, or give it with --i-own"
        ));
    }

    fn registration(&mut self, site: &Site) {
        let documents = site.metadata.get("client_id_metadata_document_supported");
        let takes_documents = documents.and_then(Value::as_bool).unwrap_or(false);
        self.line("");
        if site.endpoint_of("registration_endpoint").is_ok() {
            self.line(
                "# The server registers clients (RFC 7591); the harness makes as many as it needs.",
            );
            self.lines("[registration]\nkind = \"dynamic\"");
            self.line("# initial_access_token = { env = \"INITIAL_ACCESS_TOKEN\" }");
        } else if takes_documents {
            self.line("# The server reads client metadata documents. `lookout-conformance server --target FILE");
            self.line("# --client-documents` prints what to host at each client_id.");
            self.lines(
                "[registration]\nkind = \"metadata-document\"\n[[registration.clients]]\n\
                 client_id = \"https://client.example/conformance.json\"\n\
                 redirect_uris = [\"http://127.0.0.1:41999/callback\"]",
            );
            self.to_do.push(
                "Host a client metadata document and name it in registration.clients".to_owned(),
            );
        } else {
            self.line("# The server registers no clients by itself: name some that somebody registered. With");
            self.line(
                "# three of them (two public ones, one with a secret) nearly everything is tested.",
            );
            self.lines(
                "[registration]\nkind = \"pre-registered\"\n[[registration.clients]]\n\
                 client_id = \"conformance\"\n\
                 redirect_uris = [\"http://127.0.0.1:41999/callback\"]\n\
                 # client_secret = { env = \"CLIENT_SECRET\" }",
            );
            self.to_do.push("Register clients and name them in registration.clients".to_owned());
        }
    }

    fn consent(&mut self) {
        self.line("");
        self.lines(
            "# How consent is given: \"forms\" fills in HTML forms. Other kinds: \"redirects\" when the\n\
             # server asks nobody, \"webdriver\" for pages with scripts, \"command\" for a program of yours.\n\
             # Take it out to test only what needs no grant.\n\
             [consent]\n\
             kind = \"forms\"\n\
             user = \"conformance@example.com\"\n\
             password = { env = \"LOOKOUT_CONFORMANCE_PASSWORD\" }",
        );
        self.to_do.push(
            "Name an account in consent.user and set its password in LOOKOUT_CONFORMANCE_PASSWORD"
                .to_owned(),
        );
    }

    /// Tools as `tools/list` shows them, to be given their scopes.
    fn tools_shown(&mut self, probe: &Probe<'_>, token: &Secret) {
        let endpoint = &probe.site().endpoint;
        let answers = |request: Request| {
            let reply = probe.send(&bearing(request, token));
            reply.is_ok_and(|reply| reply.is_success() && rpc(&reply).get("result").is_some())
        };
        let is_stateless = answers(stateless(endpoint, "server/discover", json!({})));
        let has_initialize = answers(initialize(endpoint, INITIALIZE[0]));
        let mut site = probe.site().clone();
        site.revision = if is_stateless { Revision::Stateless } else { Revision::Initialize };
        let spoken: Vec<&str> = [(STATELESS, is_stateless), ("initialize", has_initialize)]
            .into_iter()
            .filter_map(|(name, spoken)| spoken.then_some(name))
            .collect();
        self.line("");
        self.line(format!(
            "# With the token the server speaks: {}.",
            if spoken.is_empty() { "nothing".to_owned() } else { spoken.join(", ") }
        ));
        let tools = probe.at(&site, |probe| probe.described_tools(endpoint, token));
        match tools {
            Ok(tools) if !tools.is_empty() => {
                self.line("# These are its tools. Say which scopes a call of each needs, and take the # away.");
                for tool in &tools {
                    self.tool(tool);
                }
                self.to_do.push("Say in [tools.NAME] which scopes each tool needs".to_owned());
            }
            Ok(_) => self.line("# The token is shown no tools."),
            Err(error) => {
                self.line(format!(
                    "# The tools could not be listed: {}",
                    probe.redact(&error.to_string())
                ));
                self.tools_unknown();
            }
        }
    }

    fn tool(&mut self, tool: &Value) {
        let Some(name) = tool.get("name").and_then(Value::as_str) else { return };
        let is_read_only =
            tool.pointer("/annotations/readOnlyHint").and_then(Value::as_bool).unwrap_or(false);
        self.line("");
        self.line(format!("# [tools.{}]", key(name)));
        self.line("# scopes = [\"\"]");
        if !is_read_only {
            self.line("# writes = true");
        }
        let properties = tool.pointer("/inputSchema/properties").and_then(Value::as_object);
        let names: Vec<String> = properties
            .into_iter()
            .flatten()
            .map(|(name, _)| format!("{} = …", key(name)))
            .collect();
        if !names.is_empty() {
            self.line(format!("# arguments = {{ {} }}", names.join(", ")));
        }
    }

    /// The token is for the server that a person named, not for one that a document names.
    fn tools_kept_from(&mut self, url: &str, endpoint: &str) {
        let endpoint = quoted(endpoint);
        self.line("");
        self.line(format!(
            "# The token was not sent: {} names {endpoint} as its endpoint, of another origin.",
            quoted(url)
        ));
        self.to_do.push(format!(
            "The token was not sent to {endpoint}, which is of another origin than the address you \
             gave. If that is your server, run init with that address"
        ));
        self.tools_unknown();
    }

    fn tools_unknown(&mut self) {
        self.line("");
        self.lines(
            "# Which scopes a call of each tool needs. Without it nothing is said about scopes.\n\
             # [tools.search]\n\
             # scopes = [\"files:read\"]\n\
             # arguments = { query = \"x\" }",
        );
        self.to_do.push("Say in [tools.NAME] which scopes each tool needs".to_owned());
    }

    fn closing(&mut self) {
        self.line("");
        self.lines(
            "# Tokens that exist already, for checks that need nothing else.\n\
             # [[tokens]]\n\
             # scopes = [\"files:read\"]\n\
             # token = { env = \"READ_TOKEN\" }\n\
             \n\
             # Headers for every request, for a server behind a gateway.\n\
             # [headers]\n\
             # x-api-key = { env = \"API_KEY\" }",
        );
    }
}
