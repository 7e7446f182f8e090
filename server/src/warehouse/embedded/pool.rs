//! A fixed number of threads, each with a connection of its own, and a bounded queue before them.
//!
//! Nobody can take all of it: one caller has at most half of the threads and half of the places.
//!
//! Invariant: at most `max_concurrent` statements run and at most `max_queued` wait; work whose caller has gone takes no place.

use std::{
    collections::VecDeque,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Instant,
};

use tokio::sync::oneshot;

use super::{EmbeddedConfig, execute, session::Session};
use crate::warehouse::{Catalogue, Checked, Guard, Outcome, Statement, WarehouseError};

/// Stack of a thread. Compiling a statement recurses as deep as its expressions, whose depth the connection limits.
const STACK: usize = 8 << 20;

/// One piece of work and where its answer goes.
pub(super) enum Work {
    Check { sql: String, reply: oneshot::Sender<Result<Checked, WarehouseError>> },
    Query { statement: Statement, reply: oneshot::Sender<Result<Outcome, WarehouseError>> },
}

/// Work with its deadline and the flag that its caller sets when it goes away.
pub(super) struct Job {
    pub(super) deadline: Instant,
    pub(super) cancelled: Arc<AtomicBool>,
    pub(super) started: Arc<AtomicBool>,
    /// On whose behalf.
    pub(super) caller: Option<Arc<str>>,
    pub(super) work: Work,
}

struct Queue {
    jobs: VecDeque<Job>,
    /// On whose behalf a statement runs, for each that does.
    running: Vec<Option<Arc<str>>>,
    closed: bool,
}

impl Queue {
    fn is_full(&self, places: usize) -> bool {
        self.running.len() + self.jobs.len() >= places
    }

    fn running_for(&self, caller: &str) -> usize {
        self.running.iter().flatten().filter(|running| ***running == *caller).count()
    }

    fn waiting_for(&self, caller: &str) -> usize {
        self.jobs.iter().filter(|job| job.caller.as_deref() == Some(caller)).count()
    }
}

/// What one caller may have of `all`.
fn share(all: usize) -> usize {
    (all / 2).max(1)
}

struct Shared {
    workers: usize,
    queue: Mutex<Queue>,
    ready: Condvar,
    places: usize,
}

/// The threads. Dropping it lets them finish what they run and ends them.
pub(super) struct Pool(Arc<Shared>);

impl Pool {
    pub(super) fn start(
        config: &EmbeddedConfig,
        catalogue: &Arc<Catalogue>,
        guard: &Guard,
    ) -> io::Result<Self> {
        let queue = Mutex::new(Queue { jobs: VecDeque::new(), running: Vec::new(), closed: false });
        let workers = config.max_concurrent.max(1);
        let pool = Self(Arc::new(Shared {
            workers,
            queue,
            ready: Condvar::new(),
            places: config.max_queued + workers,
        }));
        for index in 0..workers {
            let mut worker = Worker {
                shared: Arc::clone(&pool.0),
                path: config.path.clone(),
                catalogue: Arc::clone(catalogue),
                guard: guard.clone(),
                session: None,
            };
            thread::Builder::new()
                .name(format!("warehouse-{index}"))
                .stack_size(STACK)
                .spawn(move || worker.run())?;
        }
        Ok(pool)
    }

    pub(super) fn push(&self, job: Job) -> Result<(), WarehouseError> {
        let mut queue = self.0.lock();
        queue.jobs.retain(|job| !job.cancelled.load(Ordering::Acquire));
        let takes_too_much = job.caller.as_deref().is_some_and(|caller| {
            queue.running_for(caller) + queue.waiting_for(caller) >= share(self.0.places)
        });
        if takes_too_much || queue.is_full(self.0.places) {
            return Err(WarehouseError::TooManyConcurrentQueries);
        }
        queue.jobs.push_back(job);
        self.0.ready.notify_one();
        Ok(())
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.ready.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        // The queue is whole at every point where a thread could end, so a poisoned lock is still good.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finished(&self, caller: Option<&Arc<str>>) {
        let mut queue = self.lock();
        if let Some(place) = queue.running.iter().position(|running| running.as_ref() == caller) {
            queue.running.swap_remove(place);
        }
    }

    fn next(&self) -> Option<Job> {
        let mut queue = self.lock();
        loop {
            // The first whose caller does not have its share of the threads already.
            let next = queue.jobs.iter().position(|job| {
                let caller = job.caller.as_deref();
                caller.is_none_or(|caller| queue.running_for(caller) < share(self.workers))
            });
            if let Some(job) = next.and_then(|place| queue.jobs.remove(place)) {
                queue.running.push(job.caller.clone());
                return Some(job);
            }
            if queue.closed {
                return None;
            }
            queue = self.ready.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

struct Worker {
    shared: Arc<Shared>,
    path: PathBuf,
    catalogue: Arc<Catalogue>,
    guard: Guard,
    session: Option<Session>,
}

impl Worker {
    fn run(&mut self) {
        while let Some(Job { deadline, cancelled, started, caller, work }) = self.shared.next() {
            if cancelled.load(Ordering::Acquire) {
                self.shared.finished(caller.as_ref());
                continue;
            }
            started.store(true, Ordering::Release);
            // The place is given back before the answer, so that whoever has the answer can use it.
            // The receiver may be gone, and then nobody wants the answer.
            match work {
                Work::Check { sql, reply } => {
                    let answer = self
                        .guarded(deadline, &cancelled, |s, guard| execute::check(s, guard, &sql));
                    self.shared.finished(caller.as_ref());
                    let _ = reply.send(answer);
                }
                Work::Query { statement, reply } => {
                    let answer = self.guarded(deadline, &cancelled, |s, guard| {
                        execute::query(s, guard, &statement)
                    });
                    self.shared.finished(caller.as_ref());
                    let _ = reply.send(answer);
                }
            }
        }
    }

    /// Runs on this thread's connection, opening it if need be, and throws it away when it can no longer be trusted.
    fn guarded<T>(
        &mut self,
        deadline: Instant,
        cancelled: &Arc<AtomicBool>,
        run: impl FnOnce(&Session, &Guard) -> Result<T, WarehouseError>,
    ) -> Result<T, WarehouseError> {
        let session = match self.session.take() {
            Some(session) => session,
            None => Session::open(&self.path, &self.catalogue).map_err(|error| {
                tracing::warn!(%error, "an embedded warehouse cannot be opened");
                WarehouseError::WarehouseUnavailable
            })?,
        };
        session.begin(deadline, cancelled);
        let result =
            catch_unwind(AssertUnwindSafe(|| run(&session, &self.guard))).unwrap_or_else(|_| {
                tracing::error!("a statement ended the thread's work unexpectedly");
                Err(WarehouseError::WarehouseUnavailable)
            });
        if !matches!(result, Err(WarehouseError::WarehouseUnavailable)) {
            self.session = Some(session);
        }
        result
    }
}
