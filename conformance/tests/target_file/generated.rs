//! Target files that are made up, to be written and read again.

use std::collections::BTreeMap;

use lookout_conformance::target::ClientMethod;
use lookout_conformance::target::consent::{DecisionWord, FormHints, Selectors};
use lookout_conformance::target::file::{
    ClientFile, ConsentFile, DocumentFile, LifetimesFile, LimitsFile, OwnershipFile,
    RegistrationFile, SecretSource, TargetFile, TokenFile, ToolFile,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::{complaint, read};

/// Any text a string of TOML may hold, and a few that look like syntax.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{1,8}", "\\PC{0,12}", Just("\"'\\\n".to_owned())]
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(text(), 0..3)
}

fn secret() -> impl Strategy<Value = SecretSource> {
    prop_oneof![
        text().prop_map(|env| SecretSource { env: Some(env), file: None }),
        text().prop_map(|file| SecretSource { env: None, file: Some(file) }),
    ]
}

fn maybe<T: std::fmt::Debug + Clone>(
    of: impl Strategy<Value = T>,
) -> impl Strategy<Value = Option<T>> {
    proptest::option::of(of)
}

fn registration() -> impl Strategy<Value = RegistrationFile> {
    let method = prop_oneof![Just(ClientMethod::None), Just(ClientMethod::ClientSecretPost)];
    let client = (text(), maybe(secret()), maybe(method), texts()).prop_map(
        |(client_id, client_secret, method, redirect_uris)| ClientFile {
            client_id,
            client_secret,
            method,
            redirect_uris,
        },
    );
    let document = (text(), texts())
        .prop_map(|(client_id, redirect_uris)| DocumentFile { client_id, redirect_uris });
    prop_oneof![
        maybe(secret())
            .prop_map(|initial_access_token| RegistrationFile::Dynamic { initial_access_token }),
        proptest::collection::vec(document, 0..3)
            .prop_map(|clients| RegistrationFile::MetadataDocument { clients }),
        proptest::collection::vec(client, 0..3)
            .prop_map(|clients| RegistrationFile::PreRegistered { clients }),
    ]
}

fn consent() -> impl Strategy<Value = ConsentFile> {
    let hints = (maybe(text()), texts()).prop_map(|(user_field, allow)| FormHints {
        user_field,
        allow,
        ..FormHints::default()
    });
    let selectors = (maybe(text()), maybe(text())).prop_map(|(user, scopes)| Selectors {
        user,
        scopes,
        ..Selectors::default()
    });
    let decisions = proptest::collection::vec(
        prop_oneof![Just(DecisionWord::Allow), Just(DecisionWord::Narrow)],
        0..3,
    );
    prop_oneof![
        Just(ConsentFile::Redirects {}),
        (maybe(text()), maybe(secret()), maybe(hints))
            .prop_map(|(user, password, hints)| ConsentFile::Forms { user, password, hints }),
        (text(), maybe(secret()), maybe(selectors), maybe(0..99_u64)).prop_map(
            |(url, password, selectors, timeout_seconds)| ConsentFile::Webdriver {
                url,
                user: None,
                password,
                selectors,
                capabilities: serde_json::Map::new(),
                timeout_seconds,
            }
        ),
        (texts(), decisions).prop_map(|(program, decisions)| ConsentFile::Command {
            program,
            decisions,
            timeout_seconds: None
        }),
    ]
}

fn file() -> impl Strategy<Value = TargetFile> {
    let tool = (texts(), any::<bool>(), maybe(text())).prop_map(|(scopes, writes, argument)| {
        let arguments = argument.map(|text| {
            let mut map = serde_json::Map::new();
            map.insert("argument".to_owned(), text.into());
            map
        });
        ToolFile { scopes, arguments, writes }
    });
    let token = (texts(), secret()).prop_map(|(scopes, token)| TokenFile { scopes, token });
    let limits = (maybe(any::<bool>()), maybe(0.5_f64..50.0), maybe(0..9_999_u64)).prop_map(
        |(polite, requests_per_second, total_requests)| LimitsFile {
            polite,
            requests_per_second,
            total_requests,
            ..LimitsFile::default()
        },
    );
    let ownership =
        (text(), text()).prop_map(|(authorization, nonce)| OwnershipFile { authorization, nonce });
    let lists = (text(), texts(), texts(), maybe(text()), maybe(text()));
    let parts = (
        maybe(registration()),
        maybe(consent()),
        proptest::collection::btree_map(text(), tool, 0..3),
        proptest::collection::btree_map(text(), secret(), 0..3),
        proptest::collection::vec(token, 0..2),
        maybe(limits),
        maybe(ownership),
        maybe((0..99_u64).prop_map(|seconds| LifetimesFile {
            code_seconds: Some(seconds),
            access_seconds: None,
        })),
    );
    (lists, parts).prop_map(|((url, hosts, scopes, resource, catalogue), parts)| {
        let (registration, consent, tools, headers, tokens, limits, ownership, lifetimes) = parts;
        let tools: BTreeMap<_, _> = tools;
        TargetFile {
            url,
            hosts,
            scopes,
            resource,
            catalogue,
            registration,
            consent,
            tools,
            headers,
            tokens,
            limits,
            ownership,
            lifetimes,
            ..TargetFile::default()
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 128,
        rng_seed: RngSeed::Fixed(4),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_written_is_read_again(file in file()) {
        let text = toml::to_string(&file).unwrap();
        prop_assert_eq!(toml::from_str::<TargetFile>(&text).unwrap(), file);
        // The published shape allows everything that can be written, so only contents are told.
        let complaint = read(&text).err().unwrap_or_default();
        for shape in ["no such field", "is missing", "expected one of", "never written"] {
            prop_assert!(!complaint.contains(shape), "{}\n{}", complaint, text);
        }
    }

    #[test]
    fn one_field_too_many_is_told_with_its_key(file in file(), name in "[a-z]{3,9}_too_many") {
        let text = format!("{name} = 1\n{}", toml::to_string(&file).unwrap());
        let complaint = complaint(&text);
        let expected = format!("target.toml:1:1: {name}: no such field");
        prop_assert!(complaint.contains(&expected), "{}", complaint);
    }
}
