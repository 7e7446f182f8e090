//! The authorization of one client at one MCP server, over its whole life.
//!
//! One thread at a time changes it, the others wait and take what came of it: one refresh, and one
//! browser window, whatever the number of requests that were refused at once. What is granted is
//! on disk before it is used.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use url::Url;

use crate::challenge::Bearer;
use crate::clock::now;
use crate::discovery::{Issuer, Resource};
use crate::failure::{Failure, Outcome, fail};
use crate::faults::{Fault, has};
use crate::registration::Identity;
use crate::store::{Grant, Store};
use crate::token::words;
use crate::web::Web;

/// A token is replaced this long before its end, or in the last tenth of its life.
const EARLY: u64 = 30;
const MOST_STEP_UPS: u32 = 2;

/// What one operation has tried so far.
#[derive(Debug, Default)]
pub(crate) struct Attempt {
    pub(crate) flows: u64,
    refreshed: bool,
    authorized: bool,
    step_ups: u32,
    refresh: Option<String>,
}

pub(crate) struct Session {
    pub(crate) web: Web,
    pub(crate) endpoint: Url,
    pub(crate) store: Store,
    pub(crate) identity: Identity,
    pub(crate) patience: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) grant: Option<Grant>,
    pub(crate) place: Option<(Resource, Issuer)>,
    /// All scopes asked for since the last sign-out.
    pub(crate) asked: BTreeSet<String>,
    /// Flows begun, and how the last ended if it failed.
    pub(crate) flows: u64,
    pub(crate) failed: Option<Failure>,
    pub(crate) unsaved: bool,
}

impl Session {
    pub(crate) fn new(
        web: Web,
        endpoint: Url,
        store: Store,
        identity: Identity,
        patience: Duration,
    ) -> Self {
        let session = Self { web, endpoint, store, identity, patience, state: Mutex::default() };
        session.state().grant = session.store.load().grants.get(session.endpoint.as_str()).cloned();
        session
    }

    /// The same client at the same server, started anew: what is not kept is gone.
    pub(crate) fn again(self) -> Self {
        Self::new(self.web, self.endpoint, self.store, self.identity, self.patience)
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder panics")
    }

    /// Begins an operation.
    pub(crate) fn attempt(&self) -> Attempt {
        let state = self.state();
        let refresh = state.grant.as_ref().and_then(|grant| grant.refresh.clone());
        Attempt { flows: state.flows, refresh, ..Attempt::default() }
    }

    /// The access token to send now, renewed if it is about to end.
    pub(crate) fn token(&self) -> Outcome<Option<String>> {
        let mut state = self.state();
        let Some(grant) = state.grant.clone() else { return Ok(None) };
        let life = grant.lifetime.map(|life| (life, now().saturating_sub(grant.issued_at)));
        let is_late = life.is_some_and(|(life, age)| age + EARLY.min(life / 10) >= life);
        let is_over = life.is_some_and(|(life, age)| age >= life);
        if (!is_late && !has(Fault::RefreshBeforeEveryRequest)) || has(Fault::ExpiryIgnored) {
            return Ok(Some(grant.access));
        }
        if grant.refresh.is_some() {
            let renewed = self.renew_early(&mut state, &grant);
            // A token that still lives is used when its successor cannot be had yet.
            if let Err(failure) = renewed
                && is_over
            {
                return Err(failure);
            }
        }
        // Without a successor an ended token is left out, and the server says what it wants.
        let current = state.grant.as_ref().filter(|new| !is_over || new.access != grant.access);
        Ok(current.map(|grant| grant.access.clone()))
    }

