//! The one listener of the pages, and of all scenarios where they share an address.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{ADDRESS, House, ServeError, route};

/// Connections beyond this many wait until another one ends.
const MOST_CONNECTIONS: usize = 256;

/// Listens at `address`; unless one is given at the usual one, or at a free port when it is taken.
pub(super) fn bind(address: Option<SocketAddr>) -> Result<(TcpListener, SocketAddr), ServeError> {
    let wanted = address.unwrap_or(ADDRESS);
    let failed = |error| ServeError::Listen(wanted, error);
    let listener = match TcpListener::bind(wanted) {
        Err(error) if address.is_none() && error.kind() == io::ErrorKind::AddrInUse => {
            TcpListener::bind((wanted.ip(), 0))
        }
        other => other,
    };
    let listener = listener.map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// Lets this process have as many open ports as it may: some systems begin with fewer than there
/// are servers.
pub(super) fn raise_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        const ENOUGH: u64 = 4_096;
        let now = getrlimit(Resource::Nofile);
        let most = now.maximum.map_or(ENOUGH, |most| most.min(ENOUGH));
        if now.current.is_some_and(|current| current < most) {
            // Where it may not, opening the servers says what is missing.
            let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(most), ..now });
        }
    }
}

/// Accepts until it is aborted, and its connections with it.
pub(super) async fn serve(listener: tokio::net::TcpListener, house: Arc<House>) {
    let mut connections = JoinSet::new();
    let seats = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(seat) = Arc::clone(&seats).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else { continue };
        // Only latency depends on it.
        let _ = stream.set_nodelay(true);
        let house = Arc::clone(&house);
        connections.spawn(async move {
            let _seat = seat;
            let service = service_fn(move |request| {
                let house = Arc::clone(&house);
                async move { Ok::<_, Infallible>(route::respond(&house, request).await) }
            });
            // A connection that breaks is the other side's business.
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}
