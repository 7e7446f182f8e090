//! Authorization codes: spent once, by the client that asked, for what was asked.

use std::sync::Barrier;
use std::thread;

use crate::check::{Capability, Check, Level, rfc};
use crate::outcome::{Outcome, ProbeError, Violation, ensure, not_tested};
use crate::probe::Probe;
use crate::probe::authorize::Issued;
use crate::probe::http::Reply;
use crate::probe::register::Method;
use crate::property::token::mutation;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "code/single-use",
        level: Level::Must,
        clause: rfc(6749, "4.1.2"),
        claim: "A code that was redeemed is refused from then on.",
        needs: &[Capability::Consent],
        run: single_use,
    },
    Check {
        id: "code/concurrent",
        level: Level::Must,
        clause: rfc(6749, "4.1.2"),
        claim: "Of any number of exchanges of one code at the same time, at most one succeeds.",
        needs: &[Capability::Consent, Capability::Parallel],
        run: concurrent,
    },
    Check {
        id: "code/replay-revokes",
        level: Level::Should,
        clause: rfc(6749, "4.1.2"),
        claim: "When a code is used again by its client, the tokens it was redeemed for stop working.",
        needs: &[Capability::Consent],
        run: replay_revokes,
    },
    Check {
        id: "code/foreign-replay",
        level: Level::Hardening,
        clause: rfc(6749, "10.5"),
        claim: "Another client that presents a used code does no harm to its tokens.",
        needs: &[Capability::Consent],
        run: foreign_replay,
    },
    Check {
        id: "code/client-binding",
        level: Level::Must,
        clause: rfc(6749, "4.1.3"),
        claim: "A code is never redeemed by a client that it was not issued to.",
        needs: &[Capability::Consent],
        run: client_binding,
    },
    Check {
        id: "code/redirect-binding",
        // OAuth 2.1, which MCP builds on, has no such parameter in the token request any more.
        level: Level::Should,
        clause: rfc(6749, "4.1.3"),
        claim: "A code is never redeemed with another redirect URI than it was asked for with.",
        needs: &[Capability::Consent],
        run: redirect_binding,
    },
    Check {
        id: "code/altered",
        level: Level::Must,
        clause: rfc(6749, "10.10"),
        claim: "Only the exact code is redeemed, never one that differs in any character.",
        needs: &[Capability::Consent],
        run: altered,
    },
    Check {
        id: "code/unguessable",
        level: Level::Must,
        clause: rfc(6749, "10.10"),
        claim: "Codes and tokens differ from one another and are too long to guess.",
        needs: &[Capability::Consent],
        run: unguessable,
    },
    Check {
        id: "code/expiry",
        level: Level::Must,
        clause: rfc(6749, "4.1.2"),
        claim: "A code is refused once its lifetime is over.",
        needs: &[Capability::Consent],
        run: expiry,
    },
    Check {
        id: "code/failed-exchange",
        level: Level::Observe,
        clause: rfc(6749, "4.1.2"),
        claim: "A failed exchange either burns the code or keeps it.",
        needs: &[Capability::Consent],
        run: failed_exchange,
    },
    Check {
        id: "code/altered-replay",
        level: Level::Hardening,
        clause: rfc(6749, "10.5"),
        claim: "A code that only resembles a used one does no harm to its tokens.",
        needs: &[Capability::Consent],
        run: altered_replay,
    },
];

fn fresh(probe: &Probe<'_>) -> Result<Issued, ProbeError> {
    probe.code(&probe.authorization(&probe.client()?))
}

fn single_use(probe: &Probe<'_>) -> Outcome {
    let issued = fresh(probe)?;
    probe.redeem(&issued)?;
    for _ in 0..2 {
        probe.token(&probe.exchange(&issued))?.is_refused(&["invalid_grant"])?;
    }
    Ok(())
}

