//! Refresh tokens: rotation, the family, and scope that never grows.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use proptest::prelude::*;

use crate::check::{Capability, Check, Level, rfc};
use crate::outcome::{Outcome, ProbeError, Violation, ensure, not_tested};
use crate::probe::Probe;
use crate::probe::http::Reply;
use crate::probe::register::Method;
use crate::probe::token::{Grant, Tokens};
use crate::profile::Refresh;
use crate::property::scope::names;
use crate::property::token::mutation;
use crate::secret::Secret;

use super::token::confidential;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "refresh/rotation",
        level: Level::Must,
        clause: rfc(9700, "4.14.2"),
        claim: "A public client gets a new refresh token each time, and the old one stops working.",
        needs: &[Capability::Consent, Capability::Refresh],
        run: rotation,
    },
    Check {
        id: "refresh/reuse",
        level: Level::Should,
        clause: rfc(9700, "4.14.2"),
        claim: "Reuse of a spent refresh token, however old, ends every token of its grant.",
        needs: &[Capability::Consent, Capability::Refresh],
        run: reuse,
    },
    Check {
        id: "refresh/isolation",
        level: Level::Hardening,
        clause: rfc(9700, "4.14.2"),
        claim: "Reuse in one grant leaves the same person's other grants alone, unless a client has one only.",
        needs: &[Capability::Consent, Capability::Refresh],
        run: isolation,
    },
    Check {
        id: "refresh/concurrent",
        level: Level::Must,
        clause: rfc(9700, "4.14.2"),
        claim: "Of any number of refreshes with one token at the same time, at most one succeeds.",
        needs: &[Capability::Consent, Capability::Refresh, Capability::Parallel],
        run: concurrent,
    },
    Check {
        id: "refresh/client-binding",
        level: Level::Must,
        clause: rfc(6749, "6"),
        claim: "A refresh token is refused to any other client, and still works for its own.",
        needs: &[Capability::Consent, Capability::Refresh],
        run: client_binding,
    },
    Check {
        id: "refresh/wrong-secret",
        level: Level::Must,
        clause: rfc(6749, "6"),
        claim: "A confidential client refreshes with its secret, and nobody refreshes without it.",
        needs: &[Capability::Registration, Capability::Consent, Capability::Refresh],
        run: wrong_secret,
    },
    Check {
        id: "refresh/narrowing",
        level: Level::Should,
        clause: rfc(6749, "6"),
        claim: "A refresh that asks for fewer scopes gives a token of exactly those.",
        needs: &[Capability::Consent, Capability::Refresh],
        run: narrowing,
    },
    Check {
        id: "refresh/not-sticky",
        level: Level::Must,
        clause: rfc(6749, "6"),
        claim: "A refresh that names no scope gives the scopes of the grant, even after a narrower one.",
        needs: &[Capability::Consent, Capability::Refresh],
        run: not_sticky,
    },
    Check {
        id: "refresh/superset",
        level: Level::Must,
        clause: rfc(6749, "6"),
        claim: "A refresh never yields a scope that the person did not grant.",
        needs: &[Capability::Consent, Capability::Refresh],
        run: superset,
    },
    Check {
        id: "refresh/altered",
        level: Level::Must,
        clause: rfc(6749, "10.4"),
        claim: "Only the exact refresh token works, never one that differs in any character.",
        needs: &[Capability::Consent, Capability::Refresh],
        run: altered,
    },
    Check {
        id: "refresh/chain",
        level: Level::Must,
        clause: rfc(6749, "6"),
        claim: "Along any chain of refreshes no token has a scope that was not granted.",
        needs: &[Capability::Consent, Capability::Refresh],
        run: chained,
    },
];

fn rotation(probe: &Probe<'_>) -> Outcome {
    let grant = probe.grant()?;
    let old = grant.refresh_token()?;
    let tokens = probe.refresh(&grant.client, old)?;
    // A server that gives none has not rotated, and the old one tells whether it should have.
    let is_new = tokens.refresh.as_ref().is_none_or(|new| new != old);
    ensure(is_new, "a new refresh token", || "the old one again".to_owned())?;
    probe.still_works(&tokens.access, "it was just refreshed")?;
    let_reuse_matter(probe)?;
    probe.token(&probe.refreshing(&grant.client, old))?.is_refused(&["invalid_grant"])
}

/// Waits until a replaced token may not be used any more: not at all, unless the profile tolerates it.
fn let_reuse_matter(probe: &Probe<'_>) -> Outcome {
    let longest = probe.options.max_wait;
    match probe.profile().refresh.value {
        Refresh::None | Refresh::Strict | Refresh::RefusesReuse => Ok(()),
        Refresh::Grace { seconds } if Duration::from_secs(seconds) < longest => {
            thread::sleep(Duration::from_secs(seconds) + Duration::from_millis(300));
            Ok(())
        }
        Refresh::Grace { seconds } => Err(not_tested(format!(
            "a replaced token may be used for {seconds} s, longer than a check may wait"
        ))),
        Refresh::UntilSuccessorUsed => {
            Err(not_tested("a replaced token may be used until its successor was"))
        }
        Refresh::NoRotation => Err(not_tested("refresh tokens are not replaced")),
    }
}

