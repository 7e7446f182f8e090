//! Secrets: enough of them is chance.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::{Capability, Check, Level, lookout, rfc};
use crate::outcome::{Outcome, ensure, on};
use crate::probe::Probe;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "secret/chance",
        level: Level::Must,
        clause: rfc(6749, "10.10"),
        claim: "Codes and tokens hold 128 bits of chance, as far as a sample can tell.",
        needs: &[Capability::Consent],
        run: chance,
    },
    Check {
        id: "secret/apart",
        level: Level::Hardening,
        clause: lookout("no secret says anything about another"),
        claim: "Two tokens issued one after the other have little in common.",
        needs: &[Capability::Consent],
        run: apart,
    },
];

/// So many bits make a guess hopeless.
const BITS: f64 = 128.0;

/// How much of them a sample must show. A small one hides some: a position that happens to repeat
/// itself, a digit that happens to be missing.
const SHOWN: f64 = 0.85;

/// Secrets by kind, in the order they were issued. Refreshing gives two for one request.
fn sample(probe: &Probe<'_>) -> Outcome<BTreeMap<&'static str, Vec<String>>> {
    let mut sample: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    let mut keep = |kind, value: &str| sample.entry(kind).or_default().push(value.to_owned());
    for _ in 0..6 {
        let grant = probe.grant()?;
        keep("code", grant.issued.code.expose());
        keep("access token", grant.tokens.access.expose());
        let mut tokens = grant.tokens;
        for _ in 0..3 {
            let Some(refresh) = tokens.refresh.clone() else { break };
            keep("refresh token", refresh.expose());
            tokens = probe.refresh(&grant.client, &refresh)?;
            keep("access token", tokens.access.expose());
        }
    }
    Ok(sample)
}

/// The characters at `position` in every secret that is long enough.
fn column(secrets: &[String], position: usize) -> Vec<u8> {
    secrets.iter().filter_map(|secret| secret.as_bytes().get(position).copied()).collect()
}

/// Positions where the sample varies as chance does: more than half of the characters that could
/// differ do. A counter or a timestamp leaves most of its positions alone.
fn varying(secrets: &[String]) -> Vec<usize> {
    let shortest = secrets.iter().map(String::len).min().unwrap_or(0);
    let varies = |position: &usize| {
        let column = column(secrets, *position);
        let distinct: BTreeSet<u8> = column.iter().copied().collect();
        distinct.len() * 2 > column.len().min(8)
    };
    (0..shortest).filter(varies).collect()
}

/// Shannon's measure of the characters in use, in bits each, over every varying position.
fn bits_each(secrets: &[String], positions: &[usize]) -> f64 {
    let mut counts: BTreeMap<u8, f64> = BTreeMap::new();
    for byte in positions.iter().flat_map(|position| column(secrets, *position)) {
        *counts.entry(byte).or_default() += 1.0;
    }
    let total: f64 = counts.values().sum();
    counts.values().map(|count| -(count / total) * (count / total).log2()).sum()
}

fn chance(probe: &Probe<'_>) -> Outcome {
    for (kind, secrets) in sample(probe)? {
        let distinct: BTreeSet<&String> = secrets.iter().collect();
        let all_differ = distinct.len() == secrets.len();
        on(kind, ensure(all_differ, "never the same twice", || "one came twice".to_owned()))?;
        let positions = varying(&secrets);
        let each = bits_each(&secrets, &positions);
        let count = u32::try_from(positions.len()).unwrap_or(u32::MAX);
        let bits = each * f64::from(count);
        on(
            kind,
            ensure(bits >= BITS * SHOWN, "128 bits or more", || {
                format!("{bits:.0} bits: {count} positions that vary, {each:.1} bits each")
            }),
        )?;
    }
    Ok(())
}

fn apart(probe: &Probe<'_>) -> Outcome {
    for (kind, secrets) in sample(probe)? {
        let positions = varying(&secrets);
        for pair in secrets.windows(2) {
            let same = positions
                .iter()
                .filter(|position| pair[0].as_bytes()[**position] == pair[1].as_bytes()[**position])
                .count();
            let expected = "two secrets that share less than half of their characters";
            on(
                kind,
                ensure(same * 2 <= positions.len(), expected, || {
                    format!("{same} of {} characters are the same", positions.len())
                }),
            )?;
        }
    }
    Ok(())
}
