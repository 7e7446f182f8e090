//! Taking connections: how many, of whom, and until when.
//!
//! When there is no room for another connection, one on which nothing happens gives way.
//!
//! Running out of file descriptors or memory ends no server: it waits a moment and goes on.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use super::connection;
use super::front::{Front, Shared};
use super::progress::{Patience, Progress};
use super::roster::Roster;
use super::shares::Shares;
use super::sweeper::sweep_now_and_then;
use crate::App;
use crate::metrics::{Lasting, metrics};

/// How long to wait when the system has no room for another connection.
pub(super) const OUT_OF_ROOM: Duration = Duration::from_millis(100);
/// How long a stop waits for what is noted beside requests.
const NOTES: Duration = Duration::from_secs(2);
/// What a connection beyond the limit is told.
const TURNED_AWAY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n";

/// Answers requests for `router` on `listener` until `shutdown` completes.
///
/// Then, in this order: readiness is withdrawn, and for `limits.notice_seconds` nothing else changes; no more connections are taken; idle ones are
/// closed; requests in progress are finished for at most `limits.shutdown_seconds`; what is noted beside requests is written, for at
/// most two seconds.
///
/// # Errors
///
/// When requests in progress did not end in time and were cut off.
pub async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (stop, stopping) = watch::channel(());
    let intake = Intake::new(Arc::clone(&app), router, stopping);
    let sweeper = tokio::spawn(sweep_now_and_then(Arc::clone(&app)));
    let limits = &app.config.limits;
    let stopped = async {
        shutdown.await;
        app.draining.begin();
        tokio::time::sleep(limits.notice_seconds.duration()).await;
    };
    tokio::select! {
        () = intake.forever(&listener) => {}
        () = stopped => {}
    }
    // Whoever got through to the system before now is still answered.
    let waiting = intake.waiting(&listener);
    let _ = tokio::time::timeout(Duration::ZERO, waiting).await;
    drop(listener);
    sweeper.abort();
    let places = Arc::clone(&intake.places);
    drop((stop, intake));
    let all = u32::try_from(limits.connections).unwrap_or(u32::MAX);
    let grace = limits.shutdown_seconds.duration();
    let finished = tokio::time::timeout(grace, places.acquire_many(all)).await;
    // What is noted beside the requests is written as well, if the database is there.
    let _ = tokio::time::timeout(NOTES, app.noted()).await;
    match finished {
        Ok(_) => Ok(()),
        Err(_) => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("some requests did not finish in {} s and were cut off", grace.as_secs_f64()),
        )),
    }
}

/// Everything that a new connection needs.
struct Intake {
    shared: Arc<Shared>,
    protocol: Arc<hyper_util::server::conn::auto::Builder<hyper_util::rt::TokioExecutor>>,
    patience: Patience,
    places: Arc<Semaphore>,
    neighbours: Shares,
    roster: Arc<Roster>,
    stopping: watch::Receiver<()>,
}

impl Intake {
    fn new(app: Arc<App>, router: Router, stopping: watch::Receiver<()>) -> Self {
        let limits = &app.config.limits;
        Self {
            protocol: Arc::new(connection::protocol(limits)),
            patience: Patience::of(limits),
            places: Arc::new(Semaphore::new(limits.connections)),
            neighbours: Shares::new(limits.connections_per_address, &limits.trusted_proxies),
            roster: Arc::default(),
            stopping,
            shared: Arc::new(Shared::new(app, router)),
        }
    }

    async fn forever(&self, listener: &TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => self.take(stream, peer),
                Err(error) if concerns_one_connection(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "no connection can be taken now");
                    tokio::time::sleep(OUT_OF_ROOM).await;
                }
            }
        }
    }

    /// Takes what waits in the system's queue.
    async fn waiting(&self, listener: &TcpListener) {
        while let Ok((stream, peer)) = listener.accept().await {
            self.take(stream, peer);
        }
    }

    fn take(&self, stream: TcpStream, peer: SocketAddr) {
        let mut share = self.neighbours.of(peer.ip());
        let free = || Arc::clone(&self.places).try_acquire_owned().ok();
        let place = if share.grow(1) { free().or_else(|| self.roster.make_room()) } else { None };
        let Some(place) = place else {
            tracing::debug!(%peer, "a connection beyond the limit is turned away");
            // The peer may be gone or deaf; it is turned away all the same.
            let _ = stream.try_write(TURNED_AWAY);
            return;
        };
        // Small responses must not wait for an acknowledgement of the one before.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its small packets back");
        }
        let progress = Progress::new(self.patience);
        let entry = self.roster.add(peer, progress.clone(), place);
        let front = Front::new(Arc::clone(&self.shared), peer.ip(), progress);
        let (protocol, stopping) = (Arc::clone(&self.protocol), self.stopping.clone());
        tokio::spawn(async move {
            let _lasting = Lasting::new(&metrics().connections);
            connection::answer(stream, protocol, front, stopping, &entry).await;
            drop((entry, share));
        });
    }
}

/// Whether accepting failed because of the one connection that was next.
fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}