/// Sends the same exchange from `count` connections, all at once.
fn race(probe: &Probe<'_>, issued: &Issued, count: usize) -> Result<Vec<Reply>, ProbeError> {
    let barrier = Barrier::new(count);
    let exchange = probe.exchange(issued);
    thread::scope(|scope| {
        let attempt = || {
            barrier.wait();
            probe.token(&exchange)
        };
        let attempts: Vec<_> = (0..count).map(|_| scope.spawn(attempt)).collect();
        attempts
            .into_iter()
            .map(|attempt| attempt.join().expect("a request does not panic"))
            .collect()
    })
}

fn concurrent(probe: &Probe<'_>) -> Outcome {
    let cases = probe.options.cases.div_ceil(2);
    probe.forall_in(cases, &(2_usize..=6), |count| {
        let replies = race(probe, &fresh(probe)?, *count)?;
        let granted = replies.iter().filter(|reply| reply.is_success()).count();
        ensure(granted <= 1, "at most one success", || format!("{granted} of {count} succeeded"))?;
        let mut refused = replies.iter().filter(|reply| !reply.is_success());
        refused.try_for_each(Reply::gives_no_token)
    })
}

fn replay_revokes(probe: &Probe<'_>) -> Outcome {
    let issued = fresh(probe)?;
    let grant = probe.redeem(&issued)?;
    probe.works_before(&grant.tokens.access)?;
    probe.token(&probe.exchange(&issued))?.is_refused(&["invalid_grant"])?;
    probe.is_dead(&grant.tokens.access, "its code was used a second time")?;
    if let Some(refresh) = &grant.tokens.refresh {
        probe.token(&probe.refreshing(&grant.client, refresh))?.is_refused(&["invalid_grant"])?;
    }
    Ok(())
}

fn foreign_replay(probe: &Probe<'_>) -> Outcome {
    let issued = fresh(probe)?;
    let grant = probe.redeem(&issued)?;
    let thief = probe.new_client(Method::None)?;
    probe.token(&probe.exchange(&issued).by(&thief))?.gives_no_token()?;
    probe.still_works(&grant.tokens.access, "only another client presented the used code")
}

fn client_binding(probe: &Probe<'_>) -> Outcome {
    let methods = probe.site().advertised("token_endpoint_auth_methods_supported");
    let methods = [Method::None, Method::Basic, Method::Post]
        .into_iter()
        .filter(|method| methods.iter().any(|name| name == method.name()));
    probe.for_each(methods, |method| {
        let issued = fresh(probe)?;
        let thief = probe.new_client_at(*method, &issued.authorization.client.redirect_uri)?;
        let reply = probe.token(&probe.exchange(&issued).by(&thief))?;
        reply.is_refused(&["invalid_grant", "invalid_client", "unauthorized_client"])
    })
}

fn redirect_binding(probe: &Probe<'_>) -> Outcome {
    let client = probe.client()?;
    let other_port = format!("http://127.0.0.1:{}/callback", probe.port());
    let others =
        [other_port, format!("{}/more", client.redirect_uri), "https://evil.example/".to_owned()];
    probe.for_each(others, |other| {
        let exchange = probe.exchange(&fresh(probe)?).set("redirect_uri", other);
        probe.token(&exchange)?.is_refused(&["invalid_grant", "invalid_request"])
    })?;
    // That a URI is registered is not enough: the code belongs to the one that it was sent to.
    let registered = [client.redirect_uri, format!("http://127.0.0.1:{}/other", probe.port())];
    let client = probe.new_client_at_all(Method::None, &registered)?;
    probe.for_each([(0, 1), (1, 0)], |(asked, named)| {
        let asked = probe.authorization(&client).set("redirect_uri", &registered[*asked]);
        let exchange =
            probe.exchange(&probe.code(&asked)?).set("redirect_uri", &registered[*named]);
        probe.token(&exchange)?.is_refused(&["invalid_grant", "invalid_request"])?;
        let reply = probe.token(&probe.exchange(&probe.code(&asked)?))?.alive()?;
        ensure(reply.is_success(), "a token for the URI that the code was sent to", || {
            reply.summary()
        })
    })
}

