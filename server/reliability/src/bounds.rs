//! Whether connections have an end and a number: slow ones, idle ones, and one too many.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::check::{Promise, Violation};
use crate::site::{Binaries, Setting, Site};

/// Limits so small that reaching them takes no time; the last value of a key that is given.
const LIMITS: &str = "header_seconds = 1\nbody_seconds = 1\nidle_seconds = 1\nconnections = 40\n";
const MOST: usize = 40;
/// How long the server may take to close what has reached its limit of a second.
const CLOSING: Duration = Duration::from_secs(4);

/// Tries what must have an end, and says what has none.
///
/// # Errors
///
/// When the server cannot be run.
pub async fn measure(binaries: Binaries) -> Result<Vec<Violation>> {
    let setting = Setting { limits: LIMITS, ..Setting::default() };
    let (_site, arena) = Site::open(binaries, None, setting).await?;
    let address = arena.wires[0].address();
    arena.wires[0].hang_up();
    let mut violations = Vec::new();
    let mut violated = |evidence: String| {
        violations.push(Violation { promise: Promise::Bounded, evidence });
    };
    let page = format!("GET /sign-in HTTP/1.1\r\nhost: {address}\r\n\r\n");
    let (silent, half, idle) = tokio::join!(
        is_closed(address, ""),
        is_closed(address, "GET / HTTP/1.1\r\nhost: x\r\nx: "),
        is_closed(address, &page),
    );
    let kinds = [
        ("a silent connection", silent),
        ("a header without an end", half),
        ("an idle connection", idle),
    ];
    for (what, closed) in kinds {
        if !closed? {
            violated(format!("{what} was not closed in {CLOSING:?}, and its limit is 1 s"));
        }
    }
    let mut held = Vec::new();
    for _ in 0..MOST + 20 {
        let Ok(mut connection) = TcpStream::connect(address).await else { continue };
        if is_served(&mut connection, address).await {
            held.push(connection);
        }
    }
    // An idle one may have given way to a later one, so what counts is how many are served again.
    let mut served = 0;
    for connection in &mut held {
        served += usize::from(is_served(connection, address).await);
    }
    if served > MOST {
        violated(format!("{served} connections were served at a time, and the limit is {MOST}"));
    }
    if served == 0 {
        violated("no connection was served".to_owned());
    }
    Ok(violations)
}

/// Whether the server ends a connection on which this is sent and then nothing.
async fn is_closed(address: SocketAddr, sent: &str) -> Result<bool> {
    let mut connection = TcpStream::connect(address).await?;
    connection.write_all(sent.as_bytes()).await?;
    let mut rest = Vec::new();
    // A reset ends it as well.
    Ok(timeout(CLOSING, connection.read_to_end(&mut rest)).await.is_ok())
}

async fn is_served(connection: &mut TcpStream, address: SocketAddr) -> bool {
    let ask =
        format!("GET /.well-known/oauth-protected-resource HTTP/1.1\r\nhost: {address}\r\n\r\n");
    if connection.write_all(ask.as_bytes()).await.is_err() {
        return false;
    }
    let mut answer = [0; 4096];
    let read = timeout(Duration::from_millis(300), connection.read(&mut answer)).await;
    matches!(read, Ok(Ok(count)) if answer[..count].starts_with(b"HTTP/1.1 200"))
}
