//! The profile as the model uses it: a settled choice, or none.

use std::time::Duration;

use crate::model::event::Record;
use crate::model::world::Age;
use crate::probe::site::Site;
use crate::profile::{
    AccessRevocation, CodeReplay, FailedExchange, Knob, ReAuthorize, Refresh, RefreshRevocation,
    Source,
};

/// Clocks of two machines and the time a request takes, in microseconds.
const MARGIN: u64 = 1_500_000;

/// A code of unknown lifetime must be good for this long.
const SURE_CODE: u64 = 20_000_000;

/// Choices that are not settled are `None`: the model follows every legal one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) refresh: Refresh,
    pub(crate) access_revocation: Option<AccessRevocation>,
    pub(crate) refresh_revocation: Option<RefreshRevocation>,
    pub(crate) failed_exchange: Option<FailedExchange>,
    pub(crate) code_replay: Option<CodeReplay>,
    pub(crate) re_authorize: Option<ReAuthorize>,
    /// Whether revoking a spent refresh token still ends its grant.
    pub(crate) spent_revocation: Option<bool>,
    /// How long a revocation may spread, in microseconds.
    pub(crate) delay: u64,
    /// How long a code lives, in microseconds, where that was declared.
    pub(crate) code_lifetime: Option<u64>,
}

impl Rules {
    pub(crate) fn of(site: &Site, code_lifetime: Option<Duration>) -> Self {
        let profile = &site.profile;
        Self {
            refresh: profile.refresh.value,
            access_revocation: settled(&profile.access_revocation),
            refresh_revocation: settled(&profile.refresh_revocation),
            failed_exchange: settled(&profile.failed_exchange),
            code_replay: settled(&profile.code_replay),
            re_authorize: settled(&profile.re_authorize),
            spent_revocation: site.spent_revocation,
            delay: profile.revocation_delay_ms.value.saturating_mul(1_000),
            code_lifetime: code_lifetime
                .map(|lifetime| u64::try_from(lifetime.as_micros()).unwrap_or(u64::MAX)),
        }
    }

    /// How something that `expires` then stands against the request of `record`.
    #[expect(clippy::unused_self, reason = "reads as a rule where it is used")]
    pub(crate) fn age(&self, expires: Option<u64>, record: &Record) -> Age {
        match expires {
            None => Age::Young,
            Some(at) if record.start > at.saturating_add(MARGIN) => Age::Over,
            Some(at) if record.end.saturating_add(MARGIN) < at => Age::Young,
            Some(_) => Age::Borderline,
        }
    }

    /// The same for a code that was there `since`.
    pub(crate) fn code_age(&self, since: u64, record: &Record) -> Age {
        match self.code_lifetime {
            Some(lifetime) => self.age(Some(since.saturating_add(lifetime)), record),
            None if record.end > since.saturating_add(SURE_CODE) => Age::Borderline,
            None => Age::Young,
        }
    }
}

fn settled<T: Copy>(knob: &Knob<T>) -> Option<T> {
    (knob.source != Source::Assumed).then_some(knob.value)
}
