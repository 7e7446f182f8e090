//! Wrong decisions on the way to a code and to the first tokens: one field of the policy each, or two
//! where the strict server decides the same thing twice.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::Fault;
use super::tamper::{Incoming, Memory, Outgoing, Tampering, Then};
use crate::authority::pkce::{ChallengeMethod, verifier_is_well_formed, verifier_matches};
use crate::authority::{Policy, redirect};

const STRICT: Policy = Policy::STRICT;

pub(super) const FAULTS: &[Fault] = &[
    Fault::decision(
        "any-redirect-registered",
        "Any text is registered as a redirect URI.",
        Policy { redirect_is_registrable: |_| true, ..STRICT },
    ),
    Fault::decision(
        "redirect-by-prefix",
        "A redirect URI matches when it begins like the registered one.",
        Policy { redirect_matches: |registered, asked| asked.starts_with(registered), ..STRICT },
    ),
    Fault::decision(
        "any-port",
        "The loopback exception for ports applies to every host.",
        Policy { redirect_matches: matches_but_for_the_port, ..STRICT },
    ),
    Fault::decision(
        "repeated-parameters",
        "A repeated parameter is read once and not refused.",
        Policy { repeated_parameter: |_| None, ..STRICT },
    ),
    Fault::decision(
        "any-response-type",
        "The response type is not looked at.",
        Policy { response_type_accepted: |_| true, ..STRICT },
    ),
    Fault::decision(
        "no-iss",
        "Authorization responses do not name the issuer, though the metadata says so.",
        Policy { response_issuer: |_| None, ..STRICT },
    ),
    Fault::decision(
        "state-trimmed",
        "White space and control characters are taken out of the state.",
        Policy { response_state: |state| Some(state?.split_whitespace().collect()), ..STRICT },
    ),
    Fault::decision(
        "state-cut",
        "The state is kept in a column of 255 characters.",
        Policy { response_state: |state| Some(state?.chars().take(255).collect()), ..STRICT },
    ),
    Fault::decision(
        "pkce-optional",
        "A request without a challenge is accepted.",
        Policy { challenge_required: |_| false, ..STRICT },
    ),
    Fault::decision(
        "plain-accepted",
        "The method plain, also when it is implied, is accepted.",
        Policy {
            challenge_method_accepted: |name| match name {
                None | Some("plain") => Some(ChallengeMethod::Plain),
                Some("S256") => Some(ChallengeMethod::S256),
                Some(_) => None,
            },
            ..STRICT
        },
    ),
    Fault::decision(
        "verifier-ignored",
        "Any verifier is good.",
        Policy { verifier_matches: |_, _, _| true, ..STRICT },
    ),
    Fault::decision(
        "challenge-in-any-case",
        "The challenge is compared without regard to case.",
        Policy {
            verifier_matches: |challenge, _, verifier| {
                let expected = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
                challenge.eq_ignore_ascii_case(&expected)
            },
            ..STRICT
        },
    ),
    Fault::decision(
        "verifier-optional",
        "The verifier is checked only when there is one.",
        Policy { verifier_required: |_| false, ..STRICT },
    ),
    Fault::decision(
        "any-verifier-syntax",
        "A verifier of any length and alphabet is accepted.",
        Policy { verifier_is_well_formed: |_| true, ..STRICT },
    ),
    Fault::decision(
        "verifier-off-by-one",
        "A verifier of the shortest legal length is refused.",
        Policy {
            verifier_is_well_formed: |verifier| {
                verifier.len() > 43 && verifier_is_well_formed(verifier)
            },
            ..STRICT
        },
    ),
    Fault::decision(
        "consent-in-any-session",
        "A consent page may be answered from another session than it was shown to.",
        Policy {
            request_belongs_to_session: |_, _| true,
            form_token_matches: |_, _| true,
            ..STRICT
        },
    ),
    Fault::decision(
        "consent-again",
        "A consent page may be answered any number of times.",
        Policy { request_undecided: |_| true, ..STRICT },
    ),
    Fault::decision(
        "ticked-not-offered",
        "The form, not the request that was shown, says which scopes are granted.",
        Policy { approved_scopes: |_, ticked| ticked, ..STRICT },
    ),
    Fault::decision(
        "unticking-ignored",
        "Scopes that the person unticked are granted all the same.",
        Policy { approved_scopes: |offered, _| offered, ..STRICT },
    ),
    Fault::decision(
        "any-client-secret",
        "The client secret is not compared.",
        Policy { client_secret_matches: |_, _| true, ..STRICT },
    ),
    Fault::decision(
        "any-client-method",
        "A client may authenticate in any way.",
        Policy { client_method_accepted: |_, _| true, ..STRICT },
    ),
    Fault::decision(
        "code-reusable",
        "A code can be redeemed again and again.",
        Policy { code_unused: |_| true, ..STRICT },
    ),
    Fault::decision(
        "replay-only-refused",
        "A used code is refused, and its tokens live on.",
        Policy { replay_revokes_grant: |_, _| false, ..STRICT },
    ),
    Fault::decision(
        "code-of-any-client",
        "A code is not bound to its client.",
        Policy { code_client_matches: |_, _| true, ..STRICT },
    ),
    Fault::decision(
        "code-for-any-redirect",
        "The redirect URI of the token request is not compared.",
        Policy { code_redirect_matches: |_, _| true, ..STRICT },
    ),
    Fault::decision(
        "code-for-any-resource",
        "The resource of a token request is not compared with the grant's.",
        Policy { code_resource_matches: |_, _| true, ..STRICT },
    ),
    Fault::decision(
        "code-immortal",
        "Codes do not expire.",
        Policy { code_unexpired: |_, _| true, ..STRICT },
    ),
    Fault::decision(
        "any-challenge-method",
        "Every method, also none, is taken for S256.",
        Policy { challenge_method_accepted: |_| Some(ChallengeMethod::S256), ..STRICT },
    ),
    Fault::decision(
        "challenge-verifies",
        "The challenge itself is accepted as its verifier.",
        Policy {
            verifier_matches: |challenge, method, verifier| {
                challenge == verifier || verifier_matches(challenge, method, verifier)
            },
            ..STRICT
        },
    ),
    Fault {
        name: "pkce-downgrade",
        mistake: "A verifier is ignored when the request had no challenge.",
        policy: Policy { challenge_required: |_| false, ..STRICT },
        tampering: Some(Tampering { before: drop_idle_verifier, after: remember_challenges }),
        settings: None,
        pause: None,
    },
    Fault::decision(
        "loopback-names-interchangeable",
        "One spelling of the loopback address is as good as another.",
        Policy {
            redirect_matches: |registered, asked| {
                let plain =
                    |uri: &str| uri.replace("localhost", "127.0.0.1").replace("[::1]", "127.0.0.1");
                redirect::matches(&plain(registered), &plain(asked))
            },
            ..STRICT
        },
    ),
    Fault::decision(
        "localhost-port-fixed",
        "At localhost the port has to be the registered one.",
        Policy {
            redirect_matches: |registered, asked| {
                registered == asked
                    || (!registered.contains("//localhost") && redirect::matches(registered, asked))
            },
            ..STRICT
        },
    ),
    Fault::decision(
        "reserved-query-registered",
        "A redirect URI may carry the parameters of a response.",
        Policy {
            redirect_is_registrable: |uri| {
                redirect::is_registrable(uri.split('?').next().unwrap_or(uri))
            },
            ..STRICT
        },
    ),
];

