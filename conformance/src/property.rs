//! Laws over generated inputs.
//!
//! A law is tried on inputs drawn from a seeded generator; a counterexample is shrunk, and the
//! smallest one that still shows the violation is reported with its own transcript and its
//! [`Trail`]. The same seed gives the same inputs, the same verdict and the same shrunk
//! counterexample, and the trail leads back to that one input without trying any other.

pub(crate) mod body;
pub(crate) mod header;
pub(crate) mod pkce;
pub(crate) mod scope;
pub(crate) mod token;
pub(crate) mod turn;
pub(crate) mod uri;

#[cfg(test)]
mod tests;

use std::fmt::Debug;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestRunner};
use serde::de::DeserializeOwned;
use serde::{Deserialize as _, Serialize};
use serde_json::Value;

use crate::outcome::{Halt, Outcome, ProbeError, Violation, not_tested};
use crate::probe::Probe;
use crate::property::turn::Turn;
use crate::replay::Trail;
use crate::transcript::Exchange;

/// So many of the inputs of an exhausted space are tried when there is no time.
const FEW_INPUTS: usize = 3;

/// So many scopes have few enough sets to try them all.
const FEW_SCOPES: usize = 4;

/// An input that shows a violation, and what happened on it.
struct Found<V> {
    input: V,
    violation: Violation,
    transcript: Vec<Exchange>,
    trail: Trail,
}

/// Which violations are said to be on the whole input.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Naming {
    /// All of them.
    Whole,
    /// Those that do not name an input of their own.
    Unnamed,
}

