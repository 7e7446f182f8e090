//! Signing out: what was granted is revoked (RFC 7009) and forgotten.

use crate::failure::{Outcome, fail};
use crate::faults::{Fault, has};
use crate::registration;
use crate::session::{Session, State};
use crate::store::Grant;
use crate::token::Form;

impl Session {
    /// Revokes what was granted and forgets it, in this order and both in any case.
    pub(crate) fn sign_out(&self) -> Outcome<()> {
        let mut state = self.state();
        let Some(grant) = state.grant.clone() else { return Ok(()) };
        let revoked = self.revoke(&mut state, &grant);
        if let Err(failure) = revoked {
            eprintln!("note: the tokens may not have been revoked: {failure}");
            if has(Fault::KeptUnlessRevoked) {
                return Ok(());
            }
        }
        if has(Fault::SignOutKeepsTokens) {
            return Ok(());
        }
        self.forget(&mut state, |kept, key| drop(kept.grants.remove(key)))?;
        state.asked.clear();
        Ok(())
    }

    fn revoke(&self, state: &mut State, grant: &Grant) -> Outcome<()> {
        if has(Fault::SignOutRevokesNothing) {
            return Ok(());
        }
        let place = match state.place.clone() {
            Some(place) => place,
            None => self.discover(state, None)?,
        };
        let client = self.known(&grant.issuer);
        let (Some(client), true) = (client, place.1.issuer == grant.issuer) else {
            return fail("the authorization server is no longer the one that issued them");
        };
        let Some(endpoint) = &place.1.revocation_endpoint else { return Ok(()) };
        let refresh = grant.refresh.as_deref().filter(|_| !has(Fault::RevokesAccessTokenOnly));
        let tokens = [("refresh_token", refresh), ("access_token", Some(grant.access.as_str()))];
        let mut outcome = Ok(());
        for (kind, token) in tokens {
            let Some(token) = token else { continue };
            let mut form = Form::bare();
            form.add("token", token);
            form.add("token_type_hint", kind);
            match form.post(&self.web, endpoint, &client) {
                Ok(answer) if answer.status == 200 => {}
                Ok(answer) => {
                    outcome = Err(registration::refusal("the revocation was refused", &answer));
                }
                Err(failure) => outcome = Err(failure),
            }
        }
        outcome
    }
}
