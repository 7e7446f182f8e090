//! Faults that neither a client nor load shows: they are about what an operator finds afterwards.

use std::sync::atomic::{AtomicBool, Ordering};

use super::Fault;

/// Whether events hold what was presented, as it is.
static TELLING: AtomicBool = AtomicBool::new(false);
/// Whether a decision goes without its event when that cannot be written.
static FORGETFUL: AtomicBool = AtomicBool::new(false);

pub(super) const FAULTS: &[Fault] = &[
    Fault::setting(
        "audit-with-secrets",
        "An event of the audit log holds the token that was presented.",
        |_| TELLING.store(true, Ordering::Relaxed),
    ),
    Fault::setting(
        "audit-as-an-afterthought",
        "A decision is made and answered although its event cannot be recorded.",
        |_| FORGETFUL.store(true, Ordering::Relaxed),
    ),
];

/// Whether events hold what was presented.
pub(crate) fn tells_secrets() -> bool {
    TELLING.load(Ordering::Relaxed)
}

/// Whether events are left out of decisions.
pub(crate) fn forgets_events() -> bool {
    FORGETFUL.load(Ordering::Relaxed)
}
