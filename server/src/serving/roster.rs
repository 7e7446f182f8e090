//! Who has a connection, and who gives way when there is no room for another one.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::time::Instant;

use super::progress::Progress;
use crate::http::address::ClientAddress;

/// Of how many connections one is looked for ahead, as a search looks at all of them.
const AHEAD: usize = 256;

/// The open connections.
#[derive(Debug, Default)]
pub(super) struct Roster {
    listed: Mutex<Listed>,
}

#[derive(Debug, Default)]
struct Listed {
    connections: HashMap<u64, Connection>,
    next: u64,
    /// Who gives way next, the first one last, and since when they did nothing.
    quiet: Vec<(u64, Instant)>,
}

#[derive(Debug)]
struct Connection {
    network: IpAddr,
    progress: Progress,
    leave: Arc<Notify>,
    /// None when somebody else has it already.
    place: Option<OwnedSemaphorePermit>,
}

/// A place in the list, until it is dropped.
#[derive(Debug)]
pub(super) struct Entry {
    roster: Arc<Roster>,
    number: u64,
    leave: Arc<Notify>,
}

impl Roster {
    fn lock(&self) -> MutexGuard<'_, Listed> {
        // No code that holds the lock can panic half way.
        self.listed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lists a connection, which holds `place`.
    pub(super) fn add(
        self: &Arc<Self>,
        peer: SocketAddr,
        progress: Progress,
        place: OwnedSemaphorePermit,
    ) -> Entry {
        let leave = Arc::new(Notify::new());
        let network = ClientAddress(peer.ip()).network();
        let connection =
            Connection { network, progress, leave: Arc::clone(&leave), place: Some(place) };
        let mut listed = self.lock();
        let number = listed.next;
        listed.next += 1;
        listed.connections.insert(number, connection);
        Entry { roster: Arc::clone(self), number, leave }
    }

    /// The place of a connection on which nothing happens, which is told to leave: of the network with the most connections, the one that has been quiet
    /// for longest. None when all are at work.
    pub(super) fn make_room(&self) -> Option<OwnedSemaphorePermit> {
        let mut listed = self.lock();
        listed.take_quiet().or_else(|| {
            listed.search();
            listed.take_quiet()
        })
    }
}

impl Listed {
    fn take_quiet(&mut self) -> Option<OwnedSemaphorePermit> {
        while let Some((number, since)) = self.quiet.pop() {
            if let Some(found) = self.connections.get_mut(&number)
                && found.progress.leave(since)
            {
                found.leave.notify_one();
                return found.place.take();
            }
        }
        None
    }

    fn search(&mut self) {
        let mut networks: HashMap<IpAddr, usize> = HashMap::new();
        let mut quiet = Vec::new();
        for (&number, connection) in &self.connections {
            if connection.place.is_none() {
                continue;
            }
            *networks.entry(connection.network).or_default() += 1;
            if let Some(since) = connection.progress.quiet_since() {
                quiet.push((connection.network, since, number));
            }
        }
        let rank = |&(network, since, _): &(IpAddr, Instant, u64)| {
            (std::cmp::Reverse(networks.get(&network).copied()), since)
        };
        quiet.sort_unstable_by_key(rank);
        quiet.truncate((self.connections.len() / AHEAD).max(1));
        self.quiet = quiet.into_iter().rev().map(|(_, since, number)| (number, since)).collect();
    }
}

impl Entry {
    /// Completes when the connection has to leave.
    pub(super) async fn has_to_leave(&self) {
        self.leave.notified().await;
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.roster.lock().connections.remove(&self.number);
    }
}
