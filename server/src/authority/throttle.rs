//! Throttling of sign-in: how many failures there may be, and how long the next attempt waits.
//!
//! The first failures are counted when they happened, so that people who sign in at once are not taken for strangers who guess at once. Once there are too
//! many, an attempt counts before the password is looked at, so one at a time passes. Nothing here knows whether an account exists. An attempt from a browser that signed in to the account before is counted by that browser alone,
//! so strangers cannot lock a person out of it. They can keep out browsers that are new to the account.

use super::{Authority, Timestamp};

/// What failures are counted by: a keyed digest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub Vec<u8>);

/// Failures so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub count: i64,
    /// When the last was.
    pub last_at: Timestamp,
}

/// One of the counts that an attempt must pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Counter {
    /// One account from one network.
    AccountAndNetwork,
    /// One account from a browser that signed in to it before.
    KnownBrowser,
    /// One account from everywhere else.
    Account,
    /// One network, whatever the account.
    Network,
}

/// Attempts of one network in a minute.
const PER_MINUTE: i64 = 30;
/// Milliseconds after which one of them is forgotten.
const EACH: i64 = 60_000 / PER_MINUTE;
/// The first wait, in seconds; each further failure doubles it.
const FIRST_WAIT: i64 = 15;
/// The longest wait, in seconds.
pub const LONGEST_WAIT: i64 = 900;

impl Counter {
    /// Failures before the first wait.
    const fn free(self) -> i64 {
        match self {
            Self::AccountAndNetwork | Self::KnownBrowser => 5,
            Self::Account => 50,
            Self::Network => PER_MINUTE,
        }
    }

    /// Seconds without a failure after which the earlier ones are forgotten.
    const fn memory(self) -> i64 {
        match self {
            Self::AccountAndNetwork | Self::KnownBrowser => 3600,
            Self::Account => 86_400,
            Self::Network => 60,
        }
    }

    /// What is left of the failures now, with their time moved on by as much as was forgotten.
    fn remembered(self, now: Timestamp, so_far: Failures) -> Failures {
        // A clock that was set back must not make anybody wait longer.
        let quiet = now.0.saturating_sub(so_far.last_at.0).max(0);
        if so_far.count <= 0 || quiet >= self.memory() * 1000 {
            return Failures { count: 0, last_at: now };
        }
        match self {
            // One is forgotten every two seconds; the time says how much of the next two has passed.
            Self::Network => Failures {
                count: (so_far.count - quiet / EACH).max(0),
                last_at: Timestamp(now.0 - quiet % EACH),
            },
            _ => Failures { count: so_far.count, last_at: Timestamp(now.0 - quiet) },
        }
    }

    /// The failures with one more, whether or not the attempt was allowed.
    fn with_one_more(self, now: Timestamp, so_far: Failures) -> Failures {
        let left = self.remembered(now, so_far);
        let last_at = if self == Self::Network { left.last_at } else { now };
        Failures { count: left.count + 1, last_at }
    }

    /// The failures with one more, or the milliseconds until another attempt is looked at.
    pub(super) fn count(self, now: Timestamp, so_far: Failures) -> Result<Failures, i64> {
        let left = self.remembered(now, so_far);
        let quiet = now.0 - left.last_at.0;
        let wait = match (self, left.count - self.free()) {
            (_, ..0) => 0,
            (Self::Network, _) => EACH,
            (_, doubled) => (FIRST_WAIT << doubled.min(6)).min(LONGEST_WAIT) * 1000,
        };
        if quiet < wait { Err(wait - quiet) } else { Ok(self.with_one_more(now, so_far)) }
    }
}

/// What an attempt may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The password is looked at, and a failure is counted afterwards.
    Open,
    /// There were so many failures that the attempt counts as one before the password is looked at, so that guesses sent at once do not pass together.
    Counted(Vec<Failures>),
    /// Nothing is looked at.
    Wait {
        /// How many seconds the next attempt waits.
        seconds: i64,
    },
}

impl Authority {
    /// Whether an attempt is looked at.
    #[must_use]
    pub fn admit_attempt(&self, now: Timestamp, so_far: &[(Counter, Failures)]) -> Admission {
        let (mut counted, mut wait, mut is_suspect) = (Vec::new(), 0, false);
        for &(counter, failures) in so_far {
            is_suspect |= counter.remembered(now, failures).count >= counter.free();
            match (self.policy.sign_in_counted)(counter, now, failures) {
                Ok(next) => counted.push(next),
                Err(milliseconds) => wait = wait.max(milliseconds),
            }
        }
        match (wait, is_suspect) {
            (1.., _) => Admission::Wait { seconds: (wait + 999) / 1000 },
            (_, true) => Admission::Counted(counted),
            _ => Admission::Open,
        }
    }

    /// The failures after one more.
    #[must_use]
    pub fn count_failure(&self, now: Timestamp, so_far: &[(Counter, Failures)]) -> Vec<Failures> {
        so_far.iter().map(|&(counter, failures)| counter.with_one_more(now, failures)).collect()
    }

    /// The failures after an attempt that was none; `counted` says whether it was counted as one.
    #[must_use]
    pub fn forgive(&self, so_far: &[(Counter, Failures)], counted: bool) -> Vec<Failures> {
        let forgive = |&(counter, failures): &(Counter, Failures)| {
            let count = match counter {
                Counter::AccountAndNetwork | Counter::KnownBrowser => 0,
                Counter::Account | Counter::Network => (failures.count - i64::from(counted)).max(0),
            };
            Failures { count, ..failures }
        };
        so_far.iter().map(forgive).collect()
    }
}