/// A grant refreshed `times` times, with every token it ever had.
fn chain(probe: &Probe<'_>, times: usize) -> Result<(Grant, Vec<Tokens>), ProbeError> {
    let grant = probe.grant()?;
    let mut history = vec![grant.tokens.clone()];
    for generation in 0..times {
        let next = probe.refresh(&grant.client, history[generation].refresh_token()?)?;
        history.push(next);
    }
    Ok((grant, history))
}

fn reuse(probe: &Probe<'_>) -> Outcome {
    let cases = probe.options.cases.div_ceil(2);
    let inputs = (1_usize..4).prop_flat_map(|times| (Just(times), 0..times));
    probe.forall_in(cases, &inputs, |(times, reused)| {
        let (grant, history) = chain(probe, *times)?;
        let spent = history[*reused].refresh_token()?;
        let newest = history[*times].refresh_token()?;
        let_reuse_matter(probe)?;
        probe.works_before(&history[*times].access)?;
        probe.token(&probe.refreshing(&grant.client, spent))?.is_refused(&["invalid_grant"])?;
        probe.token(&probe.refreshing(&grant.client, newest))?.is_refused(&["invalid_grant"])?;
        for tokens in &history {
            probe.is_dead(&tokens.access, "a spent refresh token of its grant was used again")?;
        }
        Ok(())
    })
}

fn isolation(probe: &Probe<'_>) -> Outcome {
    let same_client = probe.grant()?;
    let stranger = probe.new_client(Method::None)?;
    let other_client = probe.grant_for(&probe.authorization(&stranger))?;
    let (grant, history) = chain(probe, 1)?;
    // A server may end a client's older grant when the person consents anew, or join them.
    let survives = !probe.joins_grants() && probe.is_live(&same_client.tokens.access)?;
    let spent = history[0].refresh_token()?;
    let_reuse_matter(probe)?;
    probe.token(&probe.refreshing(&grant.client, spent))?.is_refused(&["invalid_grant"])?;
    if survives {
        let why = "the reuse was in another grant of its client";
        probe.still_works(&same_client.tokens.access, why)?;
    }
    probe.still_works(&other_client.tokens.access, "the reuse was in another client's grant")
}

fn concurrent(probe: &Probe<'_>) -> Outcome {
    if !probe.profile().refresh.value.is_single_use() {
        return Err(not_tested("the profile tolerates that a token is used more than once"));
    }
    let cases = probe.options.cases.div_ceil(2);
    probe.forall_in(cases, &(2_usize..=6), |count| {
        let grant = probe.grant()?;
        let request = probe.refreshing(&grant.client, grant.refresh_token()?);
        let barrier = Barrier::new(*count);
        let attempt = || {
            barrier.wait();
            probe.token(&request)
        };
        let replies: Result<Vec<Reply>, ProbeError> = thread::scope(|scope| {
            let attempts: Vec<_> = (0..*count).map(|_| scope.spawn(attempt)).collect();
            attempts
                .into_iter()
                .map(|attempt| attempt.join().expect("a request does not panic"))
                .collect()
        });
        let replies = replies?;
        let granted = replies.iter().filter(|reply| reply.is_success()).count();
        ensure(granted <= 1, "at most one success", || format!("{granted} of {count} succeeded"))?;
        let mut refused = replies.iter().filter(|reply| !reply.is_success());
        refused.try_for_each(Reply::gives_no_token)
    })
}

fn client_binding(probe: &Probe<'_>) -> Outcome {
    let grant = probe.grant()?;
    let token = grant.refresh_token()?;
    let thief = probe.new_client(Method::None)?;
    let reply = probe.token(&probe.refreshing(&thief, token))?;
    reply.is_refused(&["invalid_grant", "invalid_client", "unauthorized_client"])?;
    let own = probe.token(&probe.refreshing(&grant.client, token))?.alive()?;
    ensure(own.is_success(), "its own client can still refresh", || own.summary())
}

fn wrong_secret(probe: &Probe<'_>) -> Outcome {
    probe.for_each(confidential(probe), |method| {
        let client = probe.new_client(*method)?;
        let grant = probe.grant_for(&probe.authorization(&client))?;
        let refresh = grant.refresh_token()?;
        for secret in [None, Some(""), Some("wrong")] {
            let mut impostor = client.clone();
            impostor.secret = secret.map(Secret::new);
            let reply = probe.token(&probe.refreshing(&impostor, refresh))?;
            reply.is_refused(&["invalid_client", "invalid_request"])?;
        }
        let reply = probe.token(&probe.refreshing(&client, refresh))?.alive()?;
        ensure(reply.is_success(), "a token for the right secret", || reply.summary())
    })
}

