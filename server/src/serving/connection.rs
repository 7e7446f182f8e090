//! One connection, from its acceptance to its end.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::front::Front;
use super::progress::{Deadline, Overdue};
use super::roster::Entry;
use super::stream::Watched;
use crate::config::LimitSettings;

/// Bytes of the headers of a request.
const HEADER_BYTES: usize = 32 * 1024;
/// Headers of a request.
const HEADERS: usize = 100;
/// Bytes that a peer may send to one stream before they are read.
const STREAM_WINDOW: u32 = 64 * 1024;
/// Bytes that a peer may send to one connection before they are read.
const CONNECTION_WINDOW: u32 = 256 * 1024;
/// Streams that were taken back before anybody looked at them.
const PENDING_RESETS: usize = 20;
/// Streams that this server took back because the peer broke the protocol.
const ERROR_RESETS: usize = 64;
/// How long a connection may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// How connections are spoken on: HTTP/1.1, or HTTP/2 when the peer begins with it.
pub(super) fn protocol(limits: &LimitSettings) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        // Headers are timed with everything else, in `progress`.
        .header_read_timeout(None)
        .max_headers(HEADERS)
        .max_buf_size(HEADER_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .max_local_error_reset_streams(ERROR_RESETS)
        .max_header_list_size(u32::try_from(HEADER_BYTES).unwrap_or(u32::MAX))
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(HEADER_BYTES)
        .keep_alive_interval(limits.idle_seconds.duration() / 4)
        .keep_alive_timeout(limits.header_seconds.duration());
    builder
}

/// Answers the requests of a connection until it ends, is overdue, has to make room, or the server stops and its requests are answered.
pub(super) async fn answer(
    stream: TcpStream,
    protocol: Arc<auto::Builder<TokioExecutor>>,
    front: Front,
    mut stopping: watch::Receiver<()>,
    entry: &Entry,
) {
    let progress = front.progress().clone();
    let stream = TokioIo::new(Watched::new(stream, progress.clone()));
    let mut connection = pin!(protocol.serve_connection(stream, front));
    let mut deadline = Deadline::of(progress.clone());
    let mut is_ending = false;
    let overdue = loop {
        // The sender is dropped when the server stops.
        let stopped = async {
            if is_ending {
                std::future::pending().await
            } else {
                while stopping.changed().await.is_ok() {}
            }
        };
        tokio::select! {
            biased;
            // First, so that it begins nothing any more.
            () = entry.has_to_leave() => break Overdue::Leaving,
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended");
                }
                return;
            }
            () = stopped => {
                is_ending = true;
                progress.drain();
                connection.as_mut().graceful_shutdown();
            }
            overdue = poll_fn(|cx| deadline.poll_passed(cx)) => break overdue,
        }
    };
    tracing::debug!(?overdue, "a connection is closed");
    if overdue == Overdue::Idle {
        // An idle peer is told, so that it does not take the end for a lost request.
        if !is_ending {
            connection.as_mut().graceful_shutdown();
        }
        let _ = tokio::time::timeout(GOODBYE, connection).await;
    }
}