/// How an input is kept in a trail, where it is kept at all, and read back.
struct Keeping<V> {
    write: fn(&V) -> Option<Value>,
    read: fn(&Value) -> Result<V, String>,
}

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
        let keeping =
            Keeping { write: |_| None, read: |_| Err("this law keeps no inputs".to_owned()) };
        self.try_law(cases, inputs, law, &keeping)
    }

    /// The same for inputs that are data, such as lists of operations: the counterexample itself is
    /// written into its trail, and a replay takes it from there, whatever the generator has become.
    pub(crate) fn forall_kept<S>(
        &self,
        cases: u32,
        inputs: &S,
        law: impl Fn(&S::Value) -> Outcome,
    ) -> Outcome
    where
        S: Strategy,
        S::Value: Debug + Serialize + DeserializeOwned,
    {
        let keeping = Keeping {
            write: |input| serde_json::to_value(input).ok(),
            read: |value| S::Value::deserialize(value).map_err(|error| error.to_string()),
        };
        self.try_law(cases, inputs, law, &keeping)
    }

    fn try_law<S>(
        &self,
        cases: u32,
        inputs: &S,
        law: impl Fn(&S::Value) -> Outcome,
        keeping: &Keeping<S::Value>,
    ) -> Outcome
    where
        S: Strategy,
        S::Value: Debug,
    {
        let config = Config { cases, failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, self.fork_random());
        let mut tree = || {
            inputs.new_tree(&mut runner).map_err(|reason| {
                Halt::Probe(ProbeError::step("generate an input", reason.to_string()))
            })
        };
        let turn = self.take_turn();
        match turn.turn() {
            Turn::Skip => Ok(()),
            Turn::Again(trail) => {
                let input = match &trail.value {
                    Some(value) => (keeping.read)(value),
                    None => {
                        for _ in 0..trail.case {
                            tree()?;
                        }
                        follow(tree()?, &trail.shrinks)
                    }
                };
                self.again(trail, input, law, Naming::Whole)
            }
            Turn::Search(number) => {
                for case in 0..cases {
                    let tree = tree()?;
                    let trail = Trail::new(*number, case);
                    let Some(found) = self.attempt(trail, tree.current(), &law)? else { continue };
                    let mut found = self.shrink(tree, found, &law);
                    let text = format!("{:?}", found.input);
                    found.trail.value = (keeping.write)(&found.input);
                    return self.keep(found, text);
                }
                Ok(())
            }
        }
    }

    /// Makes a counterexample smaller for as long as the run allows. An obstacle ends the search,
    /// and the counterexample stands.
    fn shrink<T: ValueTree>(
        &self,
        mut tree: T,
        mut found: Found<T::Value>,
        law: &impl Fn(&T::Value) -> Outcome,
    ) -> Found<T::Value> {
        let mut shrinks = String::new();
        let mut is_smaller = tree.simplify();
        for _ in 0..self.options.shrink_tries {
            if !is_smaller {
                break;
            }
            let trail = Trail { shrinks: format!("{shrinks}+"), ..found.trail.clone() };
            let Ok(attempted) = self.attempt(trail, tree.current(), law) else { break };
            is_smaller = match attempted {
                Some(smaller) => {
                    found = smaller;
                    shrinks.push('+');
                    tree.simplify()
                }
                None => {
                    shrinks.push('-');
                    tree.complicate()
                }
            };
        }
        found
    }

    /// Tries `law` on one input: a counterexample, or nothing, or an obstacle.
    fn attempt<V>(
        &self,
        trail: Trail,
        input: V,
        law: &impl Fn(&V) -> Outcome,
    ) -> Result<Option<Found<V>>, Halt> {
        match self.by_itself(&trail, || law(&input)) {
            Ok(()) => Ok(None),
            Err(Halt::Violation(violation)) => {
                let transcript = self.transcript();
                Ok(Some(Found { input, violation, transcript, trail }))
            }
            Err(other) => Err(other),
        }
    }

    /// Reports the counterexample that was found.
    fn keep<V>(&self, found: Found<V>, text: String) -> Outcome {
        self.keep_evidence(found.transcript, found.trail.to(&text));
        Err(found.violation.on(text).into())
    }

    /// Tries the law on the input that the trail of a replay leads to.
    fn again<V: Debug>(
        &self,
        trail: &Trail,
        input: Result<V, String>,
        law: impl Fn(&V) -> Outcome,
        naming: Naming,
    ) -> Outcome {
        let input = match input {
            Ok(input) => input,
            Err(reason) => return self.lost(reason),
        };
        let text = format!("{input:?}");
        if !trail.leads_to(&text) {
            return self.lost(format!("the input is now {}", self.redact(&text)));
        }
        let outcome = self.by_itself(trail, || law(&input));
        self.replayed(outcome.map_err(|halt| match halt {
            Halt::Violation(violation) if violation.input.is_none() || naming == Naming::Whole => {
                Halt::Violation(violation.on(text))
            }
            other => other,
        }))
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
    /// A quick run skips some.
    pub(crate) fn for_each<T: Debug>(
        &self,
        inputs: impl IntoIterator<Item = T>,
        law: impl Fn(&T) -> Outcome,
    ) -> Outcome {
        let turn = self.take_turn();
        let mut inputs = inputs.into_iter();
        match turn.turn() {
            Turn::Skip => Ok(()),
            Turn::Again(trail) => {
                let input = usize::try_from(trail.case).ok().and_then(|case| inputs.nth(case));
                let missing = || format!("there is no input {} any more", trail.case);
                self.again(trail, input.ok_or_else(missing), law, Naming::Unnamed)
            }
            Turn::Search(number) => {
                let inputs: Vec<T> = inputs.collect();
                if inputs.is_empty() {
                    return Err(not_tested("there is nothing here to try it on"));
                }
                // A quick run takes a few from all over.
                let step =
                    if self.options.is_quick { inputs.len().div_ceil(FEW_INPUTS) } else { 1 };
                for (case, input) in (0..).zip(inputs).step_by(step) {
                    let trail = Trail::new(*number, case);
                    let Some(mut found) = self.attempt(trail, input, &law)? else { continue };
                    let text = format!("{:?}", found.input);
                    let shown = found.violation.input.take().unwrap_or_else(|| text.clone());
                    self.keep_evidence(found.transcript, found.trail.to(&text));
                    return Err(found.violation.on(shown).into());
                }
                Ok(())
            }
        }
    }
}

/// The input at the end of the recorded decisions.
fn follow<T: ValueTree>(mut tree: T, shrinks: &str) -> Result<T::Value, String> {
    let Some(earlier) = shrinks.strip_suffix('+') else {
        return if shrinks.is_empty() {
            Ok(tree.current())
        } else {
            Err("the recorded shrinking does not end with an input that was kept".to_owned())
        };
    };
    let mut is_there = tree.simplify();
    for decision in earlier.chars() {
        is_there = is_there && if decision == '+' { tree.simplify() } else { tree.complicate() };
    }
    if is_there {
        Ok(tree.current())
    } else {
        Err("the generator no longer shrinks the way it did".to_owned())
    }
}
