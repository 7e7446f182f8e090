//! Whole histories: sequences of operations against a model, a monitor, and variations of themselves.

use std::cell::RefCell;

use crate::check::{Capability, Check, Level, rfc};
use crate::model::event::{Event, Record};
use crate::model::monitor::Monitor;
use crate::model::operation::{Sequence, provocation, sequence};
use crate::model::oracle::Oracle;
use crate::model::play::{Play, by_worlds, rules};
use crate::model::stage::{Pool, Variation};
use crate::outcome::{Halt, Outcome, Violation};
use crate::probe::Probe;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "model/sequence",
        level: Level::Must,
        clause: rfc(9700, "2.1"),
        claim: "In any sequence of operations, every answer is one that a conforming server may give.",
        needs: &[Capability::Consent],
        run: sequences,
    },
    Check {
        id: "model/final-probe",
        level: Level::Must,
        clause: rfc(9700, "2.2"),
        claim: "After any sequence of operations, exactly those tokens live that a conforming server lets live.",
        needs: &[Capability::Consent],
        run: final_probe,
    },
    Check {
        id: "model/safety",
        level: Level::Must,
        clause: rfc(6749, "1.4"),
        claim: "What works was approved by the person for that client, those scopes and that resource, and nothing ended it since.",
        needs: &[Capability::Consent],
        run: safety,
    },
    Check {
        id: "model/non-interference",
        level: Level::Must,
        clause: rfc(9700, "4.14.2"),
        claim: "What one client does never changes what another is answered.",
        needs: &[Capability::Consent, Capability::Registration],
        run: non_interference,
    },
    Check {
        id: "model/metamorphic",
        level: Level::Must,
        clause: rfc(6749, "3.2"),
        claim: "The order of parameters, an unknown parameter or the case of the scheme change no answer.",
        needs: &[Capability::Consent],
        run: metamorphic,
    },
];

/// A violation keeps the story of the smallest sequence that shows it, with what every operation was answered.
fn for_sequences(probe: &Probe<'_>, cases: u32, law: impl Fn(&Sequence) -> Outcome) -> Outcome {
    let story = RefCell::new(None);
    let longest = probe.options.longest_sequence;
    let outcome = probe.forall_kept(cases, &sequence(longest), |sequence| {
        let outcome = law(sequence);
        if let Err(Halt::Violation(violation)) = &outcome {
            story.replace(violation.input.clone());
        }
        outcome
    });
    outcome.map_err(|halt| match (halt, story.into_inner()) {
        (Halt::Violation(violation), Some(story)) => Halt::Violation(violation.on(story)),
        (halt, _) => halt,
    })
}

fn sequences(probe: &Probe<'_>) -> Outcome {
    let pool = Pool::default();
    for_sequences(probe, few(probe, 3), |sequence| {
        let mut oracle = Oracle::new(rules(probe));
        let mut play = Play::new(probe, &pool);
        play.run(sequence, &mut by_worlds(&mut oracle))?;
        play.leave();
        Ok(())
    })
}

fn final_probe(probe: &Probe<'_>) -> Outcome {
    let pool = Pool::default();
    for_sequences(probe, few(probe, 2), |sequence| {
        let mut oracle = Oracle::new(rules(probe));
        let mut play = Play::new(probe, &pool);
        let answered = play.run(sequence, &mut by_worlds(&mut oracle));
        match answered {
            Ok(()) => play.probe_all(&mut by_worlds(&mut oracle)),
            // A wrong answer on the way is the finding of another check.
            Err(Halt::Violation(_)) => Ok(()),
            Err(other) => Err(other),
        }
    })
}

fn safety(probe: &Probe<'_>) -> Outcome {
    let pool = Pool::default();
    for_sequences(probe, few(probe, 2), |sequence| {
        let mut monitor = Monitor::new(rules(probe));
        let mut judge = |record: &Record, _: &_| {
            monitor.observe(record).map_err(|because| format!("no success, because {because}"))
        };
        let mut play = Play::new(probe, &pool);
        play.run(sequence, &mut judge)?;
        play.probe_all(&mut judge)
    })
}

/// What happened, without what differs from run to run: also calls, where a revocation may take time to reach them.
fn outline(play: &Play<'_, '_>) -> Vec<String> {
    let is_prompt = play.stage.probe.profile().revocation_delay_ms.value == 0;
    let is_sure = |record: &&Record| is_prompt || !matches!(record.event, Event::Call { .. });
    play.records.iter().filter(is_sure).map(|record| play.names.line(record)).collect()
}

fn non_interference(probe: &Probe<'_>) -> Outcome {
    let (own, others) = (Pool::default(), Pool::default());
    let accept = |_: &Record, _: &_| Ok(());
    for_sequences(probe, few(probe, 1).div_ceil(2), |sequence| {
        let mut alone = Play::new(probe, &own);
        alone.run(sequence, &mut { accept })?;
        alone.probe_all(&mut { accept })?;
        let mut beside = Play::new(probe, &own);
        let mut other = Play::new(probe, &others);
        let provocation = provocation();
        for (own, foreign) in sequence.0.iter().zip(provocation.0.iter().cycle()) {
            beside.perform(own, &mut { accept })?;
            other.perform(foreign, &mut { accept })?;
        }
        other.run(&provocation, &mut { accept })?;
        other.leave();
        // What the other did last shows in what still lives.
        beside.probe_all(&mut { accept })?;
        same(&alone, &beside, "while another client ended its own grants")
    })
}

fn metamorphic(probe: &Probe<'_>) -> Outcome {
    let pool = Pool::default();
    let accept = |_: &Record, _: &_| Ok(());
    for_sequences(probe, probe.options.cases.div_ceil(4), |sequence| {
        let mut plain = Play::new(probe, &pool);
        plain.run(sequence, &mut { accept })?;
        plain.leave();
        for (variation, what) in [
            (Variation::Reversed, "with the parameters in reverse order"),
            (Variation::Unknown, "with an unknown parameter"),
            (Variation::Scheme, "with the scheme in other letters"),
        ] {
            let mut varied = Play::new(probe, &pool);
            varied.stage.variation = variation;
            varied.run(sequence, &mut { accept })?;
            varied.leave();
            same(&plain, &varied, what)?;
        }
        Ok(())
    })
}

/// Holds when both plays were answered alike; `how` says what was different about the second.
fn same(first: &Play<'_, '_>, second: &Play<'_, '_>, how: &str) -> Outcome {
    let (before, after) = (outline(first), outline(second));
    match before.iter().zip(&after).position(|(before, after)| before != after) {
        None => Ok(()),
        Some(at) => {
            let observed = format!("{how}: {}", after[at]);
            Err(Violation::new(before[at].clone(), observed).on(second.story()).into())
        }
    }
}

/// Sequences are cheap, and a few of them are too few to meet anything.
fn few(probe: &Probe<'_>, times: u32) -> u32 {
    let fewest = if probe.options.is_quick { 1 } else { 10 };
    probe.options.cases.saturating_mul(times).max(fewest)
}
