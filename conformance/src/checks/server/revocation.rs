//! Revocation: at once, for good, and of nothing else.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use crate::check::{Capability, Check, Level, lookout, rfc};
use crate::outcome::{Outcome, ProbeError, Violation, ensure, not_tested, on};
use crate::probe::Probe;
use crate::probe::http::{Request, encode_form};
use crate::probe::register::Method;
use crate::probe::token::Grant;
use crate::profile::RefreshRevocation;
use crate::secret::Secret;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "revocation/access-token",
        level: Level::Should,
        clause: rfc(7009, "2"),
        claim: "A revoked access token is refused from the moment the revocation is acknowledged.",
        needs: &[Capability::Consent, Capability::Revocation],
        run: access_token,
    },
    Check {
        id: "revocation/refresh-token",
        level: Level::Must,
        clause: rfc(7009, "2.1"),
        claim: "A revoked refresh token is refused from the moment the revocation is acknowledged.",
        needs: &[Capability::Consent, Capability::Refresh, Capability::Revocation],
        run: refresh_token,
    },
    Check {
        id: "revocation/cascade",
        level: Level::Should,
        clause: rfc(7009, "2.1"),
        claim: "Revoking a refresh token ends the access tokens of its grant as well.",
        needs: &[Capability::Consent, Capability::Refresh, Capability::Revocation],
        run: cascade,
    },
    Check {
        id: "revocation/immediate",
        level: Level::Must,
        clause: rfc(7009, "2.1"),
        claim: "No call that starts after a revocation was acknowledged succeeds.",
        needs: &[
            Capability::Consent,
            Capability::Refresh,
            Capability::Revocation,
            Capability::Parallel,
        ],
        run: immediate,
    },
    Check {
        id: "revocation/concurrent-refresh",
        level: Level::Must,
        clause: rfc(7009, "2.1"),
        claim: "A token minted while its grant is being revoked does not outlive the revocation.",
        needs: &[
            Capability::Consent,
            Capability::Refresh,
            Capability::Revocation,
            Capability::Parallel,
        ],
        run: concurrent_refresh,
    },
    Check {
        id: "revocation/permanent",
        level: Level::Must,
        clause: rfc(7009, "2.1"),
        claim: "Nothing brings a revoked grant back: not a second revocation, a refresh or a new consent.",
        needs: &[Capability::Consent, Capability::Refresh, Capability::Revocation],
        run: permanent,
    },
    Check {
        id: "revocation/wrong-hint",
        level: Level::Must,
        clause: rfc(7009, "2.1"),
        claim: "A token is revoked whatever the hint says about its kind.",
        needs: &[Capability::Consent, Capability::Refresh, Capability::Revocation],
        run: wrong_hint,
    },
    Check {
        id: "revocation/unknown-token",
        level: Level::Must,
        clause: rfc(7009, "2.2"),
        claim: "Revoking a token that does not exist is answered 200.",
        needs: &[Capability::Registration, Capability::Revocation],
        run: unknown_token,
    },
    Check {
        id: "revocation/other-client",
        level: Level::Must,
        clause: rfc(7009, "2.1"),
        claim: "A client cannot revoke the token of another.",
        needs: &[Capability::Consent, Capability::Refresh, Capability::Revocation],
        run: other_client,
    },
    Check {
        id: "revocation/wrong-secret",
        level: Level::Must,
        clause: rfc(7009, "2.1"),
        claim: "Nobody revokes a confidential client's token without its secret, and the client itself does.",
        needs: &[Capability::Registration, Capability::Consent, Capability::Revocation],
        run: wrong_secret,
    },
    Check {
        id: "revocation/only-by-post",
        level: Level::Must,
        clause: rfc(7009, "2.1"),
        claim: "Nothing is revoked by a GET, or by a request without a client.",
        needs: &[Capability::Consent, Capability::Revocation],
        run: only_by_post,
    },
    Check {
        id: "revocation/only-that-grant",
        level: Level::Must,
        clause: lookout("disconnecting one application leaves the others connected"),
        claim: "Revoking one grant leaves the person's other grants alone, to the same client too unless it has one only.",
        needs: &[Capability::Consent, Capability::Refresh, Capability::Revocation],
        run: only_that_grant,
    },
    Check {
        id: "revocation/access-token-cascade",
        level: Level::Observe,
        clause: rfc(7009, "2.1"),
        claim: "Revoking an access token either ends its grant or leaves it.",
        needs: &[Capability::Consent, Capability::Refresh, Capability::Revocation],
        run: access_token_cascade,
    },
];

fn working_grant(probe: &Probe<'_>) -> Outcome<Grant> {
    let grant = probe.grant()?;
    probe.works_before(&grant.tokens.access)?;
    Ok(grant)
}

fn access_token(probe: &Probe<'_>) -> Outcome {
    let grant = working_grant(probe)?;
    probe.revoke(&grant.client, &grant.tokens.access)?;
    let token = &grant.tokens.access;
    probe.is_dead(token, "it was revoked")
}

