//! Proof Key for Code Exchange: a code is worth nothing without its verifier.

use proptest::strategy::Strategy as _;

use crate::check::{Capability, Check, Level, rfc};
use crate::outcome::{Outcome, Violation, ensure};
use crate::probe::Probe;
use crate::probe::authorize::{Decision, s256};
use crate::probe::browser::Landing;
use crate::probe::register::Method;
use crate::property::pkce::{illegal, methods, wrong};
use crate::property::token::{Mutation, mutation};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "pkce/missing-challenge",
        level: Level::Must,
        clause: rfc(7636, "4.4.1"),
        claim: "No code is issued for a request without a code challenge.",
        needs: &[Capability::Consent],
        run: missing_challenge,
    },
    Check {
        id: "pkce/method",
        level: Level::Must,
        clause: rfc(7636, "4.4.1"),
        claim: "No code is issued for a challenge whose method is none that the server knows.",
        needs: &[Capability::Consent],
        run: method,
    },
    Check {
        id: "pkce/plain",
        level: Level::Hardening,
        clause: rfc(9700, "2.1.1"),
        claim: "No code is issued for the method plain, be it named or implied by naming none.",
        needs: &[Capability::Consent],
        run: plain,
    },
    Check {
        id: "pkce/wrong-verifier",
        level: Level::Must,
        clause: rfc(7636, "4.6"),
        claim: "A code is never redeemed with a verifier that its challenge was not made from.",
        needs: &[Capability::Consent],
        run: wrong_verifier,
    },
    Check {
        id: "pkce/wrong-challenge",
        level: Level::Must,
        clause: rfc(7636, "4.6"),
        claim: "A challenge that differs in any character is another challenge.",
        needs: &[Capability::Consent],
        run: wrong_challenge,
    },
    Check {
        id: "pkce/missing-verifier",
        level: Level::Must,
        clause: rfc(9700, "2.1.1"),
        claim: "A code that was issued for a challenge is never redeemed without a verifier.",
        needs: &[Capability::Consent],
        run: missing_verifier,
    },
    Check {
        id: "pkce/challenge-as-verifier",
        level: Level::Must,
        clause: rfc(7636, "4.6"),
        claim: "The challenge, which travels in the clear, never serves as its own verifier.",
        needs: &[Capability::Consent],
        run: challenge_as_verifier,
    },
    Check {
        id: "pkce/illegal-verifier",
        level: Level::Should,
        clause: rfc(7636, "4.1"),
        claim: "A verifier outside the syntax is refused, even when its hash is the challenge.",
        needs: &[Capability::Consent],
        run: illegal_verifier,
    },
    Check {
        id: "pkce/appendix-b",
        level: Level::Must,
        clause: rfc(7636, "4.6"),
        claim: "The verifier and challenge of RFC 7636 Appendix B belong together.",
        needs: &[Capability::Consent],
        run: appendix_b,
    },
    Check {
        id: "pkce/downgrade",
        level: Level::Must,
        clause: rfc(9700, "2.1.1"),
        claim: "A code that was issued without a challenge is never redeemed with a verifier.",
        needs: &[Capability::Consent],
        run: downgrade,
    },
];

fn missing_challenge(probe: &Probe<'_>) -> Outcome {
    let client = probe.client()?;
    probe.for_each([None, Some(""), Some(" ")], |challenge| {
        let request = probe.authorization(&client);
        let request = match challenge {
            None => request.without("code_challenge").without("code_challenge_method"),
            Some(value) => request.set("code_challenge", *value),
        };
        let landing = probe.authorize(&request, &Decision::Allow)?;
        probe.gives_no_code(&landing)
    })
}

fn method(probe: &Probe<'_>) -> Outcome {
    let unknown = methods().into_iter().filter(|method| !is_plain(method.as_deref()));
    is_no_method(probe, unknown.collect())
}

fn plain(probe: &Probe<'_>) -> Outcome {
    let plain = methods().into_iter().filter(|method| is_plain(method.as_deref()));
    is_no_method(probe, plain.collect())
}

/// Whether the method means `plain`; an absent or empty one does (RFC 7636 section 4.3).
fn is_plain(method: Option<&str>) -> bool {
    matches!(method, None | Some("" | "plain"))
}

fn is_no_method(probe: &Probe<'_>, methods: Vec<Option<String>>) -> Outcome {
    let client = probe.client()?;
    probe.for_each(methods, |method| {
        let request = probe.authorization(&client);
        // A server that falls back to `plain` must not be saved by a challenge no verifier equals.
        let verifier = request.verifier.expose().to_owned();
        let request = match method {
            None => request.without("code_challenge_method").set("code_challenge", &verifier),
            Some(name) => request.set("code_challenge_method", name),
        };
        let landing = probe.authorize(&request, &Decision::Allow)?;
        probe.gives_no_code(&landing)
    })
}

