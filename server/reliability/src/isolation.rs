//! Whether strangers hurt users: good traffic beside idle connections, slow ones, floods and overload, compared with calm periods of the same run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::arena::Arena;
use crate::check::{Promise, Violation};
use crate::hammer::furnish;
use crate::history::Outcome;
use crate::load::{Load, Percentiles};
use crate::person::Person;
use crate::random::Dice;
use crate::site::{Binaries, Setting, Site};
use crate::wire::{Ask, Wire};

const IDLE: u64 = 10_000;
const SLOW: u64 = 2000;
/// Most memory of an idle connection, in bytes.
const MOST_OF_A_CONNECTION: u64 = 60 * 1024;
/// How much slower good traffic may become.
const MOST_SLOWER: f64 = 3.0;
/// What is left of the peak when twice as much is asked.
const LEAST_GOODPUT: f64 = 0.8;
/// Calls of the good traffic in a second, and how long each comparison lasts.
const GOOD_RATE: f64 = 100.0;
const PERIOD: Duration = Duration::from_secs(6);
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

/// Strangers of one sort.
#[derive(Clone, Copy, Debug)]
enum Stranger {
    SlowLoris,
    Registration,
    SignIn,
    Scan,
}

impl Stranger {
    const ALL: [(Self, &'static str); 4] = [
        (Self::SlowLoris, "slow loris"),
        (Self::Registration, "registration flood"),
        (Self::SignIn, "sign-in spray"),
        (Self::Scan, "scan for pages"),
    ];
}

/// Measures all of it, on a server of its own.
///
/// # Errors
///
/// When the server cannot be run.
pub async fn measure(binaries: Binaries, seed: u64) -> Result<Isolation> {
    let (mut site, arena) =
        Site::open(binaries, None, Setting { rates: true, ..Setting::default() }).await?;
    let arena = Arc::new(arena);
    furnish(&arena, &mut Dice::new(seed, 5), 24).await;
    ensure!(!arena.holdings().live.is_empty(), "no token could be made");
    let mut found = Isolation::default();
    let calm = good(&arena, seed).await;
    idle(&mut site, &arena, seed, &mut found, calm).await?;
    for (stranger, name) in Stranger::ALL {
        let stop = Arc::new(AtomicBool::new(false));
        let strangers = stranger.arrive(&arena, &stop);
        let disturbed = good(&arena, seed).await;
        stop.store(true, Ordering::Relaxed);
        drop(strangers);
        // The baseline is the slower of the calm before and the calm after.
        let after = good(&arena, seed).await;
        found.compare(name, disturbed, if after.p99 > calm.p99 { after } else { calm });
    }
    overload(&arena, seed, &mut found).await;
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
    fn compare(&mut self, name: &'static str, disturbed: Percentiles, calm: Percentiles) {
        let ratio = disturbed.p99.as_secs_f64() / calm.p99.as_secs_f64().max(0.000_1);
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        let line = format!(
            "{ratio:.2} times the baseline (p99 {:.1} ms beside {:.1} ms), {} of {} calls served",
            ms(disturbed.p99),
            ms(calm.p99),
            disturbed.good,
            disturbed.calls,
        );
        if ratio > MOST_SLOWER {
            self.violated(Promise::Isolation, format!("{name}: {line}"));
        }
        if disturbed.good * 100 < disturbed.calls * 99 {
            self.violated(Promise::Isolation, format!("{name}: {line}"));
        }
        self.lines.push((name, line));
    }

    fn violated(&mut self, promise: Promise, evidence: String) {
        self.violations.push(Violation { promise, evidence });
    }
}

async fn good(arena: &Arc<Arena>, seed: u64) -> Percentiles {
    let load = Load { calls_only: true, seed, ..Load::of(GOOD_RATE) };
    load.run(arena, PERIOD).await
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
    let disturbed = good(arena, seed).await;
    found.compare("beside idle connections", disturbed, calm);
    Ok(())
}

async fn opened(address: std::net::SocketAddr) -> std::io::Result<TcpStream> {
    let mut connection = TcpStream::connect(address).await?;
    let ask =
        format!("GET /.well-known/oauth-protected-resource HTTP/1.1\r\nhost: {address}\r\n\r\n");
    connection.write_all(ask.as_bytes()).await?;
    let mut answer = [0; 4096];
    let read = connection.read(&mut answer).await?;
    if answer[..read].starts_with(b"HTTP/1.1 200") {
        Ok(connection)
    } else {
        Err(std::io::ErrorKind::ConnectionRefused.into())
    }
}

impl Stranger {
    /// They come and stay until they are dropped.
    fn arrive(self, arena: &Arc<Arena>, stop: &Arc<AtomicBool>) -> JoinSet<()> {
        let mut strangers = JoinSet::new();
        let address = arena.wires[0].address();
        let count = match self {
            Self::SlowLoris => SLOW.min(files().saturating_sub(OTHER_FILES)),
            Self::Registration | Self::SignIn | Self::Scan => 16,
        };
        for number in 0..count {
            let stop = Arc::clone(stop);
            strangers.spawn(async move {
                let wire = Wire::new(address);
                while !stop.load(Ordering::Relaxed) {
                    match self {
                        Self::SlowLoris => drip(address).await,
                        Self::Registration => {
                            let body = json!({ "client_name": format!("Flood {number}"), "redirect_uris": ["http://127.0.0.1:9/x"] });
                            let _any = wire.send(Ask::json("/oauth/register", &body)).await;
                        }
                        Self::SignIn => {
                            let email = "nobody@example.com";
                            let _denied = Person::sign_in(&wire, email, "wrong wrong wrong").await;
                        }
                        Self::Scan => {
                            let _any = wire.send(Ask::get(&format!("/.env{number}"))).await;
                        }
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            });
        }
        strangers
    }
}

/// One byte of a header every second, until the server has had enough.
async fn drip(address: std::net::SocketAddr) {
    let Ok(mut connection) = TcpStream::connect(address).await else { return };
    if connection.write_all(b"GET / HTTP/1.1\r\nx: ").await.is_err() {
        return;
    }
    while connection.write_all(b"x").await.is_ok() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Asks for twice as much as was ever served.
async fn overload(arena: &Arc<Arena>, seed: u64, found: &mut Isolation) {
    let peak = peak(arena).await;
    let load = Load { calls_only: true, seed, most_at_a_time: 2000, ..Load::of(peak * 2.0) };
    let begun = Instant::now();
    let served = load.run(arena, PERIOD).await;
    let rate = rate(served.good, begun.elapsed());
    let share = rate / peak.max(1.0);
    let line = format!("{:.0} % of the peak of {peak:.0} calls/s", share * 100.0);
    if share < LEAST_GOODPUT {
        found.violated(Promise::Isolation, format!("at twice the peak, {line} was served"));
    }
    found.lines.push(("goodput at twice the peak", line));
}

/// Calls in a second that the server serves when everybody waits for the answer before.
async fn peak(arena: &Arc<Arena>) -> f64 {
    let served = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let mut callers = JoinSet::new();
    for number in 0..32 {
        let (arena, served) = (Arc::clone(arena), Arc::clone(&served));
        callers.spawn(async move {
            while begun.elapsed() < PERIOD {
                let key = {
                    let holdings = arena.holdings();
                    holdings.live[number % holdings.live.len()].clone()
                };
                if arena.call(0, &key).await == Outcome::Done {
                    served.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    while callers.join_next().await.is_some() {}
    rate(served.load(Ordering::Relaxed), begun.elapsed())
}

/// As many open files as the system lets this process and its children have.
fn files() -> u64 {
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

#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn rate(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "sizes are small")]
fn kibibytes(bytes: u64) -> f64 {
    bytes as f64 / 1024.0
}
