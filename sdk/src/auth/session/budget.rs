//! How often a person is asked for more scopes before the server is taken to ask for ever.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::Error;

/// How often a person is asked, after the sign-in, because of one operation that keeps being refused.
///
/// With the sign-in that makes three, which is as often as the official conformance suite puts up with.
const MOST: u32 = 2;

/// The step-ups that an operation has cost since it last succeeded (MCP 2026-07-28 basic/authorization, step-up).
///
/// The resource is that of the session; an operation is a method with the name of its tool.
#[derive(Debug, Default)]
pub(super) struct StepUps(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    last_refused: Option<String>,
    spent: HashMap<String, u32>,
}

impl StepUps {
    pub(super) fn observe(&self, operation: impl FnOnce() -> String, refused: bool) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if refused {
            counts.last_refused = Some(operation());
        } else if counts.last_refused.is_some() || !counts.spent.is_empty() {
            let succeeded = operation();
            counts.last_refused.take_if(|last| *last == succeeded);
            counts.spent.remove(&succeeded);
        }
    }

    /// Takes one step-up from the budget of the operation that was refused last; one that nobody was refused for costs nothing.
    pub(super) fn spend(&self) -> Result<(), Error> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(operation) = counts.last_refused.clone() else { return Ok(()) };
        let spent = counts.spent.entry(operation).or_default();
        if *spent == MOST {
            return Err(Error::authorization(format!(
                "the server refuses the call although the person was asked for scopes {MOST} times; nobody is asked again"
            )));
        }
        *spent += 1;
        Ok(())
    }
}
