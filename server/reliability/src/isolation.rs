//! Whether strangers hurt users: good traffic beside idle connections, slow ones, floods and overload, compared with calm periods of the same run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::arena::Arena;
use crate::check::{Promise, Violation};
use crate::hammer::furnish;
use crate::history::Outcome;
use crate::load::{Load, Percentiles};
use crate::overload::overload;
use crate::random::Dice;
use crate::site::{Binaries, Setting, Site};
use crate::strangers::{Stranger, opened};

const IDLE: u64 = 10_000;
/// Most memory of an idle connection, in bytes.
const MOST_OF_A_CONNECTION: u64 = 60 * 1024;
/// How much slower good traffic may become.
const MOST_SLOWER: f64 = 3.0;
/// How often something is measured that is not as it should be. What hurts hurts every time, and a machine that others use as well is noisy.
pub(crate) const TRIES: u32 = 3;
/// Calls of the good traffic in a second, and how long each comparison lasts, also for who is impatient.
const GOOD_RATE: f64 = 100.0;
pub(crate) const PERIOD: Duration = Duration::from_secs(6);
const SHORT_PERIOD: Duration = Duration::from_secs(2);
/// What a server may have open more than before, and how long it may take until then, when strangers have gone.
const LEFT: usize = 50;
const GOING: Duration = Duration::from_secs(30);
/// Strangers come from many networks, as a proxy on this machine tells.
const PROXY: &str = "connections = 12000\ntrusted_proxies = [\"127.0.0.1\"]\n";
/// Files of this process besides connections.
const OTHER_FILES: u64 = 600;

/// What a run of these measured.
#[derive(Clone, Debug, Default)]
pub struct Isolation {
    /// What each line is about, and what it says.
    pub lines: Vec<(&'static str, String)>,
    /// What was not kept.
    pub violations: Vec<Violation>,
}

/// Good traffic beside somebody, and without.
#[derive(Clone, Copy, Debug)]
struct Comparison {
    disturbed: Percentiles,
    calm: Percentiles,
}

impl Comparison {
    fn ratio(&self) -> f64 {
        self.disturbed.p99.as_secs_f64() / self.calm.p99.as_secs_f64().max(0.000_1)
    }

    fn is_kept(&self) -> bool {
        self.ratio() <= MOST_SLOWER && self.disturbed.good * 100 >= self.disturbed.calls * 99
    }

    /// The one that shows less trouble.
    fn or(self, other: Option<Self>) -> Self {
        match other {
            Some(other) if (!other.is_kept(), other.ratio()) < (!self.is_kept(), self.ratio()) => {
                other
            }
            _ => self,
        }
    }
}

/// Measures all of it, on a server of its own; for who is impatient only strangers, more briefly, until one hurts.
///
/// # Errors
///
/// When the server cannot be run.
pub async fn measure(binaries: Binaries, seed: u64, impatient: bool) -> Result<Isolation> {
    let (mut site, arena) =
        Site::open(binaries, None, Setting { rates: true, limits: PROXY, ..Setting::default() })
            .await?;
    let arena = Arc::new(arena);
    furnish(&arena, &mut Dice::new(seed, 5), 24).await;
    ensure!(!arena.holdings().live.is_empty(), "no token could be made");
    let mut found = Isolation::default();
    let (period, tries) = if impatient { (SHORT_PERIOD, 1) } else { (PERIOD, TRIES) };
    let mut calm = good(&arena, seed, period).await;
    let before = site.files();
    if !impatient {
        idle(&mut site, &arena, seed, &mut found, calm).await?;
    }
    for (stranger, name) in Stranger::ALL {
        if impatient && !found.violations.is_empty() {
            return Ok(found);
        }
        let mut least = None;
        for _ in 0..tries {
            gone(&site, before, &mut found).await;
            let strangers = stranger.arrive(arena.wires[0].address());
            let disturbed = good(&arena, seed, period).await;
            drop(strangers);
            gone(&site, before, &mut found).await;
            // The baseline is the faster of the calm before and the calm after.
            let after = good(&arena, seed, period).await;
            let calmer = if after.p99 < calm.p99 { after } else { calm };
            calm = after;
            let comparison = Comparison { disturbed, calm: calmer };
            least = Some(comparison.or(least));
            if comparison.is_kept() {
                break;
            }
        }
        found.conclude(name, least);
    }
    if !impatient {
        overload(&mut site, &arena, seed, &mut found).await?;
    }
    let broken =
        arena.history().records.iter().filter(|r| matches!(r.outcome, Outcome::Wrong(_))).count();
    if broken > 0 {
        found.violated(
            Promise::Answers,
            format!("{broken} calls were answered with what nothing explains"),
        );
    }
    Ok(found)
}

impl Isolation {
    fn conclude(&mut self, name: &'static str, comparison: Option<Comparison>) {
        let Some(comparison) = comparison else { return };
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        let Comparison { disturbed, calm } = comparison;
        let line = format!(
            "{:.2} times the baseline (p99 {:.1} ms beside {:.1} ms), {} of {} calls served",
            comparison.ratio(),
            ms(disturbed.p99),
            ms(calm.p99),
            disturbed.good,
            disturbed.calls,
        );
        if !comparison.is_kept() {
            self.violated(Promise::Isolation, format!("{name}: {line}"));
        }
        self.lines.push((name, line));
    }

