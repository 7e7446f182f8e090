//! What a connection is doing, and how long it may go on with that.
//!
//! One state and one timer per connection replace the timers of every layer: whatever a peer does or leaves undone, the connection is in exactly one of
//! these states, and each but the server's own work has an end.
//!
//! The end is computed when the connection is polled and when the timer fires. The timer may fire early, never late: a state that ends sooner always
//! begins with something that polls the connection.

use std::collections::BTreeMap;
use std::future::Future as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::config::LimitSettings;

/// Bytes of a response that a peer has to take to show that it reads.
const PROGRESS: usize = 16 * 1024;

/// How long each state may last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    header: Duration,
    idle: Duration,
    response: Duration,
    cancelled: u32,
}

impl Patience {
    pub(super) fn of(limits: &LimitSettings) -> Self {
        Self {
            header: limits.header_seconds.duration(),
            idle: limits.idle_seconds.duration(),
            response: limits.response_seconds.duration(),
            cancelled: limits.cancelled_streams,
        }
    }
}

/// Why a connection has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overdue {
    /// The first byte or the rest of the headers did not come.
    Headers,
    /// No request came.
    Idle,
    /// The peer does not read what was sent.
    Response,
    /// The peer takes back most of what it asks.
    Cancelling,
    /// Others need its place.
    Leaving,
}

/// What a connection is doing. Shared by its stream, its requests and their responses.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    patience: Patience,
    state: Arc<Mutex<State>>,
}

/// HTTP/2 begins with `PRI`, a method that HTTP/1 does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Unknown { matched: usize },
    Http1,
    Http2,
}

impl Protocol {
    fn after(self, bytes: &[u8]) -> Self {
        const PREFACE: &[u8] = b"PRI";
        let Self::Unknown { matched } = self else { return self };
        let rest = &PREFACE[matched..];
        let common = rest.iter().zip(bytes).take_while(|(expected, byte)| expected == byte).count();
        match matched + common {
            all if all == PREFACE.len() => Self::Http2,
            matched if common == bytes.len() => Self::Unknown { matched },
            _ => Self::Http1,
        }
    }
}

#[derive(Debug)]
struct State {
    /// HTTP/2 answers pings and the like while it is idle, so its bytes do not begin a request.
    protocol: Protocol,
    has_asked: bool,
    draining: bool,
    leaving: bool,
    /// When the last request ended, or the connection began.
    quiet_since: Instant,
    /// When the first byte after that came.
    heard_at: Option<Instant>,
    /// Since when the peer takes less than is sent, and how much it took since then.
    blocked: Option<(Instant, usize)>,
    asking: u32,
    /// Responses on their way, and since when.
    sending: BTreeMap<u64, Instant>,
    next_response: u64,
    cancelled: u32,
    finished: u32,
}

impl State {
    fn quiet_since(&self) -> Option<Instant> {
        // What was sent may still be on its way.
        let is_quiet = self.asking == 0 && self.sending.is_empty() && self.blocked.is_none();
        is_quiet.then(|| self.heard_at.unwrap_or(self.quiet_since))
    }
}