fn narrowing(probe: &Probe<'_>) -> Outcome {
    for scopes in probe.scope_sets() {
        // A grant of its own each time: what narrowing does to the next refresh is another claim.
        let grant = probe.grant()?;
        let request =
            probe.refreshing(&grant.client, grant.refresh_token()?).set("scope", scopes.join(" "));
        let tokens = probe.tokens(probe.token(&request)?, "refresh")?;
        let mut shown = probe.list_tools(&probe.site().endpoint, &tokens.access)?;
        shown.sort();
        let expected = probe.catalogue().callable_with(&scopes);
        ensure(shown == expected, format!("the tools of {scopes:?}: {expected:?}"), || {
            format!("{shown:?}")
        })?;
    }
    Ok(())
}

fn not_sticky(probe: &Probe<'_>) -> Outcome {
    let all = probe.catalogue().scope_names();
    let grant = probe.grant()?;
    let least: Vec<String> = all.iter().take(1).cloned().collect();
    let narrow =
        probe.refreshing(&grant.client, grant.refresh_token()?).set("scope", least.join(" "));
    let narrowed = probe.tokens(probe.token(&narrow)?, "refresh")?;
    let wide = probe.refresh(&grant.client, narrowed.refresh_token()?)?;
    let mut shown = probe.list_tools(&probe.site().endpoint, &wide.access)?;
    shown.sort();
    let expected = probe.catalogue().callable_with(&all);
    ensure(shown == expected, format!("the tools of the grant: {expected:?}"), || {
        format!("{shown:?}")
    })
}

fn superset(probe: &Probe<'_>) -> Outcome {
    let all = probe.catalogue().scope_names();
    probe.for_scope_sets(|granted| {
        if granted.len() == all.len() {
            return Ok(());
        }
        let grant = probe.grant_of(granted)?;
        let wish = all.join(" ");
        let wider = probe.refreshing(&grant.client, grant.refresh_token()?).set("scope", &wish);
        let reply = probe.token(&wider)?;
        if reply.is_success() {
            let given = probe.tokens(reply, "refresh")?;
            let shown = probe.list_tools(&probe.site().endpoint, &given.access)?;
            let within = probe.catalogue().callable_with(granted);
            let is_within = shown.iter().all(|name| within.contains(name));
            return ensure(is_within, format!("the tools of {granted:?}"), || format!("{shown:?}"));
        }
        reply.is_refused(&["invalid_scope"])?;
        // Without a scope the answer is the grant again, never the server's default.
        let tokens = probe.refresh(&grant.client, grant.refresh_token()?)?;
        let scopes = names(tokens.scope.as_deref().unwrap_or(&granted.join(" ")));
        ensure(scopes.iter().all(|scope| granted.contains(scope)), format!("{granted:?}"), || {
            format!("{scopes:?}")
        })?;
        let mut shown = probe.list_tools(&probe.site().endpoint, &tokens.access)?;
        shown.sort();
        let expected = probe.catalogue().callable_with(granted);
        ensure(shown == expected, format!("the tools of {granted:?}"), || format!("{shown:?}"))
    })
}

fn altered(probe: &Probe<'_>) -> Outcome {
    let grant = probe.grant()?;
    let token = grant.refresh_token()?;
    probe.forall(&mutation(), |mutation| {
        let Some(altered) = mutation.apply(token.expose()) else { return Ok(()) };
        let request = probe.refreshing(&grant.client, token).set("refresh_token", altered);
        probe.token(&request)?.is_refused(&["invalid_grant", "invalid_request"])
    })?;
    let own = probe.token(&probe.refreshing(&grant.client, token))?.alive()?;
    if own.is_success() {
        return Ok(());
    }
    Err(Violation::new("the exact token still works", own.summary()).into())
}

fn chained(probe: &Probe<'_>) -> Outcome {
    let all = probe.catalogue().scope_names();
    let wishes = prop::collection::vec(crate::property::scope::subset(all.clone()), 1..5);
    // All but one scope at most, so that there is one left to gain.
    let granted =
        crate::property::scope::subset(all[..all.len().saturating_sub(1).max(1)].to_vec());
    probe.forall_in(probe.options.cases.div_ceil(2), &(granted, wishes), |(granted, wishes)| {
        let grant = probe.grant_of(granted)?;
        let within = probe.catalogue().callable_with(granted);
        let mut newest = grant.refresh_token()?.clone();
        for wish in wishes {
            let request = probe.refreshing(&grant.client, &newest).set("scope", wish.join(" "));
            let reply = probe.token(&request)?.alive()?;
            if !reply.is_success() {
                continue;
            }
            let tokens = probe.tokens(reply, "refresh")?;
            let shown = probe.list_tools(&probe.site().endpoint, &tokens.access)?;
            let is_within = shown.iter().all(|name| within.contains(name));
            ensure(is_within, format!("the tools of {granted:?}"), || format!("{shown:?}"))?;
            newest = tokens.refresh_token()?.clone();
        }
        Ok(())
    })
}
