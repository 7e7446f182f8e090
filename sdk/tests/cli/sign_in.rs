//! `lookout login`, `logout` and `whoami`.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use lookout_sdk::schema::Scope;
use lookout_sdk::testing::Fault;
use serde_json::Value;

use crate::support::{Home, Run};

/// Runs `lookout login`, with a person who opens the address that is printed.
fn login(home: &Home, flags: &[&str]) -> Run {
    let endpoint = home.lookout.endpoint();
    let arguments = [&["login", "--no-browser", "--url", &endpoint], flags].concat();
    let mut command = home.bare(&arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut told = String::new();
    let url = loop {
        let mut line = String::new();
        if said.read_line(&mut line).unwrap() == 0 {
            break None;
        }
        told += &line;
        if let Some(url) =
            line.trim().strip_prefix("http").filter(|_| line.contains("/oauth/authorize"))
        {
            break Some(format!("http{url}"));
        }
    };
    if let Some(url) = url {
        home.lookout.visit(&url);
    }
    finish(home, child, told, said)
}

fn finish(home: &Home, mut child: Child, mut told: String, mut said: impl std::io::Read) -> Run {
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    said.read_to_string(&mut told).unwrap();
    let status = child.wait().unwrap();
    home.read(std::process::Output { status, stdout: out.into(), stderr: told.into() })
}

fn credentials(home: &Home) -> Vec<PathBuf> {
    let folder = home.path().join("config/lookout/credentials");
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_sign_in_is_remembered_with_its_endpoint_until_the_sign_out() {
    let home = Home::new();
    let run = login(&home, &[]);
    assert_eq!(
        run.out,
        "Signed in to [endpoint]. You may use mcp:read mcp:write.\n",
        "{}",
        run.shown()
    );
    assert!(run.err.starts_with("Open this on this computer to sign in:\n\n  http://127.0.0.1:"));
    assert_eq!(home.lookout.sign_ins()[0].client_name, "Lookout on the command line");

    let bare = |arguments: &[&str]| home.finish(home.bare(arguments));
    insta::assert_snapshot!("whoami_signed_in", bare(&["whoami"]).ok());
    bare(&["call", "list_tables"]).ok();
    assert_eq!(home.lookout.sign_ins().len(), 1, "nobody was asked again");

    assert_ne!(credentials(&home).len(), 0);
    assert_eq!(bare(&["logout"]).ok(), "Signed out of [endpoint].\n");
    assert_eq!(home.lookout.signed_in(), 0, "the grant is revoked at the server");
    assert_eq!(credentials(&home).len(), 0);
    insta::assert_snapshot!("whoami_signed_out", bare(&["whoami"]).shown());
}

#[cfg(unix)]
#[test]
fn the_credentials_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let home = Home::new();
    login(&home, &[]).ok();
    let files = credentials(&home);
    assert_ne!(files.len(), 0);
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert!(files.iter().all(|file| mode(file) == 0o600));
    assert_eq!(mode(files[0].parent().unwrap()), 0o700);
}

/// The stand-in notes what it was started with, as an argument and not as a command.
#[cfg(unix)]
#[test]
fn the_browser_that_the_person_chose_opens_the_page() {
    let home = Home::new();
    let browser = home.path().join("browser");
    std::fs::write(
        &browser,
        "#!/bin/sh\nprintf '%s\\n' \"$#\" \"$@\" > opened.new && mv opened.new opened\n",
    )
    .unwrap();
    std::fs::set_permissions(&browser, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    let endpoint = home.lookout.endpoint();
    let mut command: Command = home.bare(&["login", "--url", &endpoint]);
    command.env("BROWSER", format!("no-such-program:{} --new-window", browser.display()));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut told = String::new();
    said.read_line(&mut told).unwrap();
    assert!(told.starts_with("Waiting for you to sign in with the browser."), "{told}");
    let opened = home.path().join("opened");
    let opened = loop {
        if let Ok(opened) = std::fs::read_to_string(&opened) {
            break opened;
        }
        std::thread::yield_now();
    };
    let opened: Vec<_> = opened.lines().collect();
    assert_eq!(opened[..2], ["2", "--new-window"]);
    home.lookout.visit(opened[2]);
    let run = finish(&home, child, told, said);
    assert_eq!(run.code, 0, "{}", run.shown());
}

#[test]
fn a_sign_in_for_reading_asks_for_no_more_and_can_be_widened() {
    let home = Home::new();
    login(&home, &["--read-only"]).ok();
    assert_eq!(home.lookout.sign_ins()[0].asked.to_string(), "mcp:read");
    let args = r#"{"title":"t","spec":{"panels":[{"id":"a","title":"A","type":"metric","sql":"select 1"}]}}"#;
    let save = ["call", "save_dashboard", "--args", args];
    insta::assert_snapshot!("scope_missing_signed_in", home.finish(home.bare(&save)).shown());
    assert!(login(&home, &[]).ok().contains("mcp:read mcp:write"));
    home.finish(home.bare(&save)).ok();
    // Signed in with all that can be asked for, nobody is asked.
    login(&home, &[]).ok();
    assert_eq!(home.lookout.sign_ins().len(), 2);
    let run = login(&home, &["--read-only"]);
    assert!(run.err.contains("`lookout logout` first"), "{}", run.shown());
}

#[test]
fn a_person_who_declines_is_not_signed_in() {
    let home = Home::new();
    home.lookout.fail_next(1, Fault::DeclinedConsent);
    let run = login(&home, &[]);
    assert_eq!((run.code, &*run.out), (3, ""));
    assert!(run.err.ends_with("error: the person did not allow the access\n"), "{}", run.err);
    home.lookout.fail_next(1, Fault::NarrowedConsent);
    assert!(login(&home, &[]).ok().ends_with("You may use mcp:read.\n"));
}

#[test]
fn a_program_gets_json() {
    let home = Home::new();
    let json = |text: String| serde_json::from_str::<Value>(&text).unwrap();
    let signed_in = json(login(&home, &["--json"]).ok());
    assert_eq!(signed_in["scopes"], serde_json::json!(["mcp:read", "mcp:write"]));
    let bare = |arguments: &[&str]| home.finish(home.bare(arguments));
    let who = json(bare(&["whoami", "--json"]).ok());
    assert_eq!((&who["credential"], &who["catalogue"]["same"]), (&"oauth".into(), &true.into()));
    assert_eq!(json(bare(&["logout", "--json"]).ok())["revoked"], true);
    let error = bare(&["whoami", "--json"]);
    assert_eq!(json(error.err)["error"]["kind"], "not_allowed");
}

#[test]
fn a_token_comes_from_the_environment_or_a_file_and_is_shown_by_its_kind_alone() {
    let home = Home::new();
    insta::assert_snapshot!("whoami_token", home.run(&["whoami"]).ok());
    let token = home.lookout.token_with([Scope::McpRead]);
    std::fs::write(home.path().join("token"), format!("{token}\n")).unwrap();
    let endpoint = home.lookout.endpoint();
    let from_file = ["whoami", "--token-file", "token", "--url", &endpoint];
    let who = home.finish(home.bare(&from_file)).ok();
    assert!(who.contains("with the token lkmcp_… from token\n"), "{who}");
    assert!(who.contains("Scopes     mcp:read\n"), "{who}");
    let who = home.run_with_input(&["whoami", "--token-file", "-"], &token).ok();
    assert!(who.contains("from standard input"), "{who}");
    for command in ["login", "logout"] {
        insta::assert_snapshot!(format!("{command}_with_token"), home.run(&[command]).shown());
    }
}

#[test]
fn another_catalogue_is_pointed_out() {
    let home = Home::new();
    home.lookout.fail_next(1, Fault::StaleCatalogue);
    let who = home.run(&["whoami"]).ok();
    assert!(
        who.contains("sha256:000000000000…, not the one that this program was built with"),
        "{who}"
    );
}

#[test]
fn a_sign_in_that_ended_at_the_server_is_asked_for_again() {
    let home = Home::new();
    login(&home, &[]).ok();
    home.lookout.fail_next(1, Fault::RevokedToken);
    login(&home, &[]).ok();
    assert_eq!(home.lookout.sign_ins().len(), 2);
    home.finish(home.bare(&["call", "list_tables"])).ok();
}
