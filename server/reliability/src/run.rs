//! A run: setting up, load and hammers with disturbances, and the judgement.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::arena::Arena;
use crate::check::{Findings, Promise, Violation, judge};
use crate::database::Database;
use crate::disturb::{DISTURBANCES, Disturbance, PATIENCE, Tally, recovered};
use crate::enough::missing;
use crate::hammer::{furnish, hammer};
use crate::history::{Operation, Outcome};
use crate::load::{Load, Percentiles};
use crate::probe::probe_everything;
use crate::random::Dice;
use crate::site::{Binaries, Setting, Site};

/// How soon a killed server has to answer again.
const SOON: Duration = Duration::from_secs(1);
/// How soon calls succeed again after the database is back.
const RECOVERY: Duration = Duration::from_secs(5);
/// Connections that there are before the load begins.
const FURNISHED: usize = 24;
const PROGRAMMATIC_TOKENS: usize = 4;

/// How a run goes.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What to run.
    pub binaries: Binaries,
    /// How long the load lasts.
    pub time: Duration,
    /// The dice's seed.
    pub seed: u64,
    /// Arrivals in a second.
    pub rate: f64,
    /// How many hammers beside the load.
    pub hammers: usize,
    /// The pause between two disturbances.
    pub calm: Duration,
    /// Whether to end as soon as a promise is broken.
    pub impatient: bool,
    /// Whether a slow start counts. A build for development is slow by itself.
    pub measures_starts: bool,
    /// Whether it is a mistake to have tried too little to say anything.
    pub demands_enough: bool,
}

/// What a run found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Name of the store.
    pub store: &'static str,
    /// How many servers there were.
    pub replicas: usize,
    /// How often each operation was answered.
    pub calls: usize,
    /// Refreshes that were answered.
    pub refreshes: usize,
    /// Codes that were redeemed or refused.
    pub exchanges: usize,
    /// Revocations that were acknowledged.
    pub revocations: usize,
    /// Answers of 503.
    pub unavailable: usize,
    /// Answers of 5xx other than 503.
    pub server_errors: usize,
    /// What the checkers found.
    pub findings: Findings,
    /// What was disturbed.
    pub tally: Tally,
    /// The longest start.
    pub slowest_start: Duration,
    /// Latencies of calls under load.
    pub latency: Percentiles,
    /// The most connections at a time.
    pub peak_connections: usize,
    /// The most memory that the servers had.
    pub peak_resident: u64,
}

impl Plan {
    /// Runs it, on replicas over that database or on one server with its embedded one.
    ///
    /// # Errors
    ///
    /// When the servers cannot be run, which is not the same as a broken promise.
    pub async fn run(&self, throwaway: Option<Database>) -> Result<Report> {
        let (mut site, arena) =
            Site::open(self.binaries.clone(), throwaway, Setting::default()).await?;
        let arena = Arc::new(arena);
        let mut dice = Dice::new(self.seed, 3);
        furnish(&arena, &mut dice, FURNISHED).await;
        // A server that is only ever in trouble would break no promise.
        let made = arena.holdings().grants.len();
        ensure!(
            self.binaries.fault.is_some() || made == FURNISHED,
            "only {made} of {FURNISHED} connections could be made before anything was disturbed"
        );
        self.make_tokens(&arena).await?;
        let stop = Arc::new(AtomicBool::new(false));
        let load = Load { seed: self.seed, stop: Arc::clone(&stop), ..Load::of(self.rate) };
        let (loaded, time) = (Arc::clone(&arena), self.time);
        let load = tokio::spawn(async move { load.run(&loaded, time).await });
        let hammers: Vec<_> = (0..self.hammers)
            .map(|number| {
                let dice = Dice::new(self.seed, 100 + u64::try_from(number).unwrap_or(0));
                tokio::spawn(hammer(Arc::clone(&arena), dice, Arc::clone(&stop)))
            })
            .collect();
        let mut tally = Tally::default();
        let disturbed = self.disturb(&mut site, &arena, &mut dice, &mut tally).await;
        stop.store(true, Ordering::Relaxed);
        let latency = load.await?;
        for hammer in hammers {
            hammer.await?;
        }
        disturbed?;
        // Everything that was acknowledged in the whole run, after one more kill.
        for index in 0..site.replicas() {
            site.kill(index, &arena)?;
        }
        site.start_all().await?;
        recovered(&arena, &mut dice, &mut tally).await;
        let unanswered = probe_everything(&arena, &mut dice).await;
        tally.half_states.extend(site.database.half_states()?);
        tally.half_states.dedup();
        let mut report = self.report(&mut site, &arena, tally, latency);
        let unanswered = unanswered
            .into_iter()
            .map(|evidence| Violation { promise: Promise::Recovery, evidence });
        report.findings.violations.extend(unanswered);
        if self.demands_enough {
            let planned: Vec<Disturbance> =
                DISTURBANCES.into_iter().filter(|one| one.is_possible(&site)).collect();
            let missing = missing(&report, self.time, self.rate, &planned);
            report.findings.violations.extend(missing);
        }
        Ok(report)
    }

