//! Nothing is missing between the rows of the specification and the checks, in either direction.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use lookout_conformance::checks;
use lookout_conformance::requirements::Requirements;

const TEXT: &str = include_str!("../requirements.toml");

fn known() -> BTreeSet<&'static str> {
    let clients = checks::client::all().map(|check| check.id);
    checks::all().map(|check| check.id).chain(clients).collect()
}

#[test]
fn every_row_names_checks_that_exist_or_says_why_there_are_none() {
    let known = known();
    for (id, row) in Requirements::embedded().rows() {
        let is_tried = !row.checks.is_empty();
        assert_ne!(is_tried, row.excluded.is_some(), "{id} is tried, or excluded for a reason");
        for check in &row.checks {
            assert!(known.contains(check.as_str()), "{id} names {check}, which is no check");
        }
        let distinct: BTreeSet<&String> = row.checks.iter().collect();
        assert_eq!(distinct.len(), row.checks.len(), "{id} names a check twice");
        assert!(!row.title.is_empty() && !row.source.is_empty(), "{id} says what and where");
    }
}

#[test]
fn every_check_is_named_by_a_row_or_is_beyond_them_for_a_reason() {
    let requirements = Requirements::embedded();
    let named: BTreeSet<&str> =
        requirements.rows().flat_map(|(_, row)| &row.checks).map(String::as_str).collect();
    let beyond: BTreeSet<&str> = requirements.beyond.keys().map(String::as_str).collect();
    assert!(named.is_disjoint(&beyond), "both named and beyond: {:?}", named.intersection(&beyond));
    let known = known();
    let strays: Vec<&&str> = beyond.difference(&known).collect();
    assert!(strays.is_empty(), "{strays:?} are no checks");
    let idle: Vec<&&str> =
        known.iter().filter(|id| !named.contains(**id) && !beyond.contains(**id)).collect();
    assert!(idle.is_empty(), "no row asks for {idle:?}");
    assert!(requirements.beyond.values().all(|reason| !reason.is_empty()));
}

#[test]
fn every_id_is_there_once() {
    let requirements = Requirements::embedded();
    let ids: BTreeSet<&String> = requirements.rows().map(|(id, _)| id).collect();
    assert_eq!(ids.len(), requirements.rows().count());
    // A row for each property and each requirement that the tables had when they were taken over.
    let families = [
        ("AS", 52),
        ("RS", 26),
        ("UI", 22),
        ("TS", 16),
        ("MB", 14),
        ("CL", 34),
        ("AUTH", 145),
        ("SEC", 20),
        ("HTTP", 71),
        ("BASE", 30),
        ("LIFE", 18),
        ("TOOL", 29),
        ("UTIL", 35),
    ];
    for (family, count) in families {
        let have = ids.iter().filter(|id| id.split('-').next() == Some(family)).count();
        assert_eq!(have, count, "rows of {family}");
    }
}

#[test]
fn a_row_with_an_unknown_member_is_refused() {
    let text = TEXT.replacen("title = ", "titel = ", 1);
    let error = Requirements::read(&text).unwrap_err().to_string();
    assert!(error.contains("titel"), "{error}");
}

#[test]
fn the_table_is_fresh() {
    let committed = include_str!("../REQUIREMENTS.md");
    let fresh = Requirements::embedded().markdown();
    assert!(
        committed == fresh,
        "write it anew: lookout-conformance requirements > conformance/REQUIREMENTS.md"
    );
}