    pub(crate) fn violated(&mut self, promise: Promise, evidence: String) {
        self.violations.push(Violation { promise, evidence });
    }
}

/// Waits until the server has noticed that strangers have gone.
async fn gone(site: &Site, before: usize, found: &mut Isolation) {
    let begun = Instant::now();
    while site.files() > before + LEFT {
        if begun.elapsed() > GOING {
            let evidence = format!(
                "{} files are open {} s after strangers went, and there were {before} before they came",
                site.files(),
                GOING.as_secs(),
            );
            return found.violated(Promise::Isolation, evidence);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn good(arena: &Arc<Arena>, seed: u64, period: Duration) -> Percentiles {
    let load = Load { calls_only: true, seed, ..Load::of(GOOD_RATE) };
    load.run(arena, period).await
}

/// Many connections that do nothing.
async fn idle(
    site: &mut Site,
    arena: &Arc<Arena>,
    seed: u64,
    found: &mut Isolation,
    calm: Percentiles,
) -> Result<()> {
    let wanted = IDLE.min(files().saturating_sub(OTHER_FILES));
    if wanted < IDLE {
        eprintln!(
            "SKIPPED: only {wanted} of {IDLE} idle connections, because the system allows so few open files"
        );
    }
    let address = arena.wires[0].address();
    let before = site.resident();
    let mut connections = Vec::new();
    for _ in 0..wanted {
        // Each asked for something, as a browser that stays open.
        match opened(address).await {
            Ok(connection) => connections.push(connection),
            Err(_) => break,
        }
    }
    let count = u64::try_from(connections.len())?;
    let each = site.resident().saturating_sub(before) / count.max(1);
    if count < wanted {
        let evidence = format!("only {count} of {wanted} idle connections were served");
        found.violated(Promise::Isolation, evidence);
    }
    if each > MOST_OF_A_CONNECTION {
        found.violated(Promise::Isolation, format!("an idle connection costs {each} bytes"));
    }
    found.lines.push(("idle connections", format!("{count}, {:.1} KiB each", kibibytes(each))));
    let mut least: Option<Comparison> = None;
    for _ in 0..TRIES {
        let disturbed = good(arena, seed, PERIOD).await;
        let comparison = Comparison { disturbed, calm };
        least = Some(comparison.or(least));
        if comparison.is_kept() {
            break;
        }
    }
    found.conclude("beside idle connections", least);
    Ok(())
}

/// As many open files as the system lets this process and its children have.
pub(crate) fn files() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    // Where it may not be raised, it stays.
    let _stays = setrlimit(Resource::Nofile, raised);
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Raises the number of open files, before servers are started, which inherit it.
pub fn raise_file_limit() {
    files();
}

#[expect(clippy::cast_precision_loss, reason = "sizes are small")]
fn kibibytes(bytes: u64) -> f64 {
    bytes as f64 / 1024.0
}
