//! What the provider gave is nowhere afterwards.

use std::fs;
use std::sync::LazyLock;

use serde_json::json;

use crate::browser::Browser;
use crate::log::LOG;
use crate::provider::{CLIENT_SECRET, Provider, Wrong};
use crate::sign_in::{linked, sign_in};

#[test]
fn no_token_of_the_provider_is_kept_or_logged() {
    LazyLock::force(&LOG);
    let provider = Provider::start();
    provider.state().claims = json!({ "email": "private-address@elsewhere.example" });
    let server = linked(&provider);
    assert_eq!(sign_in(&mut Browser::new(&server), &provider).status, 303);
    for wrong in [Wrong::Nonce, Wrong::OtherKey, Wrong::NoExpiry, Wrong::NotAToken, Wrong::Issuer] {
        provider.does(wrong);
        sign_in(&mut Browser::new(&server), &provider);
    }
    let mut stored = Vec::new();
    for file in fs::read_dir(&server.app.config.data).expect("a folder") {
        stored.extend(fs::read(file.expect("a file").path()).expect("a file"));
    }
    let stored = String::from_utf8_lossy(&stored).into_owned();
    let log = String::from_utf8_lossy(&LOG.lock().expect("what the test needs")).into_owned();
    assert!(log.len() > 1000 && stored.contains("subject-1"), "both were looked at");
    let mut secrets = provider.state().secrets.clone();
    assert!(secrets.len() >= 20, "{secrets:?}");
    secrets.push(CLIENT_SECRET.to_owned());
    secrets.push("private-address".to_owned());
    for secret in secrets {
        let tail = &secret[secret.len().saturating_sub(24)..];
        assert!(!stored.contains(tail), "stored: {secret}");
        assert!(!log.contains(tail), "logged: {secret}");
    }
    assert!(!format!("{:?}", server.app).contains(CLIENT_SECRET));
}