fn altered(probe: &Probe<'_>) -> Outcome {
    let issued = fresh(probe)?;
    probe.forall_in(probe.options.cases * 3, &mutation(), |mutation| {
        let Some(code) = mutation.apply(issued.code.expose()) else { return Ok(()) };
        let exchange = probe.exchange(&issued).set("code", code);
        probe.token(&exchange)?.is_refused(&["invalid_grant", "invalid_request"])
    })
}

fn unguessable(probe: &Probe<'_>) -> Outcome {
    let mut seen: Vec<(&str, String)> = Vec::new();
    for _ in 0..4 {
        let grant = probe.grant()?;
        seen.push(("code", grant.issued.code.expose().to_owned()));
        seen.push(("access token", grant.tokens.access.expose().to_owned()));
        if let Some(refresh) = &grant.tokens.refresh {
            seen.push(("refresh token", refresh.expose().to_owned()));
        }
    }
    for (index, (kind, value)) in seen.iter().enumerate() {
        // 22 characters of base64url hold 128 bits; a shared prefix of one kind holds none.
        let same_kind: Vec<&str> = seen
            .iter()
            .filter(|(other, _)| other == kind)
            .map(|(_, value)| value.as_str())
            .collect();
        let random = value.len() - shared_prefix(&same_kind);
        ensure(random >= 22, format!("a {kind} with 22 characters of its own"), || {
            random.to_string()
        })?;
        let again = seen[index + 1..].iter().any(|(_, other)| other == value);
        ensure(!again, format!("a {kind} that never occurs again"), || "it does".to_owned())?;
    }
    Ok(())
}

fn shared_prefix(values: &[&str]) -> usize {
    let Some(first) = values.first() else { return 0 };
    let shared = |end: &usize| {
        values.iter().all(|value| value.as_bytes()[..*end] == first.as_bytes()[..*end])
    };
    let shortest = values.iter().map(|value| value.len()).min().unwrap_or(0);
    (0..=shortest).rev().find(shared).unwrap_or(0)
}

fn expiry(probe: &Probe<'_>) -> Outcome {
    let Some(lifetime) = probe.target.code_lifetime else {
        return Err(not_tested("no --code-lifetime was declared, and servers do not publish it"));
    };
    if lifetime > probe.options.max_wait {
        return Err(not_tested(format!(
            "codes live {} s, longer than a check may wait ({} s)",
            lifetime.as_secs(),
            probe.options.max_wait.as_secs()
        )));
    }
    let issued = fresh(probe)?;
    thread::sleep(lifetime + std::time::Duration::from_millis(1_100));
    probe.token(&probe.exchange(&issued))?.is_refused(&["invalid_grant"])
}

fn failed_exchange(probe: &Probe<'_>) -> Outcome {
    let issued = fresh(probe)?;
    let wrong = probe.exchange(&issued).set("code_verifier", "a".repeat(43));
    if probe.token(&wrong)?.alive()?.is_success() {
        return Err(Violation::new("a refusal of the wrong verifier", "a token").into());
    }
    let again = probe.token(&probe.exchange(&issued))?.alive()?;
    probe.observe(if again.is_success() { "it keeps the code" } else { "it burns the code" })
}

fn altered_replay(probe: &Probe<'_>) -> Outcome {
    let issued = fresh(probe)?;
    let grant = probe.redeem(&issued)?;
    probe.works_before(&grant.tokens.access)?;
    probe.forall(&mutation(), |mutation| {
        let Some(code) = mutation.apply(issued.code.expose()) else { return Ok(()) };
        probe.token(&probe.exchange(&issued).set("code", code))?.gives_no_token()?;
        probe.still_works(&grant.tokens.access, "its own code was not presented")
    })
}
