//! The command line.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use lookout_server::App;
use lookout_server::authority::Resource;
use lookout_server::config::Settings;

fn lookout(arguments: &[&str], data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookout-server"));
    command
        .args(arguments)
        .arg("--data")
        .arg(data)
        .stdin(Stdio::null())
        .env_remove("LOOKOUT_USER_PASSWORD");
    command
}

#[track_caller]
fn succeed(command: &mut Command) -> Output {
    let output = command.output().expect("the binary runs");
    assert!(output.status.success(), "{output:?}");
    output
}

#[track_caller]
fn fail(command: &mut Command) -> (i32, String) {
    let output = command.output().expect("the binary runs");
    assert!(output.stdout.is_empty(), "{output:?}");
    let message = String::from_utf8(output.stderr).expect("text");
    (output.status.code().expect("an exit code"), message)
}

#[test]
fn a_token_is_made_listed_and_revoked_from_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    succeed(&mut lookout(&["init"], &data));
    let mut add = lookout(&["user", "add", "eve@lookout.example"], &data);
    let (code, message) = fail(add.env("LOOKOUT_USER_PASSWORD", "short"));
    assert!(code == 1 && message.contains("12 characters"), "{message}");
    let mut add = lookout(
        &["user", "add", "eve@lookout.example", "--name", "Eve", "--workspace", "lab"],
        &data,
    );
    assert!(succeed(add.env("LOOKOUT_USER_PASSWORD", "a long password")).stdout.is_empty());
    let (_, message) = fail(add.env("LOOKOUT_USER_PASSWORD", "a long password"));
    assert!(message.contains("has an account already"), "{message}");

    let owner = ["--user", "eve@lookout.example"];
    let create = |more: &[&str]| {
        let arguments = [&["token", "create"][..], &owner, more].concat();
        succeed(&mut lookout(&arguments, &data))
    };
    let output = create(&["--name", "ci", "--scope", "mcp:read", "--expires-days", "3"]);
    let token = String::from_utf8(output.stdout).unwrap().trim_end().to_owned();
    assert!(token.starts_with("lkmcp_") && token.len() == 55, "{token}");
    assert!(!String::from_utf8(output.stderr).unwrap().contains("save dashboards"));
    let both = create(&["--name", "both"]);
    assert!(String::from_utf8(both.stderr).unwrap().contains("save dashboards"));

    let settings = Settings { data: data.clone(), ..Settings::default() };
    let listen = settings.listen;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let app = runtime.block_on(App::open(settings.at(listen).unwrap())).unwrap();
    let admits = || runtime.block_on(app.admit(&token, Resource::Mcp)).ok();
    assert_eq!(admits().unwrap().scopes, "mcp:read".parse().unwrap());
    assert_eq!(admits().unwrap().workspace_slug, "lab");

    let list = || {
        let arguments = [&["token", "list"][..], &owner].concat();
        String::from_utf8(succeed(&mut lookout(&arguments, &data)).stdout).unwrap()
    };
    assert!(list().contains(&format!("\t{}\tmcp:read\tlive\tci\n", &token[..9])), "{}", list());
    let arguments = [&["token", "revoke"][..], &owner, &["ci"]].concat();
    succeed(&mut lookout(&arguments, &data));
    assert!(admits().is_none());
    assert!(list().contains("\trevoked\tci\n"));
    let (code, message) = fail(&mut lookout(&arguments, &data));
    assert!(code == 1 && message.contains("no live token"), "{message}");
}

#[test]
fn bad_configuration_is_one_line_that_names_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lookout.toml");
    let warehouse = |id: &str, more: &str| {
        format!("[[warehouse]]\nid = \"{id}\"\nname = \"n\"\npath = \"none.db\"\n{more}\n")
    };
    let (here, there) = ("workspace = \"demo\"", "workspace = \"lab\"");
    let first = "workspace = \"demo\"\ndefault = true";
    let twice = [warehouse("shop", here), warehouse("shop", there), warehouse("shop", here)];
    let defaults = [warehouse("shop", first), warehouse("log", here), warehouse("crm", first)];
    let (twice, defaults) = (twice.concat(), defaults.concat());
    let cases = [
        (twice.as_str(), "warehouse: the workspace \"demo\" has the id \"shop\" twice"),
        (&defaults, "warehouse: the workspace \"demo\" has two defaults, \"shop\" and \"crm\""),
        ("lissten = \"127.0.0.1:1\"", "lookout.toml:1: unknown field `lissten`"),
        ("\n[lifetimes]\ncode = 0", "lifetimes.code is 0"),
        ("[lifetimes]\ncode = 601", "seconds from 1 to 600"),
        ("[limits]\nredirect_uris = 0", "limits.redirect_uris is 0"),
        ("[limits]\nconnections = 0", "limits.connections is 0; give 1 to"),
        ("[limits]\nheader_seconds = 0", "limits.header_seconds is 0; give seconds from 0.01"),
        ("[limits]\ntrusted_proxies = [\"10.0.0.0/40\"]", "is not an address or a network"),
        ("[limits]\nrates = \"sometimes\"", "unknown variant `sometimes`"),
        ("public_url = \"http://lookout.example\"", "public_url"),
        ("public_url = \"https://lookout.example/path\"", "public_url"),
        ("allowed_origins = [\"https://app.example/\"]", "allowed_origins"),
        ("listen = \"0.0.0.0:0\"", "public_url is missing"),
        ("listen = 7", "lookout.toml:1"),
    ];
    for (text, expected) in cases {
        std::fs::write(&file, text).unwrap();
        let mut command =
            lookout(&["serve", "--config", file.to_str().unwrap()], &folder.path().join("data"));
        let (code, message) = fail(&mut command);
        assert_eq!((code, message.lines().count()), (2, 1), "{text}: {message}");
        assert!(message.contains(expected), "{text}: {message}");
    }
    std::fs::write(&file, warehouse("log", first)).unwrap();
    let flags = ["serve", "--demo", "--config", file.to_str().unwrap()];
    let (code, message) = fail(&mut lookout(&flags, &folder.path().join("data")));
    assert_eq!((code, message.lines().count()), (2, 1), "{message}");
    assert!(message.contains("give \"log\" another id and no `default`"), "{message}");
    assert!(!folder.path().join("data").exists(), "nothing was touched");
    let (code, message) =
        fail(&mut lookout(&["serve", "--listen", "127.0.0.1:0"], &folder.path().join("data")));
    assert!(code == 1 && message.contains("lookout-server init"), "{message}");
}

#[test]
fn serving_says_where_first_and_stops_on_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    succeed(&mut lookout(&["init"], &data));
    let mut child = lookout(&["serve", "--listen", "127.0.0.1:0"], &data)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    let base = line.trim_end().strip_prefix("listening on ").unwrap();
    let mut reply =
        ureq::get(format!("{base}/.well-known/oauth-authorization-server")).call().unwrap();
    assert!(reply.body_mut().read_to_string().unwrap().contains(base));
    let stopped = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(stopped.success());
    assert!(child.wait().unwrap().success());
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("lookout-server user add you@example.com --role owner --setup-link"));
}