    /// Reacts to a 401 for a request that was sent with the token `used`.
    pub(crate) fn refused(
        &self,
        used: Option<&str>,
        challenge: Option<&Bearer>,
        attempt: &mut Attempt,
    ) -> Outcome<()> {
        let mut state = self.state();
        let current = state.grant.as_ref().map(|grant| grant.access.as_str());
        let is_behind = current.is_some() && current != used;
        let is_alone = || has(Fault::EveryRequestRefreshes) || has(Fault::WindowPerRequest);
        if is_behind && !is_alone() {
            return Ok(());
        }
        state.others_failure(attempt)?;
        let place = self.discover(&mut state, challenge)?;
        let is_of_other = |grant: &Grant| grant.issuer != place.1.issuer;
        if state.grant.as_ref().is_some_and(is_of_other) && !has(Fault::RefreshTokenToNewIssuer) {
            self.forget(&mut state, |kept, key| drop(kept.grants.remove(key)))?;
        }
        let mut grant = state.grant.clone().filter(|grant| grant.refresh.is_some());
        if let Some(grant) = grant.as_mut().filter(|_| has(Fault::EveryRequestRefreshes)) {
            grant.refresh.clone_from(&attempt.refresh);
        }
        let is_asked = is_behind && has(Fault::WindowPerRequest);
        let is_over = |_: &Grant| attempt.refreshed || is_asked || has(Fault::NeverRefreshes);
        if let Some(grant) = grant.filter(|grant| !is_over(grant)) {
            attempt.refreshed = true;
            self.renew(&mut state, &place, &grant)?;
            if state.grant.is_some() {
                return Ok(());
            }
        }
        if attempt.authorized && !has(Fault::RefusalRepeated) {
            return fail("the server refuses a token that was issued just now");
        }
        attempt.authorized = true;
        let wanted = challenge.and_then(|bearer| bearer.scope.as_deref());
        let mut scopes = match wanted.map(words).filter(|_| !has(Fault::ChallengeScopeIgnored)) {
            Some(wanted) => wanted,
            None if has(Fault::SupportedScopesIgnored) => BTreeSet::new(),
            None => place.0.scopes.iter().cloned().collect(),
        };
        if has(Fault::AllScopesAsked) {
            scopes.extend(place.0.scopes.iter().chain(&place.1.scopes).cloned());
        }
        scopes.extend(state.asked.iter().cloned());
        self.authorize(&mut state, &place, scopes, attempt)
    }

    /// Reacts to a 403 that names the scopes it misses.
    pub(crate) fn insufficient(
        &self,
        used: Option<&str>,
        challenge: &Bearer,
        attempt: &mut Attempt,
    ) -> Outcome<()> {
        let mut state = self.state();
        let wanted = challenge.scope.as_deref().map(words).unwrap_or_default();
        let (current, granted) = match &state.grant {
            Some(grant) => (Some(grant.access.as_str()), grant.scopes.clone()),
            None => (None, BTreeSet::new()),
        };
        if current.is_some() && current != used && wanted.is_subset(&granted) {
            return Ok(());
        }
        state.others_failure(attempt)?;
        if has(Fault::StepUpNever) {
            return fail("the server wants more scopes");
        }
        let is_idle = wanted.is_empty() || (attempt.step_ups > 0 && wanted.is_subset(&granted));
        if (is_idle || attempt.step_ups >= MOST_STEP_UPS)
            && !(has(Fault::StepUpEndless) && attempt.step_ups < 25)
        {
            return fail("the server wants scopes that it does not grant");
        }
        attempt.step_ups += 1;
        let place = self.discover(&mut state, Some(challenge))?;
        let mut scopes = wanted;
        if has(Fault::StepUpChallengeIgnored) {
            scopes = place.0.scopes.iter().cloned().collect();
        }
        if !has(Fault::StepUpWithoutUnion) {
            scopes.extend(granted);
            scopes.extend(state.asked.iter().cloned());
        }
        self.authorize(&mut state, &place, scopes, attempt)
    }
}

impl State {
    /// The failure of a flow that another request began while this one waited: the person is not
    /// asked again for the same reason.
    fn others_failure(&self, attempt: &Attempt) -> Outcome<()> {
        match &self.failed {
            Some(failure) if self.flows != attempt.flows && !has(Fault::WindowPerRequest) => {
                Err(failure.clone())
            }
            _ => Ok(()),
        }
    }
}
