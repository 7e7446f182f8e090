//! Authorization requests: what is answered on a page of the server, what at the redirect URI, and with which error.

use lookout_schema::{Scope, ScopeSet};
use lookout_server::authority::authorize::{AuthorizeRefusal, Proposal};
use lookout_server::authority::parameters::Parameters;
use lookout_server::authority::records::Client;
use lookout_server::authority::{Policy, Resource};
use lookout_server::secret::keys::{Digest, Kid};
use proptest::prelude::*;

use crate::cases;
use crate::memory::{ISSUER, Memory, REDIRECT, authority, client, query};

type Pairs = Vec<(&'static str, &'static str)>;

fn good() -> Pairs {
    vec![
        ("response_type", "code"),
        ("client_id", "a"),
        ("redirect_uri", REDIRECT),
        ("scope", "mcp:read mcp:write"),
        ("state", "s 1"),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
        ("resource", "https://lookout.example/mcp"),
    ]
}

fn with(name: &'static str, value: &'static str) -> Pairs {
    good().into_iter().map(|(key, old)| (key, if key == name { value } else { old })).collect()
}

fn without(name: &str) -> Pairs {
    good().into_iter().filter(|(key, _)| *key != name).collect()
}

fn twice(name: &str) -> Pairs {
    good().into_iter().chain(good().into_iter().filter(|(key, _)| *key == name)).collect()
}

fn judged(client: Option<&Client>, pairs: Pairs) -> Result<Proposal, AuthorizeRefusal> {
    let parameters: Parameters = pairs.into_iter().collect();
    authority(Policy::STRICT).propose(client, &parameters)
}

#[test]
fn while_the_client_or_its_address_is_in_doubt_nothing_is_sent_anywhere() {
    let mut deleted = client("a");
    deleted.deleted_at = Some(deleted.created_at);
    let mut several = client("a");
    several.redirect_uris.push("https://app.example/other".to_owned());
    let registered = client("a");
    let doubtful = [
        ("no client", None, good()),
        ("a deleted client", Some(&deleted), good()),
        ("which of several addresses", Some(&several), without("redirect_uri")),
        ("another address", Some(&registered), with("redirect_uri", "https://evil.example/cb")),
        ("the client twice", Some(&registered), twice("client_id")),
        ("the address twice", Some(&registered), twice("redirect_uri")),
    ];
    for (what, client, pairs) in doubtful {
        let result = judged(client, pairs);
        assert!(matches!(result, Err(AuthorizeRefusal::Page(_))), "{what}: {result:?}");
    }
}

#[test]
fn every_other_fault_is_told_to_the_client_with_its_code_the_state_and_the_issuer() {
    let faults = [
        (without("response_type"), "invalid_request"),
        (with("response_type", "token"), "unsupported_response_type"),
        (with("response_type", "code token"), "unsupported_response_type"),
        (with("response_type", "CODE"), "unsupported_response_type"),
        (without("code_challenge"), "invalid_request"),
        (with("code_challenge", "short"), "invalid_request"),
        (without("code_challenge_method"), "invalid_request"),
        (with("code_challenge_method", "plain"), "invalid_request"),
        (with("resource", "https://lookout.example/"), "invalid_target"),
        (with("resource", "https://lookout.example/mcp/"), "invalid_target"),
        (twice("resource"), "invalid_target"),
        (with("scope", "mcp:admin"), "invalid_scope"),
        (twice("scope"), "invalid_request"),
        (twice("code_challenge"), "invalid_request"),
    ];
    for (pairs, code) in faults {
        let result = judged(Some(&client("a")), pairs.clone());
        let Err(AuthorizeRefusal::Redirect(address)) = result else {
            panic!("{pairs:?} led to {result:?}")
        };
        assert!(address.starts_with(&format!("{REDIRECT}?")), "{address}");
        assert_eq!(query(&address, "error"), [code], "{pairs:?}");
        assert_eq!(query(&address, "state"), ["s 1"], "{pairs:?}");
        assert_eq!(query(&address, "iss"), [ISSUER], "{pairs:?}");
        assert_eq!(query(&address, "error_description").len(), 1, "{pairs:?}");
        assert!(query(&address, "code").is_empty(), "{pairs:?}");
    }
}

#[test]
fn of_a_repeated_state_none_comes_back() {
    let result = judged(Some(&client("a")), twice("state"));
    let Err(AuthorizeRefusal::Redirect(address)) = result else { panic!("{result:?}") };
    assert_eq!(query(&address, "error"), ["invalid_request"]);
    assert!(query(&address, "state").is_empty());
}

#[test]
fn the_only_registered_address_need_not_be_named() {
    let proposal = judged(Some(&client("a")), without("redirect_uri")).unwrap();
    assert_eq!(proposal.redirect_uri, REDIRECT);
}

#[test]
fn what_is_kept_for_the_person_is_what_was_asked_in_the_session_that_asked() {
    let registered = client("a");
    let proposal = judged(Some(&registered), good()).unwrap();
    assert_eq!(proposal.scopes, ScopeSet::all());
    let memory = Memory::new();
    let session = Digest([9; 32], Kid(1));
    let decision =
        authority(Policy::STRICT).ask(memory.now, "request", session, &registered, proposal);
    assert_eq!(decision.changes.len(), 1);
    let request = decision.reply.unwrap();
    assert_eq!(request.id, "request");
    assert_eq!(request.session, session);
    assert_eq!(request.client_id, "a");
    assert_eq!(request.redirect_uri, REDIRECT);
    assert_eq!(request.resource, Resource::Mcp);
    assert_eq!(request.state.as_deref(), Some("s 1"));
    assert_eq!(request.expires_at, memory.now.plus_seconds(600));
    assert_eq!(request.decided_at, None);
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn no_parameter_is_given_twice(index in 0_usize..8, second in "[a-z]{0,4}") {
        let (name, first) = good()[index];
        for value in [first, second.as_str()] {
            let pairs = good().into_iter().chain([(name, value)]);
            let parameters: Parameters = pairs.collect();
            let result = authority(Policy::STRICT).propose(Some(&client("a")), &parameters);
            prop_assert!(result.is_err(), "{name} twice: {result:?}");
        }
    }

    #[test]
    fn nobody_is_asked_for_more_than_the_client_registered(registered in 0_usize..2, scope in prop::option::of(0_usize..2)) {
        let mut limited = client("a");
        limited.scopes = ScopeSet::of(&[Scope::ALL[registered]]);
        let names = scope.map(|scope| Scope::ALL[scope].as_str());
        let pairs = without("scope").into_iter().chain(names.map(|names| ("scope", names)));
        match judged(Some(&limited), pairs.collect()) {
            Ok(proposal) => prop_assert_eq!(proposal.scopes, limited.scopes),
            Err(AuthorizeRefusal::Redirect(address)) => {
                prop_assert_eq!(query(&address, "error"), ["invalid_scope"]);
                prop_assert!(scope.is_some_and(|scope| scope != registered));
            }
            Err(other) => return Err(TestCaseError::fail(format!("{other:?}"))),
        }
    }
}
