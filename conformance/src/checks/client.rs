//! Checks on a client and the scenarios they are judged on, one file an area.

mod address;
mod asked_scope;
mod binding;
mod bound;
mod cancel;
mod challenge_syntax;
mod client_registration;
mod discovery;
mod discovery_end;
mod ending;
mod era;
mod event;
mod expiry;
mod flow;
mod form;
mod gzip;
mod header;
mod initialize;
mod issuer;
mod leak;
mod leak_address;
mod listener;
mod message;
mod near;
mod opening;
mod outage;
mod paging;
mod refusal;
mod renewal;
mod resource;
mod response;
mod response_issuer;
mod response_text;
mod result;
mod schedule;
mod session_id;
mod sign_out;
mod step_up;
mod stream;
mod structured;
mod token_response;
mod tool_parameter;
mod unregistered;

use crate::check::Level;
use crate::checks::UnknownName;
use crate::grade::wanted;
use crate::peer::run::Run;
use crate::peer::scenario::{ClientCheck, Scenario};
use crate::report::ScenarioReport;

/// One area: what the servers do, and what is claimed of a client then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Area {
    pub(crate) scenarios: &'static [Scenario],
    pub(crate) checks: &'static [ClientCheck],
}

/// In the order they are reported.
const AREAS: &[Area] = &[
    flow::AREA,
    discovery::AREA,
    discovery_end::AREA,
    resource::AREA,
    issuer::AREA,
    challenge_syntax::AREA,
    client_registration::AREA,
    unregistered::AREA,
    binding::AREA,
    address::AREA,
    bound::AREA,
    opening::AREA,
    response::AREA,
    response_issuer::AREA,
    response_text::AREA,
    listener::AREA,
    token_response::AREA,
    leak::AREA,
    leak_address::AREA,
    renewal::AREA,
    expiry::AREA,
    refusal::AREA,
    outage::AREA,
    schedule::AREA,
    asked_scope::AREA,
    step_up::AREA,
    sign_out::AREA,
    era::AREA,
    initialize::AREA,
    message::AREA,
    header::AREA,
    form::AREA,
    result::AREA,
    structured::AREA,
    tool_parameter::AREA,
    paging::AREA,
    event::AREA,
    stream::AREA,
    session_id::AREA,
    cancel::AREA,
    ending::AREA,
];

/// All checks on a client, in the order of the registry.
pub fn all() -> impl Iterator<Item = &'static ClientCheck> {
    AREAS.iter().flat_map(|area| area.checks)
}

/// All scenarios, in the order of the registry.
pub fn all_scenarios() -> impl Iterator<Item = &'static Scenario> {
    AREAS.iter().flat_map(|area| area.scenarios)
}

/// The scenario with this id.
pub(crate) fn scenario(id: &str) -> Option<&'static Scenario> {
    all_scenarios().find(|scenario| scenario.id == id)
}

/// The checks that `names` select by id or area; all of them when `names` is empty.
///
/// # Errors
///
/// When a name selects nothing.
pub fn select(names: &[String]) -> Result<Vec<&'static ClientCheck>, UnknownName> {
    if let Some(name) = names.iter().find(|name| !all().any(|check| check.is_named(name))) {
        let mut areas: Vec<&str> = all().map(ClientCheck::area).collect();
        areas.dedup();
        return Err(UnknownName { name: name.clone(), areas: areas.join(" ") });
    }
    let is_selected =
        |check: &&ClientCheck| names.is_empty() || names.iter().any(|name| check.is_named(name));
    Ok(all().filter(is_selected).collect())
}

/// The scenarios to perform: those that `names` select by id or area; without names those that the
/// checks are about, and all of them when these are about whatever happens.
///
/// # Errors
///
/// When a name selects nothing.
pub(crate) fn scenarios(
    checks: &[&'static ClientCheck],
    names: &[String],
) -> Result<Vec<&'static Scenario>, UnknownName> {
    let is_named = |scenario: &Scenario, name: &str| {
        scenario.id == name || scenario.id.split('/').next() == Some(name.trim_end_matches('/'))
    };
    if let Some(name) = names.iter().find(|name| !all_scenarios().any(|one| is_named(one, name))) {
        let mut areas: Vec<&str> =
            all_scenarios().filter_map(|one| one.id.split('/').next()).collect();
        areas.dedup();
        return Err(UnknownName { name: name.clone(), areas: areas.join(" ") });
    }
    let wanted = wanted(checks);
    let is_wanted = |scenario: &&Scenario| {
        if names.is_empty() {
            wanted.is_empty() || wanted.contains(scenario.id)
        } else {
            names.iter().any(|name| is_named(scenario, name))
        }
    };
    Ok(all_scenarios().filter(is_wanted).collect())
}

/// What the report says of the scenarios themselves.
pub(crate) fn performed(runs: &[&Run]) -> Vec<ScenarioReport> {
    let mut reports: Vec<ScenarioReport> = Vec::new();
    for run in runs {
        let ending = run.exit().map_or("a person drove it".to_owned(), ToString::to_string);
        let requests = run.asks().count() as u64;
        match reports.last_mut().filter(|report| report.id == run.scenario) {
            Some(report) => {
                report.runs += 1;
                report.requests += requests;
                if !report.endings.contains(&ending) {
                    report.endings.push(ending);
                }
            }
            None => reports.push(ScenarioReport {
                id: run.scenario.to_owned(),
                title: scenario(run.scenario)
                    .map(|known| known.title)
                    .unwrap_or_default()
                    .to_owned(),
                runs: 1,
                requests,
                endings: vec![ending],
            }),
        }
    }
    reports
}

/// Shorthand for records.
pub(crate) const MUST: Level = Level::Must;
pub(crate) const SHOULD: Level = Level::Should;
pub(crate) const HARDENING: Level = Level::Hardening;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::peer::scenario::On;

    #[test]
    fn ids_are_unique_on_both_sides_together() {
        let mut seen = BTreeSet::new();
        let ids = all().map(|check| check.id).chain(crate::checks::all().map(|check| check.id));
        for id in ids {
            assert!(seen.insert(id), "{id} is there twice");
        }
        let mut seen = BTreeSet::new();
        for scenario in all_scenarios() {
            assert!(seen.insert(scenario.id), "{} is there twice", scenario.id);
            assert!(scenario.runs > 0, "{} is never performed", scenario.id);
        }
    }

    #[test]
    fn a_claim_and_a_title_are_one_sentence() {
        let claims = all().map(|check| (check.id, check.claim));
        for (id, text) in claims.chain(all_scenarios().map(|one| (one.id, one.title))) {
            assert!(text.ends_with('.') && text.starts_with(char::is_uppercase), "{id}: {text}");
            assert!(!text.trim_end_matches('.').contains(". "), "{id}: {text}");
            assert!(text.len() <= 200, "{id} is too long to disagree with");
        }
    }

    #[test]
    fn every_check_names_scenarios_that_exist_and_every_scenario_is_judged() {
        let mut judged = BTreeSet::new();
        for check in all() {
            if let On::Only(scenarios) = check.on {
                for id in scenarios {
                    assert!(scenario(id).is_some(), "{} names {id}", check.id);
                    judged.insert(*id);
                }
            }
        }
        for scenario in all_scenarios() {
            assert!(
                judged.contains(scenario.id),
                "{} is judged by no check of its own",
                scenario.id
            );
        }
    }
}
