//! What a run may ask of a target.

use std::time::Duration;

use crate::target::Target;
use crate::target::ownership::beyond_this_machine;

/// What a run may ask of a target.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Whether the target is spared: slowly, not much, and nothing that could be an attack on its
    /// capacity.
    pub polite: bool,
    /// Requests per second, over all connections; nothing is no limit.
    pub requests_per_second: Option<f64>,
    /// Requests of the whole run; nothing is no limit. Taking away what was made is always allowed.
    pub total_requests: Option<u64>,
    /// How many checks run at once, at most.
    pub concurrency: Option<usize>,
    /// How long one request may take.
    pub timeout: Option<Duration>,
    /// How many bytes of an answer are read.
    pub body_bytes: u64,
}

/// What a polite run asks at most, in requests per second and in all.
pub const POLITE: (f64, u64) = (5.0, 2_000);

/// How many bytes of an answer are read unless the target says otherwise.
pub const BODY_BYTES: u64 = 4 << 20;

impl Limits {
    /// No limits: for a server of one's own.
    pub fn free() -> Self {
        Self {
            polite: false,
            requests_per_second: None,
            total_requests: None,
            concurrency: None,
            timeout: None,
            body_bytes: BODY_BYTES,
        }
    }

    /// Five requests a second, two thousand in all, one check at a time.
    pub fn polite() -> Self {
        Self {
            polite: true,
            requests_per_second: Some(POLITE.0),
            total_requests: Some(POLITE.1),
            concurrency: Some(1),
            ..Self::free()
        }
    }

    /// Free when every address of `target` is on loopback, polite as soon as one is not.
    pub fn suited_to(target: &Target) -> Self {
        if beyond_this_machine(target).is_empty() { Self::free() } else { Self::polite() }
    }
}
