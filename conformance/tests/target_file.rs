//! `target.toml`: what is read from it, and what is said about one that is wrong.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use lookout_conformance::Target;
use lookout_conformance::profile::Refresh;
use lookout_conformance::target::file::schema;
use lookout_conformance::target::{ClientMethod, Driver, Registration};

#[path = "target_file/generated.rs"]
mod generated;

const SECRET: &str = "s3cret-value-4711";

/// Reads `text` in an environment where SECRET and nothing else is set.
fn read(text: &str) -> Result<Target, String> {
    let folder = Path::new(".");
    let environment = |name: &str| (name == "SECRET").then(|| SECRET.to_owned());
    Target::parse("target.toml", text, folder, &environment).map_err(|error| error.to_string())
}

#[track_caller]
fn complaint(text: &str) -> String {
    let complaint = read(text).map(|target| format!("{target:?}")).unwrap_err();
    assert!(!complaint.contains(SECRET), "a complaint tells a secret: {complaint}");
    complaint
}

#[test]
fn the_published_schema_is_the_one_of_this_build() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target.schema.json");
    let fresh = format!("{:#}\n", schema());
    if std::env::var_os("LOOKOUT_WRITE_SCHEMA").is_some() {
        std::fs::write(&path, &fresh).unwrap();
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(published == fresh, "stale: run the test with LOOKOUT_WRITE_SCHEMA=1 and commit");
}