impl Progress {
    pub(super) fn new(patience: Patience) -> Self {
        let state = State {
            protocol: Protocol::Unknown { matched: 0 },
            has_asked: false,
            draining: false,
            leaving: false,
            quiet_since: Instant::now(),
            heard_at: None,
            blocked: None,
            asking: 0,
            sending: BTreeMap::new(),
            next_response: 0,
            cancelled: 0,
            finished: 0,
        };
        Self { patience, state: Arc::new(Mutex::new(state)) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock can panic half way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The peer sent these bytes.
    pub(super) fn heard(&self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let mut state = self.lock();
        state.protocol = state.protocol.after(bytes);
        let is_quiet = state.asking == 0 && state.sending.is_empty();
        if is_quiet && state.protocol != Protocol::Http2 && state.heard_at.is_none() {
            state.heard_at = Some(Instant::now());
        }
    }

    /// The peer took this much of what was offered. Whoever takes a part now and then is slow, not gone.
    pub(super) fn wrote(&self, offered: usize, taken: usize) {
        let mut state = self.lock();
        let (since, before) = state.blocked.unwrap_or((Instant::now(), 0));
        let total = before + taken;
        state.blocked = if taken == offered {
            None
        } else if total >= PROGRESS {
            Some((Instant::now(), 0))
        } else {
            Some((since, total))
        };
    }

    /// From now on there is no patience with a connection that asks nothing.
    pub(super) fn drain(&self) {
        self.lock().draining = true;
    }

    /// Makes the connection end, if it has been quiet since then; what it asks from now on is not done.
    pub(super) fn leave(&self, since: Instant) -> bool {
        let mut state = self.lock();
        let leaves = !state.leaving && state.quiet_since() == Some(since);
        state.leaving |= leaves;
        leaves
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.lock().leaving
    }

    /// Since when nothing happens, or the headers of a request are on their way. None while a request is answered.
    pub(super) fn quiet_since(&self) -> Option<Instant> {
        self.lock().quiet_since()
    }

    /// A request begins; it ends with what this returns.
    pub(super) fn ask(&self) -> Asking {
        let mut state = self.lock();
        state.asking += 1;
        state.has_asked = true;
        state.heard_at = None;
        Asking { progress: self.clone(), is_answered: false }
    }

    /// When the current state has to end; `None` while the server itself is at work.
    fn due(&self, now: Instant) -> Option<(Instant, Overdue)> {
        let state = self.lock();
        let Patience { header, idle, response, cancelled } = self.patience;
        if state.cancelled > cancelled && state.cancelled > state.finished {
            return Some((now, Overdue::Cancelling));
        }
        let oldest =
            state.sending.values().copied().chain(state.blocked.map(|(since, _)| since)).min();
        if let Some(since) = oldest {
            return Some((since + response, Overdue::Response));
        }
        if state.asking > 0 {
            return None;
        }
        if state.leaving {
            return Some((now, Overdue::Leaving));
        }
        Some(match state.heard_at {
            Some(heard_at) => (heard_at + header, Overdue::Headers),
            None if state.draining => (now, Overdue::Idle),
            None if state.has_asked => (state.quiet_since + idle, Overdue::Idle),
            None => (state.quiet_since + header, Overdue::Headers),
        })
    }
}

/// A request in progress.
#[derive(Debug)]
pub(super) struct Asking {
    progress: Progress,
    is_answered: bool,
}

impl Asking {
    /// The response is ready and goes to the peer until what this returns is dropped.
    pub(super) fn answer(mut self) -> Sending {
        self.is_answered = true;
        let mut state = self.progress.lock();
        let number = state.next_response;
        state.next_response += 1;
        state.sending.insert(number, Instant::now());
        drop(state);
        Sending { progress: self.progress.clone(), number }
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        let mut state = self.progress.lock();
        state.asking -= 1;
        if self.is_answered {
            state.finished = state.finished.saturating_add(1);
        } else {
            state.cancelled = state.cancelled.saturating_add(1);
        }
        state.quiet_since = Instant::now();
    }
}

/// A response on its way.
#[derive(Debug)]
pub(super) struct Sending {
    progress: Progress,
    number: u64,
}

impl Drop for Sending {
    fn drop(&mut self) {
        let mut state = self.progress.lock();
        state.sending.remove(&self.number);
        state.quiet_since = Instant::now();
    }
}

/// The timer of a connection.
#[derive(Debug)]
pub(super) struct Deadline {
    progress: Progress,
    timer: Pin<Box<Sleep>>,
}

impl Deadline {
    pub(super) fn of(progress: Progress) -> Self {
        let timer = Box::pin(sleep_until(Instant::now() + progress.patience.header));
        Self { progress, timer }
    }

    /// Completes when the connection has been in one state for too long. Poll it after the connection.
    pub(super) fn poll_passed(&mut self, cx: &mut Context<'_>) -> Poll<Overdue> {
        loop {
            let now = Instant::now();
            let Some((due, overdue)) = self.progress.due(now) else { return Poll::Pending };
            if due <= now {
                return Poll::Ready(overdue);
            }
            if self.timer.deadline() > due || self.timer.is_elapsed() {
                self.timer.as_mut().reset(due);
            }
            ready!(self.timer.as_mut().poll(cx));
        }
    }
}
