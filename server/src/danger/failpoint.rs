//! Points of the code where a process can be made to end, and mistakes that are made where the store commits.
//!
//! The file that `LOOKOUT_CLOCK_STEP` names holds the seconds by which the clock of the machine is set forward, or back if negative.
//! `LOOKOUT_FAILPOINT=before-commit:17` ends the process at the 17th passage of that point, as suddenly as a power cut.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use sqlx::{Database, Executor, Transaction};

use crate::authority::{Change, Timestamp};
use crate::store::StoreError;

/// How much later than its acknowledgement a change is made.
const LATER: Duration = Duration::from_millis(30);

/// Whether decisions that change something are acknowledged before they are committed.
pub(super) static EARLY: AtomicBool = AtomicBool::new(false);
/// Whether that a code was used is committed before the tokens for it.
pub(super) static APART: AtomicBool = AtomicBool::new(false);
/// Whether commits are acknowledged before PostgreSQL has written them.
pub(super) static UNWRITTEN: AtomicBool = AtomicBool::new(false);

/// Whether the clock of the machine is believed whatever it says.
pub(super) static BELIEVED: AtomicBool = AtomicBool::new(false);

/// The point where to end, and how many passages are left.
static END: LazyLock<Option<(String, AtomicU64)>> = LazyLock::new(|| {
    let wanted = std::env::var("LOOKOUT_FAILPOINT").ok()?;
    let (name, passage) = wanted.rsplit_once(':')?;
    Some((name.to_owned(), AtomicU64::new(passage.parse().ok()?)))
});

/// Ends the process when it is to end here.
pub(crate) fn failpoint(name: &str) {
    if let Some((wanted, left)) = END.as_ref()
        && wanted == name
        && left.fetch_sub(1, Ordering::Relaxed) == 1
    {
        std::process::abort();
    }
}

/// How long a commit comes after its acknowledgement, if it does.
pub(crate) fn acknowledges_early(changes: &[Change]) -> Option<Duration> {
    (EARLY.load(Ordering::Relaxed) && !changes.is_empty()).then_some(LATER)
}

/// What happens in a transaction before one of its changes.
pub(crate) async fn before_next_change<D>(
    transaction: &mut Transaction<'static, D>,
    change: &Change,
) -> Result<(), StoreError>
where
    D: Database,
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
{
    if UNWRITTEN.load(Ordering::Relaxed) {
        (&mut **transaction).execute(sqlx::raw_sql("set local synchronous_commit = off")).await?;
    }
    if let Change::AddToken(_) = change {
        if APART.load(Ordering::Relaxed) {
            (&mut **transaction).execute(sqlx::raw_sql("commit; begin")).await?;
        }
        failpoint("between-changes");
    }
    Ok(())
}

/// What the database says on a machine whose clock was set, and whether that is believed without another look.
pub(crate) fn machine_clock(told: Timestamp) -> (Timestamp, bool) {
    let step = std::env::var("LOOKOUT_CLOCK_STEP").ok();
    let step = step.and_then(|path| std::fs::read_to_string(path).ok()?.trim().parse().ok());
    (told.plus_seconds(step.unwrap_or(0)), BELIEVED.load(Ordering::Relaxed))
}
