//! Root keys: rotation, restarts and replicas, and what a row under another key is worth.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use lookout_server::App;
use lookout_server::authority::Resource;
use lookout_server::config::Settings;
use lookout_server::secret::entropy::SystemEntropy;
use lookout_server::secret::keys::error::StepError;
use lookout_server::secret::keys::file::{KeyFile, MOST};
use lookout_server::secret::keys::{Digest, Keys, Kid};
use lookout_server::secret::{AccessToken, SecretKind};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::json;

use crate::browser::{Browser, Tokens};
use crate::server::Server;

const NEVER: Duration = Duration::from_secs(1_000_000);

#[derive(Clone, Debug)]
enum Step {
    /// A replica issues a secret.
    Mint(usize),
    /// A replica reads the key file, or starts again.
    Reread(usize),
    Rotate,
    Promote,
    Retire(u16),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..2_usize).prop_map(Step::Mint),
        2 => (0..2_usize).prop_map(Step::Reread),
        2 => Just(Step::Rotate),
        2 => Just(Step::Promote),
        1 => (1..5_u16).prop_map(Step::Retire),
    ];
    prop::collection::vec(step, 0..40)
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 200,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(6),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    /// Between two changes of the file every replica has time to read the first: that is what the steps wait for.
    #[test]
    fn every_secret_is_valid_on_every_replica_until_its_key_is_retired(steps in steps()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.key");
        Keys::create(&path, &SystemEntropy).unwrap();
        let read = || Keys::watch(&path, NEVER).unwrap();
        let mut replicas = [read(), read()];
        let mut rows: HashSet<Digest> = HashSet::new();
        let mut minted: Vec<(AccessToken, Kid)> = Vec::new();
        let mut retired: HashSet<Kid> = HashSet::new();
        let mut now = 10_000_000_000;
        for step in steps {
            match step {
                Step::Mint(replica) => {
                    let secret = AccessToken::mint(&SystemEntropy);
                    let digest = replicas[replica].digest(&secret);
                    rows.insert(digest);
                    minted.push((secret, digest.1));
                }
                Step::Reread(replica) => replicas[replica] = read(),
                Step::Rotate | Step::Promote | Step::Retire(_) => {
                    replicas = [read(), read()];
                    now += 60;
                    let mut file = KeyFile::open(&path).unwrap();
                    let done = match step {
                        Step::Rotate => file.rotate(&SystemEntropy, now).map(|_| ()),
                        Step::Promote => file.promote(now).map(|_| ()),
                        Step::Retire(kid) => file.retire(Kid(kid), now).map(|()| {
                            retired.insert(Kid(kid));
                        }),
                        _ => Ok(()),
                    };
                    if done.is_ok() {
                        file.replace(&path).unwrap();
                    }
                    prop_assert!(file.listed().count() <= MOST);
                }
            }
            let accepts = |replica: &Keys, secret: &AccessToken| {
                replica.digests(SecretKind::Access, secret.expose()).any(|digest| rows.contains(&digest))
            };
            for (secret, kid) in &minted {
                if !retired.contains(kid) {
                    prop_assert!(replicas.iter().all(|replica| accepts(replica, secret)), "{kid}");
                } else {
                    prop_assert!(!accepts(&read(), secret), "{kid} is retired");
                }
            }
        }
    }
}

/// Adds a key and makes it the current one, as if a minute had passed.
fn rotate(path: &Path) -> Kid {
    let mut file = KeyFile::open(path).expect("what the test needs");
    file.rotate(&SystemEntropy, 0).expect("what the test needs");
    let kid = file.promote(60).expect("what the test needs");
    file.replace(path).expect("what the test needs");
    kid
}

#[test]
fn no_step_follows_another_before_every_server_knows_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.key");
    Keys::create(&path, &SystemEntropy).unwrap();
    let mut file = KeyFile::open(&path).unwrap();
    assert_eq!(file.promote(1), Err(StepError::NothingToPromote));
    assert_eq!(file.retire(Kid(1), i64::MAX), Err(StepError::Current(Kid(1))));
    assert_eq!(file.retire(Kid(9), i64::MAX), Err(StepError::Unknown(Kid(9))));
    assert_eq!(file.rotate(&SystemEntropy, 1000), Ok(Kid(2)));
    assert_eq!(file.rotate(&SystemEntropy, 1000), Err(StepError::Unfinished(Kid(2))));
    assert_eq!(file.promote(1059), Err(StepError::TooSoon(1)));
    assert_eq!(file.promote(1060), Ok(Kid(2)));
    assert_eq!(file.retire(Kid(1), 1061), Err(StepError::TooSoon(59)));
    assert_eq!(file.retire(Kid(1), 1120), Ok(()));
    for kid in 3..=5 {
        file.rotate(&SystemEntropy, 2000).unwrap();
        assert_eq!(file.promote(3000), Ok(Kid(kid)));
    }
    assert_eq!(file.rotate(&SystemEntropy, 4000), Err(StepError::TooMany));
    file.replace(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(Keys::load(&path).unwrap().kids(), [5, 4, 3, 2].map(Kid));
}