    async fn make_tokens(&self, arena: &Arena) -> Result<()> {
        for number in 0..PROGRAMMATIC_TOKENS {
            let person = &arena.people[number % arena.people.len()];
            let name = format!("Token {number}");
            let secret = person.make_token(&arena.wires[0], &name).await?;
            let key = arena.adopt(&secret);
            arena.call(0, &key).await;
            // One of them ends again.
            if number == 0
                && let Some(form) = person.revoking(&arena.wires[0], &name).await?
            {
                arena.end_programmatic(0, &key, form).await;
                arena.call(0, &key).await;
            }
        }
        Ok(())
    }

    async fn disturb(
        &self,
        site: &mut Site,
        arena: &Arc<Arena>,
        dice: &mut Dice,
        tally: &mut Tally,
    ) -> Result<()> {
        let begun = Instant::now();
        for disturbance in DISTURBANCES.iter().cycle() {
            if !disturbance.is_possible(site) {
                continue;
            }
            let left = self.time.saturating_sub(begun.elapsed());
            tokio::time::sleep(dice.between(self.calm / 2, self.calm * 3 / 2).min(left)).await;
            if begun.elapsed() >= self.time {
                break;
            }
            disturbance.happen(site, arena, dice, tally).await?;
            let is_broken =
                || !tally.half_states.is_empty() || !judge(&arena.history()).violations.is_empty();
            if self.impatient && is_broken() {
                break;
            }
        }
        Ok(())
    }

    fn report(&self, site: &mut Site, arena: &Arena, tally: Tally, latency: Percentiles) -> Report {
        let history = arena.history();
        let mut findings = judge(&history);
        for half in &tally.half_states {
            let evidence = format!("the database has {half}");
            findings.violations.push(Violation { promise: Promise::Whole, evidence });
        }
        if self.measures_starts && site.slowest_start > SOON {
            let evidence = format!("a start took {:?}", site.slowest_start);
            findings.violations.push(Violation { promise: Promise::Recovery, evidence });
        }
        // A slow build has until nobody waits any longer.
        let recovery = if self.measures_starts { RECOVERY } else { PATIENCE };
        if tally.slowest_recovery >= recovery {
            let evidence = format!(
                "calls succeeded on every replica {:?} after the server or its database was back",
                tally.slowest_recovery
            );
            findings.violations.push(Violation { promise: Promise::Recovery, evidence });
        }
        for evidence in tally.bad_ends.iter().cloned() {
            findings.violations.push(Violation { promise: Promise::Restart, evidence });
        }
        let count = |is: fn(&Operation) -> bool| {
            let answered = |outcome| matches!(outcome, Outcome::Done | Outcome::Denied);
            history.records.iter().filter(|r| is(&r.operation) && answered(r.outcome)).count()
        };
        let outcomes = |is: fn(Outcome) -> bool| {
            history.records.iter().filter(|record| is(record.outcome)).count()
        };
        Report {
            store: site.database.name(),
            replicas: site.replicas(),
            calls: count(|o| {
                matches!(o, Operation::Call(_) | Operation::Save(_) | Operation::Read(_))
            }),
            refreshes: count(|o| matches!(o, Operation::Refresh(..))),
            exchanges: count(|o| matches!(o, Operation::Exchange(_))),
            revocations: count(|o| matches!(o, Operation::EndToken(_) | Operation::EndGrant(_))),
            unavailable: outcomes(|outcome| matches!(outcome, Outcome::Unavailable { .. })),
            server_errors: outcomes(|outcome| matches!(outcome, Outcome::Wrong(500..))),
            findings,
            tally,
            slowest_start: site.slowest_start,
            latency,
            peak_connections: arena.wires[0].connections().peak(),
            peak_resident: site.peak_resident(),
        }
    }
}
