//! What lies on the disk: digests, and never a secret.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use lookout_server::config::Settings;
use lookout_server::{App, app};
use serde_json::json;

use crate::browser::{Browser, Tokens, csrf_of};
use crate::server::{PASSWORD, Server};

/// Every byte of the data directory except the root key.
fn contents(data: &Path) -> Vec<u8> {
    let files = fs::read_dir(data).expect("the data directory");
    let paths = files.map(|entry| entry.expect("an entry").path());
    paths
        .filter(|path| !path.ends_with("root.key"))
        .flat_map(|path| fs::read(path).expect("a file"))
        .collect()
}

#[test]
fn no_secret_that_was_ever_issued_is_in_a_file() {
    let server = Server::start();
    let (client, secret) =
        server.register(&json!({ "token_endpoint_auth_method": "client_secret_post" }));
    let public = server.client();
    let mut browser = Browser::new(&server);
    browser.get("/sign-in");
    let anonymous = browser.secret().to_owned();
    browser.sign_in(crate::server::EMAIL, PASSWORD);
    let unused = browser.allow(&client, &[]);
    let code = browser.allow(&public, &[]);
    let first = Tokens::of(&server.redeem(&public, &code));
    let second = Tokens::of(&server.refresh(&public, &first.refresh));
    let csrf = csrf_of(&browser.get("/w/demo/mcp/tokens"), "/w/demo/mcp/tokens");
    let form = [("csrf", csrf.as_str()), ("name", "n"), ("scope", "mcp:read"), ("days", "1")];
    let page = browser.post("/w/demo/mcp/tokens", &form);
    let token =
        page.text.split_once("class=\"uri\">").unwrap().1.split('<').next().unwrap().to_owned();
    let secrets = [
        secret.unwrap(),
        anonymous,
        browser.secret().to_owned(),
        unused,
        code,
        first.access,
        first.refresh,
        second.access,
        second.refresh,
        token,
        PASSWORD.to_owned(),
        csrf,
    ];
    let bytes = contents(&server.app.config.data);
    assert!(bytes.len() > 50_000, "the database was not found");
    for secret in &secrets {
        assert!(secret.len() > 15, "{secret}");
        // A stored hint is the prefix and three characters; nothing longer may be there.
        let tail = &secret.as_bytes()[secret.len().saturating_sub(20)..];
        assert!(!bytes.windows(tail.len()).any(|window| window == tail), "found {secret}");
    }
    assert!(
        bytes.windows(client.len()).any(|window| window == client.as_bytes()),
        "identifiers are there"
    );
}

#[test]
fn only_the_owner_of_the_process_reads_the_files() {
    let server = Server::start();
    let data = server.app.config.data.clone();
    assert_eq!(fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
    for entry in fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o177,
            0,
            "{}",
            path.display()
        );
    }
}

#[tokio::test]
async fn a_data_directory_is_made_only_where_there_is_nothing_and_opened_only_when_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let open = || {
        let settings = Settings { data: data.clone(), ..Settings::default() };
        let listen = settings.listen;
        App::open(settings.at(listen).unwrap())
    };
    assert!(open().await.unwrap_err().to_string().contains("lookout-server init"));
    app::init(&data).await.unwrap();
    assert!(app::init(&data).await.unwrap_err().to_string().contains("is not empty"));
    open().await.unwrap();

    let key = data.join("root.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(open().await.unwrap_err().to_string().contains("chmod 600"));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&key, [7; 31]).unwrap();
    assert!(open().await.unwrap_err().to_string().contains("32 bytes"));
    fs::remove_file(&key).unwrap();
    assert!(open().await.is_err(), "a lost key is not replaced");
    assert!(!key.exists());
}

#[test]
fn a_server_with_another_root_key_refuses_to_start() {
    let server = Server::start();
    let client = server.client();
    let tokens = Browser::signed_in(&server).connect(&client);
    let data = server.app.config.data.clone();
    fs::write(data.join("root.key"), [7; 32]).unwrap();
    let settings = Settings { data, ..Settings::default() };
    let listen = settings.listen;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let refusal =
        runtime.block_on(App::open(settings.at(listen).unwrap())).unwrap_err().to_string();
    assert!(refusal.contains("is not the one that this database was made with"), "{refusal}");
    assert!(server.admits(&tokens.access, lookout_server::authority::Resource::Mcp).is_some());
}