fn matches_but_for_the_port(registered: &str, asked: &str) -> bool {
    let without_port = |uri: &str| {
        let (start, rest) = uri.split_once("://").unwrap_or(("", uri));
        let end = rest.find('/').unwrap_or(rest.len());
        let host = rest[..end].split(':').next().unwrap_or_default().to_owned();
        (start.to_owned(), host, rest[end..].to_owned())
    };
    redirect::matches(registered, asked) || without_port(registered) == without_port(asked)
}

/// Remembers which codes were issued without a challenge.
fn remember_challenges(request: &Incoming, answer: &mut Outgoing, memory: &mut Memory) -> Then {
    if request.path == "/oauth/authorize"
        && let Some(state) = request.parameter("state")
        && request.parameter("code_challenge").is_none()
    {
        memory.keep(format!("state {state}"), "no challenge");
    }
    let place = answer.header("location").and_then(|place| url::Url::parse(place).ok());
    let pairs: Vec<(String, String)> =
        place.map(|url| url.query_pairs().into_owned().collect()).unwrap_or_default();
    let find =
        |name: &str| pairs.iter().find(|(have, _)| have == name).map(|(_, value)| value.to_owned());
    if let (Some(code), Some(state)) = (find("code"), find("state"))
        && memory.find(&format!("state {state}")).is_some()
    {
        memory.keep(format!("code {code}"), "no challenge");
    }
    Then::Answer
}

fn drop_idle_verifier(request: &mut Incoming, memory: &mut Memory) -> Option<Outgoing> {
    let code = request.field("code").filter(|_| request.path == "/oauth/token")?;
    if memory.find(&format!("code {code}")).is_some() {
        let mut form = request.form();
        form.retain(|(name, _)| name != "code_verifier");
        request.set_form(&form);
    }
    None
}
