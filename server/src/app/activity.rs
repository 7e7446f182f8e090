//! What the activity page shows: every call of a tool, recorded beside the calls and never on their way.
//!
//! Calls that ended wait in memory and are written a batch at a time by one task, which ends when nothing waits. When too many wait, or the database is
//! away, calls go unrecorded and are counted; no call is slower or fails for that. A server that stops in order writes what waits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lookout_schema::{ErrorCode, catalogue};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::App;
use crate::authority::bearer::Caller;
use crate::authority::records::{Membership, User};
use crate::metrics::{CallOutcome, metrics};
use crate::store::activity::{CallQuery, EndedCall, RecordedCall};
use crate::store::{Store, StoreError};
use crate::workspace::CursorKey;

/// How long calls are kept, in days.
pub const DAYS_OF_CALLS: i64 = 30;
/// How many calls of a workspace are kept, whatever their age.
pub const CALLS_OF_WORKSPACE: i64 = 100_000;

/// Calls that wait, of all workspaces.
const MOST: usize = 4096;
/// Calls of one batch.
const BATCH: usize = 256;
/// How long calls gather before a batch that is not full.
const GATHER: Duration = Duration::from_millis(250);
/// Calls of one page.
const PAGE: usize = 50;

/// The calls that wait to be recorded.
#[derive(Debug, Default)]
pub(super) struct Activity(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// Somebody waits for what waits, so it is written at once.
    hurry: Notify,
    settled: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Vec<EndedCall>,
    /// Whether a task writes.
    is_written: bool,
}

impl Activity {
    /// Records a call, soon, unless too many wait.
    fn record(&self, store: &Arc<dyn Store>, call: EndedCall) {
        // A call may end with the process.
        let Ok(runtime) = Handle::try_current() else { return };
        let mut queue = self.0.queue();
        if !queue.add(call) {
            metrics().unrecorded_calls.inc();
        } else if !std::mem::replace(&mut queue.is_written, true) {
            runtime.spawn(Arc::clone(&self.0).write(Arc::clone(store)));
        }
    }

    /// Waits until every call that ended is recorded, or could not be.
    pub(super) async fn settled(&self) {
        loop {
            let settled = self.0.settled.notified();
            if !self.0.queue().is_written {
                return;
            }
            self.0.hurry.notify_one();
            settled.await;
        }
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes until nothing waits.
    async fn write(self: Arc<Self>, store: Arc<dyn Store>) {
        loop {
            if self.queue().waiting.len() < BATCH {
                let _ = timeout(GATHER, self.hurry.notified()).await;
            }
            let Some(batch) = self.next() else { return };
            let calls = batch.len() as u64;
            if let Err(error) = store.add_calls(batch).await {
                metrics().unrecorded_calls.inc_by(calls);
                tracing::warn!(%error, calls, "calls were not recorded");
            }
        }
    }

    /// The next batch; when there is none, the task that writes is over.
    fn next(&self) -> Option<Vec<EndedCall>> {
        let mut queue = self.queue();
        let batch = queue.take();
        if batch.is_empty() {
            queue.is_written = false;
            self.settled.notify_waiters();
            return None;
        }
        Some(batch)
    }
}

impl Queue {
    /// Whether there was room.
    fn add(&mut self, call: EndedCall) -> bool {
        let has_room = self.waiting.len() < MOST;
        if has_room {
            self.waiting.push(call);
        }
        has_room
    }

    /// The calls that have waited longest, as many as one batch takes.
    fn take(&mut self) -> Vec<EndedCall> {
        let batch = self.waiting.len().min(BATCH);
        self.waiting.drain(..batch).collect()
    }
}

/// A call of a tool, from its beginning. It is counted and recorded when it ends, also when whoever called hangs up before.
#[derive(Debug)]
pub(crate) struct WatchedCall<'a> {
    app: &'a App,
    begun: Instant,
    call: Option<EndedCall>,
}

impl<'a> WatchedCall<'a> {
    /// Watches a call that begins now. One of a tool that is not in the catalogue is not recorded.
    pub(crate) fn begin(app: &'a App, caller: &Caller, tool: &str) -> Self {
        let begun = Instant::now();
        let call = catalogue().tool(tool).map(|entry| EndedCall {
            ended: begun,
            workspace_id: caller.workspace_id.clone(),
            user_id: caller.user_id.clone(),
            grant_id: caller.grant_id.clone(),
            grant_name: caller.grant_name.clone(),
            hint: caller.hint.clone(),
            tool: &entry.name,
            outcome: CallOutcome::Abandoned,
            error: None,
            duration_ms: 0,
            rows: None,
        });
        Self { app, begun, call }
    }

