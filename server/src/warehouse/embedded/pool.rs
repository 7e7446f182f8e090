//! A fixed number of threads, each with a connection of its own, and a bounded queue before them.
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
    pub(super) work: Work,
}

struct Queue {
    jobs: VecDeque<Job>,
    running: usize,
    closed: bool,
}

impl Queue {
    fn is_full(&self, places: usize) -> bool {
        self.running + self.jobs.len() >= places
    }
}

struct Shared {
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
        let queue = Mutex::new(Queue { jobs: VecDeque::new(), running: 0, closed: false });
        let workers = config.max_concurrent.max(1);
        let pool = Self(Arc::new(Shared {
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
        if queue.is_full(self.0.places) {
            queue.jobs.retain(|job| !job.cancelled.load(Ordering::Acquire));
        }
        if queue.is_full(self.0.places) {
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

    fn finished(&self) {
        self.lock().running -= 1;
    }

    fn next(&self) -> Option<Job> {
        let mut queue = self.lock();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                queue.running += 1;
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
        while let Some(Job { deadline, cancelled, started, work }) = self.shared.next() {
            if cancelled.load(Ordering::Acquire) {
                self.shared.finished();
                continue;
            }
            started.store(true, Ordering::Release);
            // The place is given back before the answer, so that whoever has the answer can use it.
            // The receiver may be gone, and then nobody wants the answer.
            match work {
                Work::Check { sql, reply } => {
                    let answer = self
                        .guarded(deadline, &cancelled, |s, guard| execute::check(s, guard, &sql));
                    self.shared.finished();
                    let _ = reply.send(answer);
                }
                Work::Query { statement, reply } => {
                    let answer = self.guarded(deadline, &cancelled, |s, guard| {
                        execute::query(s, guard, &statement)
                    });
                    self.shared.finished();
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