fn is_spent(probe: &Probe<'_>, grant: &Grant) -> Outcome {
    let refresh = grant.refresh_token()?;
    probe.token(&probe.refreshing(&grant.client, refresh))?.is_refused(&["invalid_grant"])
}

fn refresh_token(probe: &Probe<'_>) -> Outcome {
    let grant = working_grant(probe)?;
    probe.revoke(&grant.client, grant.refresh_token()?)?;
    is_spent(probe, &grant)
}

fn cascade(probe: &Probe<'_>) -> Outcome {
    let grant = working_grant(probe)?;
    probe.revoke(&grant.client, grant.refresh_token()?)?;
    probe.is_dead(&grant.tokens.access, "its grant was revoked")
}

/// Calls without pause from several connections while the grant is revoked, then judges each call
/// by when it started.
fn immediate(probe: &Probe<'_>) -> Outcome {
    let rounds = probe.options.cases.div_ceil(3);
    for _ in 0..rounds {
        probe.forget_transcript();
        let grant = working_grant(probe)?;
        let access = &grant.tokens.access;
        let stop = AtomicBool::new(false);
        let successes: Mutex<Vec<Instant>> = Mutex::default();
        let call = || -> Result<(), ProbeError> {
            while !stop.load(Ordering::Acquire) {
                let started = Instant::now();
                if probe.is_live(access)? {
                    successes.lock().unwrap_or_else(PoisonError::into_inner).push(started);
                }
            }
            Ok(())
        };
        let acknowledged = thread::scope(|scope| {
            let callers: Vec<_> = (0..3).map(|_| scope.spawn(call)).collect();
            while successes.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
                if callers.iter().any(thread::ScopedJoinHandle::is_finished) {
                    break;
                }
                thread::yield_now();
            }
            let revoked = probe.revoke(&grant.client, access);
            let acknowledged = Instant::now();
            probe.let_revocation_spread();
            let spread = Instant::now();
            let after = probe.is_live(access);
            stop.store(true, Ordering::Release);
            for caller in callers {
                caller.join().expect("a request does not panic")?;
            }
            revoked?;
            let expected =
                format!("401 {} ms after the acknowledgement", (spread - acknowledged).as_millis());
            ensure(!after?, expected, || "the token works".to_owned())?;
            Ok::<_, crate::outcome::Halt>(spread)
        })?;
        let successes = successes.into_inner().unwrap_or_else(PoisonError::into_inner);
        let late = successes.iter().filter(|started| **started > acknowledged).count();
        ensure(late == 0, "no success that starts after the acknowledgement", || {
            format!("{late} calls")
        })?;
    }
    Ok(())
}

fn concurrent_refresh(probe: &Probe<'_>) -> Outcome {
    if probe.site().spent_revocation == Some(false) {
        return Err(not_tested(
            "revoking a refresh token that was just replaced ends nothing here",
        ));
    }
    let rounds = probe.options.cases.div_ceil(2);
    for _ in 0..rounds {
        probe.forget_transcript();
        let grant = probe.grant()?;
        let refresh = grant.refresh_token()?;
        let barrier = Barrier::new(2);
        let (minted, revoked) = thread::scope(|scope| {
            let minting = scope.spawn(|| {
                barrier.wait();
                probe.token(&probe.refreshing(&grant.client, refresh))
            });
            barrier.wait();
            let revoked = probe.revoke(&grant.client, refresh);
            (minting.join().expect("a request does not panic"), revoked)
        });
        revoked?;
        let minted = minted?.alive()?;
        if minted.is_success() {
            let tokens = probe.tokens(minted, "refresh")?;
            if probe.profile().refresh_revocation.value == RefreshRevocation::Grant {
                probe.is_dead(&tokens.access, "its grant was revoked while it was minted")?;
            }
            let again = probe.refreshing(&grant.client, tokens.refresh_token()?);
            probe.token(&again)?.is_refused(&["invalid_grant"])?;
        }
    }
    Ok(())
}

fn permanent(probe: &Probe<'_>) -> Outcome {
    let grant = working_grant(probe)?;
    let refresh = grant.refresh_token()?;
    probe.revoke(&grant.client, &grant.tokens.access)?;
    probe.revoke(&grant.client, refresh)?;
    probe.revoke(&grant.client, refresh)?;
    let is_over = || {
        is_spent(probe, &grant)?;
        probe.is_dead(&grant.tokens.access, "it was revoked")
    };
    is_over()?;
    let renewed = probe.grant()?;
    is_over()?;
    probe.still_works(&renewed.tokens.access, "it belongs to a new consent")
}

