//! Which clauses a run says something about, and which it does not.
//!
//! A clause is covered as far as checks about it came to a conclusion. Checks that were not
//! selected, not tested or without conclusion leave it open, and are named.

use schemars::JsonSchema;
use serde::Serialize;

use crate::check::Clause;
use crate::report::{CheckReport, ClauseText, Verdict};

/// One clause, and what the run says about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ClauseCoverage {
    /// Where the demand is written.
    pub clause: ClauseText,
    /// Checks about it that came to a conclusion, whichever.
    pub concluded: Vec<String>,
    /// Checks about it that did not: not selected, not tested, or without conclusion.
    pub open: Vec<String>,
}

impl ClauseCoverage {
    /// Whether the run says anything about the clause.
    pub fn is_covered(&self) -> bool {
        !self.concluded.is_empty()
    }
}

/// Every clause of the `checks` of a registry, in its order, against what `ran`.
pub(crate) fn coverage(
    checks: impl Iterator<Item = (&'static str, Clause)>,
    ran: &[CheckReport],
) -> Vec<ClauseCoverage> {
    let mut clauses: Vec<ClauseCoverage> = Vec::new();
    for (id, clause) in checks {
        let clause = ClauseText::from(clause);
        let at = clauses.iter().position(|known| known.clause == clause);
        let at = at.unwrap_or_else(|| {
            clauses.push(ClauseCoverage { clause, concluded: Vec::new(), open: Vec::new() });
            clauses.len() - 1
        });
        let is_concluded = ran.iter().any(|report| {
            report.id == id && !matches!(report.verdict, Verdict::NotTested | Verdict::Error)
        });
        let ids = if is_concluded { &mut clauses[at].concluded } else { &mut clauses[at].open };
        ids.push(id.to_owned());
    }
    clauses
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks;

    #[test]
    fn every_check_is_in_the_coverage_once() {
        let coverage = coverage(checks::all().map(|check| (check.id, check.clause)), &[]);
        assert!(coverage.iter().all(|clause| !clause.is_covered()));
        let open: usize = coverage.iter().map(|clause| clause.open.len()).sum();
        assert_eq!(open, checks::all().count());
    }
}