#[test]
fn a_changed_file_is_noticed_without_a_restart_and_a_broken_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.key");
    let old = Keys::create(&path, &SystemEntropy).unwrap();
    let keys = Keys::watch(&path, Duration::ZERO).unwrap();
    let token = AccessToken::mint(&SystemEntropy);
    assert_eq!(keys.digest(&token), old.digest(&token));
    let form = keys.form_token(b"session", "form");
    rotate(&path);
    assert_eq!((keys.kids(), keys.are_readable()), (vec![Kid(2), Kid(1)], true));
    assert_ne!(keys.digest(&token).0, old.digest(&token).0);
    assert_eq!(
        keys.digest_under(Kid(1), SecretKind::Access, token.expose()),
        Some(old.digest(&token))
    );
    assert_eq!(keys.form_tokens(b"session", "form")[1], form);

    let before = keys.digest(&token);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(!keys.are_readable());
    assert_eq!(keys.digest(&token), before);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(keys.are_readable());
    fs::remove_file(&path).unwrap();
    assert!(!keys.are_readable());
    assert_eq!(keys.digest(&token), before);
}

#[test]
fn everything_that_was_issued_outlives_a_rotation_and_ends_with_its_key() {
    let server = Server::start();
    let (confidential, secret) =
        server.register(&json!({ "token_endpoint_auth_method": "client_secret_post" }));
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let tokens = browser.connect(&client);
    let code = browser.allow(&client, &[]);
    let cookie = browser.secret().to_owned();
    let data = server.app.config.data.clone();
    rotate(&data.join("root.key"));
    let settings = Settings { data, ..Settings::default() };
    let listen = settings.listen;
    let config = settings.at(listen).unwrap();
    let open = || server.runtime.block_on(App::open(config.clone())).unwrap();
    let other = open();
    let admits =
        |app: &App, token: &str| server.runtime.block_on(app.admit(token, Resource::Mcp)).is_ok();
    assert!(admits(&other, &tokens.access));
    assert!(server.runtime.block_on(other.visitor(Some(&cookie))).unwrap().is_some());

    // A row that says it was made with another key is none.
    server.sql("update tokens set kid = 2");
    assert!(!admits(&other, &tokens.access));
    server.sql("update tokens set kid = 1");
    assert!(admits(&other, &tokens.access));

    // The running server notices by itself; what it makes from then on is of the new key, and the old is accepted.
    std::thread::sleep(lookout_server::secret::keys::REREAD);
    let tokens = Tokens::of(&server.refresh(&client, &tokens.refresh));
    let exchanged = Tokens::of(&server.redeem(&client, &code));
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", confidential.as_str()),
        ("client_secret", secret.as_deref().unwrap()),
        ("refresh_token", "lkort_unknown"),
    ];
    assert_eq!(server.post_form("/oauth/token", &form, &[]).refusal().1, "invalid_grant");
    let (_, uses) = server.runtime.block_on(server.app.key_uses()).unwrap();
    let (old, new) = (uses[0], uses[1]);
    assert_eq!((old.kid, new.kid, new.tokens), (Kid(1), Kid(2), 4));
    assert_eq!((old.sessions, old.client_secrets, old.endless), (1, 1, 1));
    // The superseded refresh token counts: its reuse must be recognised.
    assert_eq!(old.tokens, 2, "{old:?}");

    server.runtime.block_on(server.app.end_key(Kid(1))).unwrap();
    let (_, uses) = server.runtime.block_on(server.app.key_uses()).unwrap();
    assert_eq!(uses.iter().map(|key| key.kid).collect::<Vec<_>>(), [Kid(2)]);
    assert!(admits(&server.app, &tokens.access) && admits(&server.app, &exchanged.access));
    assert!(server.runtime.block_on(server.app.visitor(Some(&cookie))).unwrap().is_none());
    assert_eq!(server.post_form("/oauth/token", &form, &[]).refusal().1, "invalid_client");
}