fn wrong_verifier(probe: &Probe<'_>) -> Outcome {
    let client = probe.client()?;
    probe.forall(&wrong(), |wrong| {
        let issued = probe.code(&probe.authorization(&client))?;
        let verifier = wrong.verifier(issued.authorization.verifier.expose());
        let exchange = probe.exchange(&issued).set("code_verifier", verifier);
        probe.token(&exchange)?.is_refused(&["invalid_grant", "invalid_request"])
    })
}

fn wrong_challenge(probe: &Probe<'_>) -> Outcome {
    let client = probe.client()?;
    let is_another = |change: &Change| {
        let request = probe.authorization(&client);
        let right = s256(request.verifier.expose());
        let Some(wrong) = change.apply(&right) else { return Ok(()) };
        // The last character holds two bits that no byte of the hash is made of.
        if wrong.get(..42) == right.get(..42) {
            return Ok(());
        }
        let landing =
            probe.authorize(&request.clone().set("code_challenge", wrong), &Decision::Allow)?;
        let Landing::Callback(callback) = &landing else { return probe.gives_no_code(&landing) };
        let Some(issued) = request.issued(callback) else { return Ok(()) };
        probe.token(&probe.exchange(&issued))?.is_refused(&["invalid_grant", "invalid_request"])
    };
    probe.for_each([Change::UpperCase, Change::LowerCase, Change::Reverse], is_another)?;
    probe.forall(&mutation().prop_map(Change::Mutation), is_another)
}

/// A change to a challenge.
#[derive(Clone, Debug)]
enum Change {
    UpperCase,
    LowerCase,
    Reverse,
    Mutation(Mutation),
}

impl Change {
    fn apply(&self, challenge: &str) -> Option<String> {
        match self {
            Self::UpperCase => Some(challenge.to_ascii_uppercase()),
            Self::LowerCase => Some(challenge.to_ascii_lowercase()),
            Self::Reverse => Some(challenge.chars().rev().collect()),
            Self::Mutation(mutation) => mutation.apply(challenge),
        }
    }
}

fn missing_verifier(probe: &Probe<'_>) -> Outcome {
    let issued = probe.code(&probe.authorization(&probe.client()?))?;
    let exchange = probe.exchange(&issued).without("code_verifier");
    probe.token(&exchange)?.is_refused(&["invalid_grant", "invalid_request"])
}

fn challenge_as_verifier(probe: &Probe<'_>) -> Outcome {
    let issued = probe.code(&probe.authorization(&probe.client()?))?;
    let challenge = s256(issued.authorization.verifier.expose());
    let exchange = probe.exchange(&issued).set("code_verifier", challenge);
    probe.token(&exchange)?.is_refused(&["invalid_grant", "invalid_request"])
}

fn illegal_verifier(probe: &Probe<'_>) -> Outcome {
    let client = probe.client()?;
    probe.for_each(illegal(), |(_, verifier)| {
        let request = probe.authorization(&client).with_verifier(verifier);
        let landing = probe.authorize(&request, &Decision::Allow)?;
        let Landing::Callback(callback) = &landing else { return probe.gives_no_code(&landing) };
        let Some(issued) = request.issued(callback) else { return Ok(()) };
        probe.token(&probe.exchange(&issued))?.is_refused(&["invalid_grant", "invalid_request"])
    })
}

fn appendix_b(probe: &Probe<'_>) -> Outcome {
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let request = probe.authorization(&probe.client()?).with_verifier(verifier);
    ensure(request.parameters.find("code_challenge") == Some(challenge), challenge, || {
        "the harness itself computes another challenge".to_owned()
    })?;
    let issued = probe.code(&request)?;
    let reply = probe.token(&probe.exchange(&issued))?.alive()?;
    if reply.is_success() && reply.text("access_token").is_some() {
        return Ok(());
    }
    Err(Violation::new("an access token", reply.summary()).into())
}

fn downgrade(probe: &Probe<'_>) -> Outcome {
    let advertised = probe.site().advertised("token_endpoint_auth_methods_supported");
    let methods = [Method::None, Method::Basic, Method::Post]
        .into_iter()
        .filter(|method| advertised.iter().any(|name| name == method.name()));
    probe.for_each(methods, |method| {
        let client = probe.new_client(*method)?;
        let request = probe.authorization(&client);
        let request = request.without("code_challenge").without("code_challenge_method");
        let landing = probe.authorize(&request, &Decision::Allow)?;
        let Landing::Callback(callback) = &landing else { return probe.gives_no_code(&landing) };
        // Where no code comes without a challenge there is nothing to downgrade.
        let Some(issued) = request.issued(callback) else { return Ok(()) };
        probe.token(&probe.exchange(&issued))?.is_refused(&["invalid_grant", "invalid_request"])
    })
}
