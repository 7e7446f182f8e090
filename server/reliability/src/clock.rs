//! The clock of the machine is set while tokens live and die.
//!
//! An access token that had expired stays so, and one that lives does not live longer, whatever the clock says. That a clock that was set forward ends tokens
//! early is no mistake.

use std::fs;
use std::time::Duration;

use anyhow::{Result, anyhow};

use crate::arena::Arena;
use crate::check::{Promise, Violation};
use crate::history::Outcome;
use crate::holdings::Held;
use crate::site::{Binaries, Setting, Site};

/// How long an access token lives here, in seconds.
const LIVES: u32 = 2;
const PAST_IT: Duration = Duration::from_millis(2300);
const HOUR: i64 = 3600;

/// Sets the clock of a server back and forth and says which tokens were revived or prolonged.
///
/// # Errors
///
/// When the server cannot be run, or has no failpoints.
pub async fn measure(binaries: Binaries) -> Result<Vec<Violation>> {
    let folder = tempfile::tempdir()?;
    let step = folder.path().join("step");
    let environment = vec![("LOOKOUT_CLOCK_STEP".to_owned(), step.display().to_string())];
    let setting = Setting { access: LIVES, environment, ..Setting::default() };
    let (mut site, arena) = Site::open(binaries, None, setting).await?;
    let set = |seconds: i64| fs::write(&step, seconds.to_string());
    let mut violations = Vec::new();

    let expired = connect(&arena).await?;
    call(&arena, &expired, true, "a new token", &mut violations).await;
    tokio::time::sleep(PAST_IT).await;
    call(&arena, &expired, false, "an expired token", &mut violations).await;

    set(-HOUR)?;
    call(&arena, &expired, false, "an expired token, the clock set back", &mut violations).await;
    let living = connect(&arena).await?;
    call(&arena, &living, true, "a token made after the clock was set back", &mut violations).await;
    set(-2 * HOUR)?;
    tokio::time::sleep(PAST_IT).await;
    call(
        &arena,
        &living,
        false,
        "a token past its end, the clock set back meanwhile",
        &mut violations,
    )
    .await;

    set(HOUR)?;
    let ahead = connect(&arena).await?;
    call(&arena, &living, false, "an expired token, the clock set forward", &mut violations).await;
    set(0)?;
    tokio::time::sleep(PAST_IT).await;
    call(
        &arena,
        &ahead,
        false,
        "a token past its end, made while the clock was ahead",
        &mut violations,
    )
    .await;

    set(-HOUR)?;
    site.kill(0, &arena)?;
    site.start(0, None).await?;
    call(
        &arena,
        &expired,
        false,
        "an expired token, after a restart with the clock set back",
        &mut violations,
    )
    .await;
    Ok(violations)
}

async fn connect(arena: &Arena) -> Result<Held> {
    let waiting = arena.authorize(0, 0, 0).await.ok_or_else(|| anyhow!("no code came"))?;
    arena.exchange(0, &waiting).await.map_err(|outcome| anyhow!("no tokens came: {outcome:?}"))
}

async fn call(
    arena: &Arena,
    held: &Held,
    is_valid: bool,
    what: &str,
    violations: &mut Vec<Violation>,
) {
    let outcome = arena.call(0, &held.access).await;
    let expected = if is_valid { Outcome::Done } else { Outcome::Denied };
    if outcome != expected {
        let evidence = format!("{what}: {outcome:?}");
        violations.push(Violation { promise: Promise::Clock, evidence });
    }
}
