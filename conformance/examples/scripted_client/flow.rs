//! The ways a session comes by a grant: a person's consent, or the refresh token of the last one.
//!
//! What is granted is on disk before it is used.

use std::collections::BTreeSet;

use crate::authorize::Request;
use crate::callback::Callback;
use crate::challenge::Bearer;
use crate::discovery::{self, Issuer, Resource};
use crate::failure::Outcome;
use crate::faults::{Fault, has};
use crate::refresh::{Refreshed, refresh};
use crate::registration::{self, Given};
use crate::session::{Attempt, Session, State};
use crate::store::{Client, Grant, Kept};

impl Session {
    /// Finds out anew whose tokens the server wants.
    pub(crate) fn discover(
        &self,
        state: &mut State,
        challenge: Option<&Bearer>,
    ) -> Outcome<(Resource, Issuer)> {
        let mut known: Vec<String> = self.store.load().clients.into_keys().collect();
        known.extend(self.identity.given.iter().map(|given| given.issuer.clone()));
        let resource = discovery::resource(&self.web, &self.endpoint, challenge, &known)?;
        let cached = state.place.take().map(|(_, issuer)| issuer);
        let issuer = match cached {
            Some(issuer) if issuer.issuer == resource.issuer || has(Fault::IssuerChangeUnseen) => {
                issuer
            }
            _ => discovery::issuer(&self.web, &resource.issuer)?,
        };
        let place = (resource, issuer);
        state.place = Some(place.clone());
        Ok(place)
    }

    pub(crate) fn authorize(
        &self,
        state: &mut State,
        place: &(Resource, Issuer),
        mut scopes: BTreeSet<String>,
        attempt: &mut Attempt,
    ) -> Outcome<()> {
        let (resource, issuer) = place;
        let offline = "offline_access".to_owned();
        if issuer.scopes.contains(&offline) && !scopes.is_empty() || has(Fault::OfflineAccessAlways)
        {
            scopes.insert(offline);
        } else {
            scopes.remove(&offline);
        }
        state.flows += 1;
        attempt.flows = state.flows;
        let run = || {
            let callback = Callback::listen()?;
            let redirect = callback.redirect();
            let identity = &self.identity;
            let client = registration::client(&self.web, &self.store, identity, issuer, &redirect)?;
            let patience = self.patience.min(self.web.left());
            let (web, scopes) = (&self.web, &scopes);
            Request { web, resource, issuer, client: &client, scopes, patience }.run(callback)
        };
        let mut outcome = run();
        if outcome.is_err() && has(Fault::DenialAskedAgain) {
            outcome = run().or_else(|_| run());
        }
        state.failed = outcome.as_ref().err().cloned();
        let grant = outcome?;
        state.asked = scopes;
        self.keep(state, grant)
    }

    /// Refreshes, unless another process just did. Afterwards there is a new grant or none.
    pub(crate) fn renew(
        &self,
        state: &mut State,
        place: &(Resource, Issuer),
        grant: &Grant,
    ) -> Outcome<()> {
        let turn = self.store.turn()?;
        let kept = self.store.load();
        let key = self.endpoint.as_str();
        if let Some(newer) = kept.grants.get(key).filter(|kept| kept.access != grant.access)
            && !has(Fault::EveryRequestRefreshes)
            && newer.issuer == place.1.issuer
        {
            state.grant = Some(newer.clone());
            return Ok(());
        }
        let Some(client) = self.known(&place.1.issuer) else {
            return self.forget(state, |kept, key| drop(kept.grants.remove(key)));
        };
        match refresh(&self.web, &place.0, &place.1, &client, grant)? {
            Refreshed::New(new) => self.keep(state, new)?,
            Refreshed::Void => self.forget(state, |kept, key| drop(kept.grants.remove(key)))?,
            Refreshed::ClientVoid => self.forget(state, |kept, key| {
                kept.grants.remove(key);
                kept.clients.remove(&place.1.issuer);
            })?,
        }
        drop(turn);
        Ok(())
    }

    /// The client that this program already is at `issuer`.
    pub(crate) fn known(&self, issuer: &str) -> Option<Client> {
        let given = self.identity.given.as_ref().filter(|given| given.issuer == issuer);
        let kept = || self.store.load().clients.remove(issuer);
        given.map(Given::client).or_else(kept).filter(|_| !has(Fault::RegistersEveryTime))
    }

    /// Refreshes before the server asks for it.
    pub(crate) fn renew_early(&self, state: &mut State, grant: &Grant) -> Outcome<()> {
        let place = match state.place.clone() {
            Some(place) => place,
            None => self.discover(state, None)?,
        };
        // At another issuer the token means nothing: the server will say so.
        if place.1.issuer == grant.issuer { self.renew(state, &place, grant) } else { Ok(()) }
    }

    /// Takes over a new grant: first on disk, then in use.
    pub(crate) fn keep(&self, state: &mut State, grant: Grant) -> Outcome<()> {
        if has(Fault::TokensInOutput) {
            eprintln!("note: signed in with {}", grant.access);
        }
        state.grant = Some(grant);
        if has(Fault::SavedAfterUse) {
            state.unsaved = true;
            return Ok(());
        }
        self.save(state)
    }

    fn save(&self, state: &State) -> Outcome<()> {
        let Some(grant) = state.grant.clone() else { return Ok(()) };
        let key = self.endpoint.as_str().to_owned();
        self.store.change(|kept| drop(kept.grants.insert(key, grant)))
    }

    /// With the fault, what was granted goes to disk only now that it was used.
    pub(crate) fn used(&self) -> Outcome<()> {
        let mut state = self.state();
        if std::mem::take(&mut state.unsaved) { self.save(&state) } else { Ok(()) }
    }

    pub(crate) fn forget(
        &self,
        state: &mut State,
        change: impl FnOnce(&mut Kept, &str),
    ) -> Outcome<()> {
        state.grant = None;
        self.store.change(|kept| change(kept, self.endpoint.as_str()))
    }
}
