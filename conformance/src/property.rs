//! Laws over generated inputs.
//!
//! A law is tried on inputs drawn from a seeded generator; a counterexample is shrunk, and the
//! smallest one that still shows the violation is reported with its own transcript. The same seed
//! gives the same inputs, the same verdict and the same shrunk counterexample.

pub(crate) mod body;
pub(crate) mod header;
pub(crate) mod pkce;
pub(crate) mod scope;
pub(crate) mod token;
pub(crate) mod uri;

use std::cell::{Cell, RefCell};
use std::fmt::Debug;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

use crate::outcome::{Halt, Outcome, not_tested};
use crate::probe::Probe;

/// So many scopes have few enough sets to try them all.
const FEW_SCOPES: usize = 4;

impl Probe<'_> {
    /// Tries `law` on as many inputs as the run asks for.
    pub(crate) fn forall<S>(&self, inputs: &S, law: impl Fn(&S::Value) -> Outcome) -> Outcome
    where
        S: Strategy,
        S::Value: Debug,
    {
        self.forall_in(self.options.cases, inputs, law)
    }

    /// The same with its own number of inputs, for laws that are dearer or cheaper than most.
    pub(crate) fn forall_in<S>(
        &self,
        cases: u32,
        inputs: &S,
        law: impl Fn(&S::Value) -> Outcome,
    ) -> Outcome
    where
        S: Strategy,
        S::Value: Debug,
    {
        // The runner's own bound would complain on standard error when it is reached.
        let config = Config {
            cases,
            failure_persistence: None,
            // `u32::MAX` itself stands for four times the cases.
            max_shrink_iters: u32::MAX - 1,
            ..Config::default()
        };
        let mut runner = TestRunner::new_with_rng(config, self.fork_random());
        let last_violation = RefCell::new(None);
        let stopped = RefCell::new(None);
        let shrinks_left = Cell::new(self.options.shrink_tries);
        let result = runner.run(inputs, |input| {
            let is_shrinking = last_violation.borrow().is_some();
            if stopped.borrow().is_some() || (is_shrinking && shrinks_left.get() == 0) {
                return Ok(());
            }
            if is_shrinking {
                shrinks_left.set(shrinks_left.get() - 1);
            }
            self.forget_transcript();
            match law(&input) {
                Ok(()) => Ok(()),
                Err(Halt::Violation(violation)) => {
                    let reason = violation.observed.clone();
                    last_violation.replace(Some((violation, self.transcript())));
                    Err(TestCaseError::fail(reason))
                }
                Err(other) => {
                    stopped.replace(Some(other));
                    Ok(())
                }
            }
        });
        // A counterexample stands even if shrinking it met an obstacle afterwards.
        if let (Err(TestError::Fail(_, input)), Some((violation, transcript))) =
            (result, last_violation.into_inner())
        {
            self.keep_transcript(transcript);
            return Err(violation.on(format!("{input:?}")).into());
        }
        stopped.into_inner().map_or(Ok(()), Err)
    }

    /// Tries `law` on every set of the catalogue's scopes, or on a sample where there are too many.
    pub(crate) fn for_scope_sets(&self, law: impl Fn(&Vec<String>) -> Outcome) -> Outcome {
        let scopes = self.catalogue().scope_names();
        if scopes.is_empty() {
            return Err(not_tested("the target declares no scopes"));
        }
        if scopes.len() <= FEW_SCOPES || !self.has_grants() {
            self.for_each(self.scope_sets(), law)
        } else {
            self.forall(&scope::subset(scopes), law)
        }
    }

    /// Sets of scopes that tokens can be had for: all of them where there are few; the smallest and
    /// the largest where there are many; those of the ready tokens where there are no grants.
    pub(crate) fn scope_sets(&self) -> Vec<Vec<String>> {
        let scopes = self.catalogue().scope_names();
        if !self.has_grants() {
            return self.target.tokens.iter().map(|ready| ready.scopes.clone()).collect();
        }
        if scopes.len() <= FEW_SCOPES {
            return scope::sets(&scopes);
        }
        let singles = scopes.iter().map(|scope| vec![scope.clone()]);
        let all_but_one = scopes.iter().map(|left_out| {
            scopes.iter().filter(|scope| *scope != left_out).cloned().collect::<Vec<_>>()
        });
        singles.chain(all_but_one).chain([scopes.clone()]).collect()
    }

    /// Tries `law` on every one of `inputs`, in order: for spaces small enough to exhaust.
    pub(crate) fn for_each<T: Debug>(
        &self,
        inputs: impl IntoIterator<Item = T>,
        law: impl Fn(&T) -> Outcome,
    ) -> Outcome {
        for input in inputs {
            self.forget_transcript();
            law(&input).map_err(|halt| match halt {
                Halt::Violation(violation) if violation.input.is_none() => {
                    Halt::Violation(violation.on(format!("{input:?}")))
                }
                other => other,
            })?;
        }
        Ok(())
    }
}