    /// It was not for a tool that is here.
    pub(crate) fn forget(mut self) {
        self.call = None;
    }

    /// The tool was not run, because the token lacks scopes.
    pub(crate) fn refused(mut self) {
        self.end(CallOutcome::Refused, None, None);
    }

    /// The tool said what is wrong.
    pub(crate) fn failed(mut self, code: &ErrorCode) {
        self.end(CallOutcome::Error, Some(code.to_string()), None);
    }

    /// It has a result, with so many rows where a result has rows.
    pub(crate) fn succeeded(mut self, rows: Option<i64>) {
        self.end(CallOutcome::Ok, None, rows);
    }

    fn end(&mut self, outcome: CallOutcome, error: Option<String>, rows: Option<i64>) {
        let Some(call) = self.call.take() else { return };
        metrics().called(call.tool, outcome);
        let ended = Instant::now();
        let took = ended.saturating_duration_since(self.begun).as_millis();
        let duration_ms = i64::try_from(took).unwrap_or(i64::MAX);
        let call = EndedCall { ended, outcome, error, duration_ms, rows, ..call };
        self.app.activity.record(&self.app.store, call);
    }
}

impl Drop for WatchedCall<'_> {
    fn drop(&mut self) {
        self.end(CallOutcome::Abandoned, None, None);
    }
}

/// Which calls somebody wants to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallFilter {
    /// Of this tool.
    pub(crate) tool: Option<String>,
    /// That ended like this.
    pub(crate) outcome: Option<CallOutcome>,
    /// With this grant.
    pub(crate) grant: Option<String>,
}

/// The cursor was not made for this list.
#[derive(Debug)]
pub(crate) struct UnknownCursor;

impl App {
    /// A page of the calls of a workspace that the person may see, the newest first, and the cursor of the next when there is one.
    pub(crate) async fn calls_seen_by(
        &self,
        user: &User,
        membership: &Membership,
        filter: CallFilter,
        cursor: Option<&str>,
    ) -> Result<Result<(Vec<RecordedCall>, Option<String>), UnknownCursor>, StoreError> {
        let user_id = (!membership.role.is_admin()).then(|| user.id.clone());
        let cursors = CursorKey::of(self.keys.clone());
        let list = (
            "activity",
            &membership.workspace_id,
            filter.tool.clone(),
            filter.outcome.map(CallOutcome::as_str),
            filter.grant.clone(),
        );
        let before = match cursor.map(|cursor| cursors.open(&list, cursor)) {
            None => None,
            Some(Ok(position)) => Some(position),
            Some(Err(_)) => return Ok(Err(UnknownCursor)),
        };
        let query = CallQuery {
            workspace_id: membership.workspace_id.clone(),
            user_id,
            tool: filter.tool,
            outcome: filter.outcome,
            grant_id: filter.grant,
            before,
            limit: PAGE as i64 + 1,
        };
        let mut calls = self.store.calls(query).await?;
        let is_last = calls.len() <= PAGE;
        calls.truncate(PAGE);
        let last = calls.last().filter(|_| !is_last);
        let next = last.map(|last| cursors.seal(&list, &(last.at.0, last.id)));
        Ok(Ok((calls, next)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(number: i64) -> EndedCall {
        EndedCall {
            ended: Instant::now(),
            workspace_id: String::new(),
            user_id: String::new(),
            grant_id: String::new(),
            grant_name: String::new(),
            hint: String::new(),
            tool: "",
            outcome: CallOutcome::Ok,
            error: None,
            duration_ms: number,
            rows: None,
        }
    }

    #[test]
    fn what_waits_is_bounded_and_leaves_in_order() {
        let mut queue = Queue::default();
        let most = i64::try_from(MOST).unwrap();
        assert!((0..most).all(|number| queue.add(call(number))));
        assert!(!queue.add(call(most)), "there is no room");
        let first: Vec<_> = queue.take().iter().map(|call| call.duration_ms).collect();
        assert_eq!(first, (0..i64::try_from(BATCH).unwrap()).collect::<Vec<_>>());
        assert!(queue.add(call(most)), "there is room again");
        let mut rest = Vec::new();
        loop {
            let batch = queue.take();
            if batch.is_empty() {
                break;
            }
            assert!(batch.len() <= BATCH);
            rest.extend(batch);
        }
        assert_eq!((rest.len(), rest.last().unwrap().duration_ms), (MOST - BATCH + 1, most));
    }
}
