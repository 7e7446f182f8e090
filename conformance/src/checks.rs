//! The registry of checks.
//!
//! Every area has a file, every file has an explicit list, and [`ALL`] is the lists in order.
//! Nothing registers itself: what is not in a list does not run.

pub mod client;
pub mod server;

use thiserror::Error;

use crate::check::Check;

/// Every area of checks on a server, in the order they are reported.
pub const ALL: &[&[Check]] = server::AREAS;

/// All checks on a server, in the order of the registry.
pub fn all() -> impl Iterator<Item = &'static Check> {
    ALL.iter().flat_map(|area| area.iter())
}

/// A name that selects nothing.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{name} is no check and no area; --list shows them. Areas: {areas}")]
pub struct UnknownName {
    /// What was asked for.
    pub name: String,
    /// What could have been asked for.
    pub areas: String,
}

/// Whether a check of either side has this id.
pub(crate) fn is_known(id: &str) -> bool {
    all().any(|check| check.id == id) || client::all().any(|check| check.id == id)
}

/// The checks that `names` select by id or area; all of them when `names` is empty.
///
/// # Errors
///
/// When a name selects nothing.
pub fn select(names: &[String]) -> Result<Vec<&'static Check>, UnknownName> {
    if let Some(name) = names.iter().find(|name| !all().any(|check| check.is_named(name))) {
        let mut areas: Vec<&str> = all().map(Check::area).collect();
        areas.dedup();
        return Err(UnknownName { name: name.clone(), areas: areas.join(" ") });
    }
    let is_selected =
        |check: &&Check| names.is_empty() || names.iter().any(|name| check.is_named(name));
    Ok(all().filter(is_selected).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::check::Clause;

    #[test]
    fn ids_are_unique_and_shaped_like_area_and_slug() {
        let mut seen = BTreeSet::new();
        for check in all() {
            let (area, slug) = check.id.split_once('/').expect("an id has a slash");
            let plain = |word: &str| {
                !word.is_empty()
                    && word
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            };
            assert!(plain(area) && plain(slug), "{}", check.id);
            assert!(seen.insert(check.id), "{} is there twice", check.id);
        }
    }

    #[test]
    fn a_file_of_checks_is_one_area() {
        for area in ALL {
            let areas: BTreeSet<&str> = area.iter().map(Check::area).collect();
            assert_eq!(areas.len(), 1, "{areas:?}");
        }
    }

    #[test]
    fn a_claim_is_one_sentence() {
        for check in all() {
            let claim = check.claim;
            assert!(claim.ends_with('.') && claim.starts_with(char::is_uppercase), "{}", check.id);
            assert!(!claim.trim_end_matches('.').contains(". "), "{}: {claim}", check.id);
            assert!(claim.len() <= 200, "{} is too long to disagree with", check.id);
        }
    }

    #[test]
    fn a_clause_can_be_looked_up() {
        for check in all() {
            match check.clause {
                Clause::Rfc { number, section } => {
                    assert!(number > 2000, "{}", check.id);
                    let digits =
                        |part: &str| part.chars().all(|c| c.is_ascii_digit()) && !part.is_empty();
                    assert!(section.split('.').all(digits), "{}: {section}", check.id);
                }
                Clause::Mcp { revision, page } => {
                    assert_eq!(revision.len(), "2026-07-28".len(), "{}", check.id);
                    assert!(!page.is_empty() && !page.contains(' '), "{}: {page}", check.id);
                }
                Clause::Lookout(promise) => assert!(!promise.is_empty(), "{}", check.id),
            }
        }
    }

    #[test]
    fn a_name_selects_an_id_or_an_area_and_nothing_else() {
        assert_eq!(select(&[]).unwrap().len(), all().count());
        assert_eq!(select(&["pkce/method".to_owned()]).unwrap().len(), 1);
        assert!(select(&["pkce".to_owned()]).unwrap().len() > 1);
        assert!(select(&["pkc".to_owned()]).is_err());
    }
}
