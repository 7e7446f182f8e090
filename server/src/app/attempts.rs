//! Counting attempts that fail, of accounts, networks, browsers and sessions.

use super::{App, Visitor};
use crate::authority::Change;
use crate::authority::people::PersonChange;
use crate::authority::throttle::{Admission, Counter, Failures, Key};
use crate::http::address::ClientAddress;
use crate::store::{AuthorityTransaction, StoreError};

const FAILURES: &str = "failed sign-ins";

/// The counters that an attempt is counted by.
pub(super) type Counters = Vec<(Key, Counter)>;

impl App {
    pub(super) fn counters(
        &self,
        email: &str,
        address: ClientAddress,
        known: Option<&str>,
    ) -> Counters {
        // Any text can be typed as an account, so the names of different counters differ before it.
        let network = address.network();
        if let Some(known) = known.filter(|known| self.knows(email, known)) {
            let name = known.split('.').next().unwrap_or_default();
            return vec![(self.counter(&format!("browser {name} {email}")), Counter::KnownBrowser)];
        }
        let mut counters = vec![
            (self.counter(&format!("pair {network} {email}")), Counter::AccountAndNetwork),
            (self.counter(&format!("account {email}")), Counter::Account),
            (self.counter(&format!("network {network}")), Counter::Network),
        ];
        // Every transaction takes the rows in this order, so that none waits for another that waits for it.
        counters.sort_by(|one, other| one.0.cmp(&other.0));
        counters
    }

    /// The row of the counter of this name, which does not show what is counted.
    fn counter(&self, name: &str) -> Key {
        Key(self.keys.form_token(name.as_bytes(), FAILURES).into_bytes())
    }

    /// What counts the attempts of a person who is signed in.
    pub(super) fn own_counters(&self, visitor: &Visitor) -> Counters {
        vec![(self.counter(&format!("session {}", visitor.session.id)), Counter::KnownBrowser)]
    }

    /// Whether an attempt is looked at: `Ok` says whether it is counted as a failure already, `Err` how many seconds to wait.
    pub(super) async fn admit_attempt(
        &self,
        counters: &[(Key, Counter)],
    ) -> Result<Result<bool, i64>, StoreError> {
        let mut transaction = self.store.begin().await?;
        let so_far = load(&mut *transaction, counters).await?;
        match self.authority.admit_attempt(transaction.now(), &so_far) {
            Admission::Open => Ok(Ok(false)),
            Admission::Counted(next) => {
                transaction.commit(changes(counters, next)).await?;
                Ok(Ok(true))
            }
            Admission::Wait { seconds } => Ok(Err(seconds)),
        }
    }

    pub(super) async fn count_failure(
        &self,
        counters: &[(Key, Counter)],
        counted: bool,
    ) -> Result<(), StoreError> {
        if counted {
            return Ok(());
        }
        let mut transaction = self.store.begin().await?;
        let so_far = load(&mut *transaction, counters).await?;
        let next = self.authority.count_failure(transaction.now(), &so_far);
        transaction.commit(changes(counters, next)).await
    }

    pub(super) async fn forgive(
        &self,
        counters: &[(Key, Counter)],
        counted: bool,
    ) -> Result<(), StoreError> {
        let mut transaction = self.store.begin().await?;
        let so_far = load(&mut *transaction, counters).await?;
        let next = self.authority.forgive(&so_far, counted);
        transaction.commit(changes(counters, next)).await
    }

    /// Counts an attempt from a network that is about no account yet, or says how many seconds to wait.
    #[cfg(feature = "oidc")]
    pub(super) async fn count_visit(
        &self,
        address: ClientAddress,
    ) -> Result<Result<(), i64>, StoreError> {
        let counters = self.visits(address);
        let admitted = self.admit_attempt(&counters).await?;
        if let Ok(counted) = admitted {
            self.count_failure(&counters, counted).await?;
        }
        Ok(admitted.map(|_| ()))
    }

    /// The attempt that was counted was none to worry about.
    #[cfg(feature = "oidc")]
    pub(super) async fn forgive_visit(&self, address: ClientAddress) -> Result<(), StoreError> {
        self.forgive(&self.visits(address), true).await
    }

    #[cfg(feature = "oidc")]
    fn visits(&self, address: ClientAddress) -> Counters {
        vec![(self.counter(&format!("network {}", address.network())), Counter::Network)]
    }
}

async fn load(
    transaction: &mut dyn AuthorityTransaction,
    counters: &[(Key, Counter)],
) -> Result<Vec<(Counter, Failures)>, StoreError> {
    let mut so_far = Vec::new();
    for (key, counter) in counters {
        so_far.push((*counter, transaction.failures(key).await?));
    }
    Ok(so_far)
}

fn changes(counters: &[(Key, Counter)], next: Vec<Failures>) -> Vec<Change> {
    let keys = counters.iter().map(|(key, _)| key.clone());
    keys.zip(next).map(|(key, failures)| PersonChange::Count { key, failures }.into()).collect()
}
