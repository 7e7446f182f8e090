//! File descriptors, of which the system gives a process only so many, and often few unless it asks for more.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Descriptors for everything but connections of clients: the database, files, keys, documents of clients, the collector.
const OTHERS: usize = 128;

/// Asks the system for descriptors for this many connections. How many there can be: so many, or fewer.
pub(crate) fn for_connections(wanted: usize) -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    let needed = u64::try_from(wanted.saturating_add(OTHERS)).unwrap_or(u64::MAX);
    let soft = limit.current.unwrap_or(u64::MAX);
    if soft < needed {
        limit.current = Some(limit.maximum.map_or(needed, |hard| hard.min(needed)));
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::warn!(%error, "the limit for file descriptors could not be raised");
        }
    }
    wanted.min(possible(getrlimit(Resource::Nofile).current))
}

/// How many connections there could be if the process asked for as many descriptors as it may have.
pub(crate) fn possible_connections() -> usize {
    possible(getrlimit(Resource::Nofile).maximum)
}

/// Where there are few descriptors, half of them are for connections.
fn possible(descriptors: Option<u64>) -> usize {
    let all = descriptors.and_then(|all| usize::try_from(all).ok()).unwrap_or(usize::MAX);
    all.saturating_sub(OTHERS).max(all / 2)
}
