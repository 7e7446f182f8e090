//! `[oidc]` and `lookout-server user link`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::browser::Browser;
use crate::provider::Provider;
use crate::server::EMAIL;
use crate::sign_in::{linked, sign_in};

fn lookout(arguments: &[&str], config: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lookout-server"))
        .args(arguments)
        .arg("--config")
        .arg(config)
        .stdin(Stdio::null())
        .env_remove("LOOKOUT_OIDC_CLIENT_SECRET")
        .output()
        .expect("the binary runs")
}

/// A configuration file with this `[oidc]`.
fn config(folder: &Path, data: &Path, oidc: &str) -> PathBuf {
    let file = folder.join("lookout.toml");
    let listen = "listen = \"127.0.0.1:0\"";
    fs::write(&file, format!("{listen}\ndata = {data:?}\n[oidc]\n{oidc}\n")).expect("a file");
    file
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

#[test]
fn the_operator_links_and_unlinks() {
    let provider = Provider::start();
    let server = linked(&provider);
    let oidc = format!("issuer = {:?}\nclient_id = \"lookout\"", provider.issuer);
    let file = config(provider.folder.path(), &server.app.config.data, &oidc);
    let mut browser = Browser::new(&server);
    assert_eq!(sign_in(&mut browser, &provider).status, 303);
    let output = lookout(&["user", "unlink", EMAIL, "--subject", "another"], &file);
    assert!(!output.status.success() && stderr(&output).contains("not linked"), "{output:?}");
    let output = lookout(&["user", "unlink", EMAIL], &file);
    assert!(output.status.success(), "{output:?}");
    assert!(!browser.is_signed_in(), "its sessions ended");
    assert_eq!(sign_in(&mut Browser::new(&server), &provider).status, 403);
    let output = lookout(&["user", "link", EMAIL, "--subject", "subject-1"], &file);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(sign_in(&mut Browser::new(&server), &provider).status, 303);
    let output = lookout(&["user", "link", "nobody@lookout.example", "--subject", "x"], &file);
    assert!(!output.status.success(), "{output:?}");
    assert!(
        lookout(&["user", "add", "eve@lookout.example", "--setup-link"], &file).status.success()
    );
    let output = lookout(&["user", "link", "eve@lookout.example", "--subject", "subject-1"], &file);
    assert!(!output.status.success() && stderr(&output).contains("somebody else"), "{output:?}");
}

#[test]
fn doctor_and_serve_say_what_is_wrong() {
    let provider = Provider::start();
    let server = linked(&provider);
    let data = &server.app.config.data;
    let secret = provider.folder.path().join("secret");
    let settings =
        |issuer: &str, more: &str| format!("issuer = {issuer:?}\nclient_id = \"lookout\"\n{more}");
    let with_file = format!("client_secret_file = {secret:?}");
    let fine = config(provider.folder.path(), data, &settings(&provider.issuer, &with_file));
    let said = String::from_utf8(lookout(&["doctor"], &fine).stdout).expect("text");
    assert!(said.contains("oidc: the provider answers"), "{said}");
    assert!(said.contains("/sign-in/oidc/callback"), "{said}");

    let without = config(provider.folder.path(), data, &settings(&provider.issuer, ""));
    let output = lookout(&["doctor"], &without);
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(!output.status.success() && said.contains("LOOKOUT_OIDC_CLIENT_SECRET"), "{said}");
    let output = lookout(&["serve"], &without);
    assert!(stderr(&output).contains("LOOKOUT_OIDC_CLIENT_SECRET"), "{output:?}");

    fs::set_permissions(&secret, fs::Permissions::from_mode(0o640)).expect("a mode");
    let open = config(provider.folder.path(), data, &settings(&provider.issuer, &with_file));
    let output = lookout(&["serve"], &open);
    assert!(stderr(&output).contains("chmod 600"), "{output:?}");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).expect("a mode");

    let gone = config(provider.folder.path(), data, &settings("http://127.0.0.1:1", &with_file));
    let output = lookout(&["doctor"], &gone);
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(!output.status.success() && said.contains("the provider cannot be used"), "{said}");
}

#[test]
fn settings_that_cannot_be_meant_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = "issuer = \"https://accounts.example.com\"\nclient_id = \"x\"\n";
    for (oidc, key) in [
        ("issuer = \"http://accounts.example.com\"\nclient_id = \"x\"".to_owned(), "oidc.issuer"),
        ("issuer = \"http://10.0.0.1\"\nclient_id = \"x\"".to_owned(), "oidc.issuer"),
        ("issuer = \"https://u:p@a.example\"\nclient_id = \"x\"".to_owned(), "oidc.issuer"),
        ("issuer = \"ftp://a.example\"\nclient_id = \"x\"".to_owned(), "oidc.issuer"),
        ("issuer = \"https://a.example\"\nclient_id = \"\"".to_owned(), "oidc.client_id"),
        (format!("{good}client_secret = \"x\""), "client_secret"),
        (format!("{good}scopes = [\"email profile\"]"), "oidc.scopes"),
        (format!("{good}role = \"god\""), "oidc.role"),
        (format!("{good}create_accounts = true"), "oidc.email_domains"),
        (format!("{good}create_accounts = true\nemail_domains = [\"*\"]"), "oidc.email_domains"),
        (
            format!("{good}create_accounts = true\nemail_domains = [\"a.example\"]"),
            "oidc.workspace",
        ),
    ] {
        let file = config(folder.path(), &folder.path().join("data"), &oidc);
        let output = lookout(&["serve"], &file);
        assert!(!output.status.success(), "{oidc}");
        assert!(stderr(&output).contains(key), "{oidc}: {output:?}");
        assert_eq!(stderr(&output).trim_end().lines().count(), 1, "{output:?}");
    }
}
