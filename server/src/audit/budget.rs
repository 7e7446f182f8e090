//! How many refusals are recorded, and how many registrations by strangers.
//!
//! Strangers cause refusals at no cost. Of a network (a /24 or /48), [`PER_NETWORK`] a minute of every kind are recorded, one where a bearer token was
//! refused, and of all together [`IN_ALL`] a minute by one server: at most 86 400 rows a day, about 20 MB. How many were left out is recorded with the
//! next that is not. Clients that register themselves are counted alike, apart from refusals. What else is
//! allowed is always recorded, because only people and clients that they allowed cause it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Event, What};

/// Refusals of one kind, of one network, in a minute.
pub const PER_NETWORK: u32 = 10;
/// Refusals in a minute.
pub const IN_ALL: u32 = 60;

const MINUTE: Duration = Duration::from_secs(60);

/// Counts refusals by the minute. Holds at most [`IN_ALL`] networks.
#[derive(Debug)]
pub struct Budget(Mutex<Window>);

#[derive(Debug)]
struct Window {
    began: Instant,
    in_all: u32,
    by_network: HashMap<(What, Option<IpAddr>), u32>,
    left_out: u64,
}

/// Whether a refusal is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is, and this many before it were left out.
    Record(u64),
    /// It is not.
    LeaveOut,
}

impl Default for Budget {
    fn default() -> Self {
        Self(Mutex::new(Window {
            began: Instant::now(),
            in_all: 0,
            by_network: HashMap::new(),
            left_out: 0,
        }))
    }
}

impl Budget {
    /// Judges a refusal that happened at `now`.
    pub fn judge(&self, event: &Event, now: Instant) -> Verdict {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(window.began) >= MINUTE {
            window.began = now;
            window.in_all = 0;
            window.by_network.clear();
        }
        let most = if event.what == What::Bearer { 1 } else { PER_NETWORK };
        let key = (event.what, event.network());
        let known = window.by_network.get(&key).copied().unwrap_or_default();
        if window.in_all >= IN_ALL || known >= most {
            window.left_out += 1;
            return Verdict::LeaveOut;
        }
        window.in_all += 1;
        window.by_network.insert(key, known + 1);
        Verdict::Record(std::mem::take(&mut window.left_out))
    }
}