#[test]
fn the_guide_names_every_field_and_its_examples_can_be_read() {
    fn names(schema: &serde_json::Value, found: &mut Vec<String>) {
        if let Some(properties) = schema.get("properties").and_then(|found| found.as_object()) {
            found.extend(properties.keys().cloned());
        }
        let inner = schema.as_object().into_iter().flatten().map(|(_, member)| member);
        inner.chain(schema.as_array().into_iter().flatten()).for_each(|inner| names(inner, found));
    }
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("TARGETS.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let mut fields = Vec::new();
    names(&schema(), &mut fields);
    fields.retain(|field| !guide.contains(field.as_str()));
    assert_eq!(fields, Vec::<String>::new());

    let mut examples = guide.split("```toml\n").skip(1);
    let wrong: Vec<String> = examples
        .by_ref()
        .filter_map(|rest| {
            let lines = rest.split("```").next()?.lines().map(str::trim);
            read(&lines.collect::<Vec<_>>().join("\n")).err()
        })
        // Their variables and files are not there, which is all that may be wrong with them.
        .filter(|complaint| {
            complaint
                .lines()
                .any(|line| !line.contains("not set") && !line.contains("cannot be read"))
        })
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn every_field_is_documented() {
    fn undocumented(schema: &serde_json::Value, path: &str, found: &mut Vec<String>) {
        for (name, member) in schema.as_object().into_iter().flatten() {
            let here = format!("{path}/{name}");
            if name == "properties" {
                for (field, property) in member.as_object().into_iter().flatten() {
                    // A variant named by its only key is described as a variant.
                    let fields = member.as_object().map_or(0, serde_json::Map::len);
                    let is_variant = path.contains("/oneOf/")
                        && fields == 1
                        && schema.get("description").is_some();
                    let is_tag = property.get("const").is_some() || is_variant;
                    if !is_tag && property.get("description").is_none() {
                        found.push(format!("{here}/{field}"));
                    }
                }
            }
            undocumented(member, &here, found);
        }
        for (index, member) in schema.as_array().into_iter().flatten().enumerate() {
            undocumented(member, &format!("{path}/{index}"), found);
        }
    }
    let mut found = Vec::new();
    undocumented(&schema(), "", &mut found);
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_secret_too_short_to_be_kept_out_of_reports_is_refused() {
    let text = "url = \"http://127.0.0.1:1\"\nheaders.x-key = { env = \"KEY\" }";
    let read = |secret: &str| {
        let environment = |_: &str| Some(secret.to_owned());
        Target::parse("target.toml", text, Path::new("."), &environment)
    };
    let complaint = read("abcde").unwrap_err().to_string();
    assert!(
        complaint.contains("headers.x-key") && complaint.contains("fewer than 6"),
        "{complaint}"
    );
    assert!(!complaint.contains("abcde"), "{complaint}");
    assert!(read("abcdef").is_ok());
}

#[test]
fn one_host_beyond_this_machine_makes_a_run_polite() {
    let url = "url = \"http://127.0.0.1:1/mcp\"\n";
    for (further, is_polite) in [
        ("hosts = [\"localhost:2\"]\nreplicas = [\"http://[::1]:3\"]", false),
        ("hosts = [\"auth.example.com\"]", true),
        ("replicas = [\"http://127.0.0.1:2\", \"https://b.example.com\"]", true),
    ] {
        let limits = read(&format!("{url}{further}")).unwrap().limits;
        assert_eq!(limits.polite, is_polite, "{further}");
        assert_eq!(limits.total_requests.is_some(), is_polite, "{further}");
    }
}

#[test]
fn an_address_is_a_whole_target() {
    let target = read("url = \"http://127.0.0.1:1/mcp\"").unwrap();
    assert!(matches!(target.registration, Registration::Dynamic { .. }));
    assert!(target.consent.is_none());
    assert!(!target.limits.polite);
    assert!(target.catalogue.tools.is_empty(), "nothing of Lookout's is assumed of others");
}

#[test]
fn a_target_elsewhere_is_tested_politely_unless_its_owner_says_otherwise() {
    let url = "url = \"https://mcp.example.com/mcp\"\n";
    let polite = read(url).unwrap().limits;
    assert_eq!((polite.requests_per_second, polite.total_requests), (Some(5.0), Some(2_000)));
    assert!(polite.polite);
    assert!(!read(&format!("{url}[limits]\npolite = false")).unwrap().limits.polite);
    let brisk = read(&format!("{url}[limits]\nrequests_per_second = 20")).unwrap().limits;
    assert_eq!((brisk.polite, brisk.requests_per_second), (true, Some(20.0)));
}

#[test]
fn a_full_file_is_read() {
    let target = read(
        r#"
        url = "http://127.0.0.1:1/mcp"
        scopes = ["files:read", "files:write"]
        [tools.search]
        scopes = ["files:read"]
        arguments = { query = "x", most = 3 }
        [tools.save]
        scopes = ["files:read", "files:write"]
        writes = true
        [registration]
        kind = "pre-registered"
        [[registration.clients]]
        client_id = "inspector"
        client_secret = { env = "SECRET" }
        redirect_uris = ["http://127.0.0.1:6274/callback"]
        [consent]
        kind = "command"
        program = ["./consent.sh", "--quiet"]
        decisions = ["allow", "deny"]
        [headers]
        x-api-key = { env = "SECRET" }
        [[tokens]]
        scopes = ["files:read"]
        token = { env = "SECRET" }
        [lifetimes]
        code_seconds = 2
        "#,
    )
    .unwrap();
    assert_eq!(target.catalogue.scope_names(), ["files:read", "files:write"]);
    let tool = target.catalogue.tools.iter().find(|tool| tool.name == "search").unwrap();
    assert_eq!(tool.declared, Some(serde_json::json!({"query": "x", "most": 3})));
    let clients = target.registration.known_clients();
    assert_eq!(clients[0].method, ClientMethod::ClientSecretBasic);
    assert_eq!(clients[0].secret.as_ref().unwrap().expose(), SECRET);
    let Driver::Command(command) = &target.consent.as_ref().unwrap().driver else { panic!() };
    assert_eq!(command.program, ["././consent.sh", "--quiet"], "relative to the file's folder");
    assert_eq!(target.headers[0].1.expose(), SECRET);
    assert!(!format!("{target:?}").contains(SECRET));
}

#[test]
fn a_folder_is_as_good_a_catalogue_as_its_bundle() {
    let of = |path: &str| {
        read(&format!("url = \"http://127.0.0.1:1\"\ncatalogue = \"{path}\"")).unwrap().catalogue
    };
    let (folder, bundle) = (of("../schema"), of("catalogue.json"));
    let tools = |catalogue: &lookout_conformance::catalogue::Catalogue| {
        let mut tools: Vec<_> =
            catalogue.tools.iter().map(|tool| (tool.name.clone(), tool.scopes.clone())).collect();
        tools.sort();
        tools
    };
    assert_eq!(folder.scope_names(), bundle.scope_names());
    assert_eq!(tools(&folder), tools(&bundle));
}

#[test]
fn everything_misshapen_is_told_at_once_by_line_and_key() {
    insta::assert_snapshot!(complaint(
        r#"
hots = ["auth.example.com"]
tokens_page = 3
scopes = ["a", 1]

[registration]
kind = "dynamc"

[consent]
kind = "forms"
user = "ada"
pasword = { env = "SECRET" }

[[tokens]]
token = { env = 7 }

[limits]
total_requests = -3
requests_per_second = "five"

[tools.search]
writes = "no"
"#
    ));
}

#[test]
fn an_inline_secret_is_refused_wherever_it_stands_and_never_repeated() {
    insta::assert_snapshot!(complaint(&format!(
        r#"
url = "http://127.0.0.1:1"
headers = {{ x-api-key = "{SECRET}" }}

[registration]
kind = "pre-registered"
[[registration.clients]]
client_id = "a"
client_secret = "{SECRET}"
redirect_uris = ["http://127.0.0.1:1/callback"]

[consent]
kind = "forms"
user = "ada"
password = "{SECRET}"

[[tokens]]
scopes = []
token = "{SECRET}"
"#
    )));
}

#[test]
fn everything_that_contradicts_itself_is_told_at_once() {
    insta::assert_snapshot!(complaint(
        r#"
url = "https://ada:pw@mcp.example.com/mcp"
resource = "mcp"
hosts = ["https://auth.example.com/"]
replicas = ["127.0.0.1:9"]
scopes = ["files:read"]

[ownership]
authorization = "me"
nonce = "short"

[registration]
kind = "pre-registered"
[[registration.clients]]
client_id = ""
client_secret = { env = "SECRET", file = "secret.txt" }
method = "none"
redirect_uris = []
[[registration.clients]]
client_id = "b"
method = "client_secret_post"
redirect_uris = ["/callback"]

[consent]
kind = "forms"
user = "ada"

[tools.save]
scopes = ["files:read", "files:wirte"]

[headers]
Authorization = { env = "SECRET" }
x-key = { env = "UNSET" }
"x key" = { file = "no/such/file" }

[[tokens]]
scopes = ["files:delete"]
token = {}

[limits]
requests_per_second = 0
total_requests = 0
"#
    ));
}

#[test]
fn each_kind_of_registration_and_consent_says_what_it_needs() {
    insta::assert_snapshot!(complaint(
        r#"
url = "http://127.0.0.1:1"
catalogue = "no/such/catalogue.json"
[registration]
kind = "metadata-document"
[[registration.clients]]
client_id = "http://client.example/"
redirect_uris = ["http://127.0.0.1/callback"]
[consent]
kind = "command"
program = []
[tools.a]
scopes = []
"#
    ));
    insta::assert_snapshot!(complaint(
        r#"
url = "http://127.0.0.1:1"
[consent]
kind = "webdriver"
url = "127.0.0.1:9515"
password = { env = "SECRET" }
[registration]
kind = "metadata-document"
clients = []
"#
    ));
    insta::assert_snapshot!(complaint("url = \"http://127.0.0.1:1\"\n[consent]\nuser = \"ada\"\n"));
}

#[test]
fn a_profile_may_be_declared_and_its_words_are_checked() {
    let of = |profile: &str| format!("url = \"http://127.0.0.1:1\"\n[profile]\n{profile}");
    let target = read(&of("refresh = { grace = { seconds = 5 } }\ntoken-format = \"opaque\""));
    assert_eq!(target.unwrap().profile.refresh, Some(Refresh::Grace { seconds: 5 }));
    insta::assert_snapshot!(complaint(&of(
        "refresh = \"stritc\"\ncode-replay = 3\nrevocation_delay_ms = 2"
    )));
    insta::assert_snapshot!(complaint(&of("refresh = { gracious = { seconds = 5 } }")));
    insta::assert_snapshot!(complaint(&of("refresh = { grace = { minutes = 5 } }")));
}

#[test]
fn what_is_no_toml_is_told_without_repeating_the_line() {
    let complaint = complaint(&format!("url = \"http://127.0.0.1:1\"\ntoken = {SECRET}\n"));
    assert!(complaint.starts_with("target.toml:2:9: "), "{complaint}");
}