fn wrong_hint(probe: &Probe<'_>) -> Outcome {
    probe.for_each(["refresh_token", "nonsense"], |hint| {
        let grant = working_grant(probe)?;
        let request = probe.revocation(&grant.client, &grant.tokens.access);
        probe.revoke_by(&request.set("token_type_hint", *hint))?.has_status(&[200])?;
        probe.is_dead(&grant.tokens.access, "it was revoked")
    })?;
    probe.for_each(["access_token", "nonsense"], |hint| {
        let grant = working_grant(probe)?;
        let request = probe.revocation(&grant.client, grant.refresh_token()?);
        probe.revoke_by(&request.set("token_type_hint", *hint))?.has_status(&[200])?;
        is_spent(probe, &grant)
    })
}

fn unknown_token(probe: &Probe<'_>) -> Outcome {
    let client = probe.client()?;
    let unknown = [
        "nothing",
        "lkoat_",
        "lkort_0000000000000000000000000000000000000000000000000",
        "é\u{0}",
        "a b",
    ];
    probe.for_each(unknown, |token| {
        let request = probe.revocation(&client, &Secret::new(*token));
        probe.revoke_by(&request)?.has_status(&[200])
    })
}

fn other_client(probe: &Probe<'_>) -> Outcome {
    let grant = working_grant(probe)?;
    let stranger = probe.new_client(Method::None)?;
    for token in [&grant.tokens.access, grant.refresh_token()?] {
        probe.revoke_by(&probe.revocation(&stranger, token))?.is_no_failure()?;
        probe.still_works(&grant.tokens.access, "another client asked to revoke it")?;
    }
    probe.refresh(&grant.client, grant.refresh_token()?).map(|_| ()).map_err(|error| match error {
        ProbeError::Step { observed, .. } => {
            Violation::new("a refresh token that still works", observed).into()
        }
        other => other.into(),
    })
}

fn wrong_secret(probe: &Probe<'_>) -> Outcome {
    let mut advertised = probe.site().advertised("revocation_endpoint_auth_methods_supported");
    if advertised.is_empty() {
        // RFC 8414 section 2: what a server says nothing about is client_secret_basic.
        advertised = vec![Method::Basic.name().to_owned()];
    }
    let issuing = probe.site().advertised("token_endpoint_auth_methods_supported");
    let methods = [Method::Basic, Method::Post].into_iter().filter(|method| {
        [&advertised, &issuing].iter().all(|names| names.iter().any(|name| name == method.name()))
    });
    let methods: Vec<Method> = methods.collect();
    if methods.is_empty() {
        return Err(not_tested("no client with a secret is supported at both endpoints"));
    }
    probe.for_each(methods, |method| {
        let client = probe.new_client(*method)?;
        let grant = probe.grant_for(&probe.authorization(&client))?;
        let access = &grant.tokens.access;
        probe.works_before(access)?;
        for secret in [None, Some(""), Some("wrong")] {
            let mut impostor = client.clone();
            impostor.secret = secret.map(Secret::new);
            probe.revoke_by(&probe.revocation(&impostor, access))?.is_no_failure()?;
            probe.still_works(access, "nobody with the secret revoked it")?;
        }
        probe.revoke(&client, access)?;
        probe.is_dead(access, "its client revoked it")
    })
}

fn only_by_post(probe: &Probe<'_>) -> Outcome {
    let grant = working_grant(probe)?;
    let endpoint = probe.site().endpoint_of("revocation_endpoint")?;
    let request = probe.revocation(&grant.client, &grant.tokens.access);
    let by_get = Request::get(format!("{endpoint}?{}", encode_form(&request.parameters.0)));
    let nameless = request.without("client_id").to(&endpoint);
    let with_cookies = match probe.browser().header() {
        Some(cookies) => nameless.clone().header("cookie", cookies),
        None => nameless.clone(),
    };
    for (what, request) in
        [("GET", by_get), ("no client", nameless), ("a session cookie", with_cookies)]
    {
        probe.send(&request)?.is_no_failure()?;
        let alive = probe.still_works(&grant.tokens.access, "nobody entitled revoked it");
        on(what, alive)?;
    }
    Ok(())
}

fn only_that_grant(probe: &Probe<'_>) -> Outcome {
    let same_client = working_grant(probe)?;
    let stranger = probe.new_client(Method::None)?;
    let other_client = probe.grant_for(&probe.authorization(&stranger))?;
    let revoked = working_grant(probe)?;
    // A server may end a client's older grant when the person consents anew, or join them.
    let survives = !probe.joins_grants() && probe.is_live(&same_client.tokens.access)?;
    probe.revoke(&revoked.client, revoked.refresh_token()?)?;
    if survives {
        probe.still_works(&same_client.tokens.access, "another grant of its client was revoked")?;
    }
    probe.still_works(&other_client.tokens.access, "another client's grant was revoked")
}

fn access_token_cascade(probe: &Probe<'_>) -> Outcome {
    let grant = working_grant(probe)?;
    probe.revoke(&grant.client, &grant.tokens.access)?;
    let refreshing = probe.refreshing(&grant.client, grant.refresh_token()?);
    let refreshed = probe.token(&refreshing)?.alive()?.is_success();
    probe.observe(if refreshed { "the grant goes on" } else { "the grant ends with it" })
}
