//! The redirect URI of a native client: a listener on loopback (RFC 8252 section 7.3).
//!
//! It binds 127.0.0.1 on a port that the system picks, for one authorization, and is gone when that ends.
//! It answers `GET` with the exact path and its own `Host`, and nothing that it received appears in what it sends.
//! Whether a callback belongs to the request is not decided here.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::Error;

const PATH: &str = "/callback";
/// How long a browser may take to send its request.
const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST_HEAD: usize = 32 * 1024;
const MOST_CONNECTIONS: usize = 32;

/// A listener for one authorization.
pub(crate) struct Listener {
    redirect_uri: String,
    callbacks: mpsc::Receiver<Callback>,
    /// The accept loop and its connections end with the listener.
    _tasks: JoinSet<()>,
}

/// A request to the redirect URI that has the right form.
pub(crate) struct Callback {
    pub(crate) query: Zeroizing<String>,
    stream: TcpStream,
}

/// What the browser shows afterwards.
#[derive(Clone, Copy)]
pub(crate) enum Page {
    Received,
    Failed,
    Stray,
}

impl Listener {
    pub(crate) async fn bind() -> Result<Self, Error> {
        let failed = |error: io::Error| {
            Error::authorization("no port on 127.0.0.1 could be opened for the sign-in")
                .caused_by(error)
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
        let authority = listener.local_addr().map_err(failed)?.to_string();
        let redirect_uri = format!("http://{authority}{PATH}");
        let (sender, callbacks) = mpsc::channel(1);
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, authority, sender));
        Ok(Self { redirect_uri, callbacks, _tasks: tasks })
    }

    pub(crate) fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// The next callback; `None` if the listener broke.
    pub(crate) async fn next(&mut self) -> Option<Callback> {
        self.callbacks.recv().await
    }
}

impl Callback {
    /// Shows the page; a browser that went away does not matter.
    pub(crate) async fn answer(mut self, page: Page) {
        let (status, text) = match page {
            Page::Received => {
                ("200 OK", "Signed in. You can close this window and go back to the application.")
            }
            Page::Failed => {
                ("200 OK", "The sign-in did not succeed. Go back to the application to see why.")
            }
            Page::Stray => (
                "400 Bad Request",
                "This address is not the answer to the sign-in that was started.",
            ),
        };
        let _gone = timeout(PATIENCE, respond(&mut self.stream, status, text)).await;
    }
}

async fn accept(listener: TcpListener, authority: String, callbacks: mpsc::Sender<Callback>) {
    let slots = std::sync::Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // The process is out of descriptors, most likely; asking again at once would only spin.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        let Ok(slot) = std::sync::Arc::clone(&slots).try_acquire_owned() else { continue };
        let (authority, callbacks) = (authority.clone(), callbacks.clone());
        connections.spawn(async move {
            if let Ok(Some(callback)) = timeout(PATIENCE, receive(stream, &authority)).await {
                let _nobody_waits = callbacks.send(callback).await;
            }
            drop(slot);
        });
    }
}

/// Reads one request; anything that is not a callback is answered here.
async fn receive(mut stream: TcpStream, authority: &str) -> Option<Callback> {
    let head = head(&mut stream).await?;
    let refusal = match parse(&head, authority) {
        Ok(query) => {
            let query = Zeroizing::new(query.to_owned());
            return Some(Callback { query, stream });
        }
        Err(refusal) => refusal,
    };
    respond(&mut stream, refusal, "Nothing is here.").await.ok();
    None
}

/// The bytes up to the empty line that ends the head.
async fn head(stream: &mut TcpStream) -> Option<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::new());
    let mut chunk = Zeroizing::new([0; 2048]);
    while !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
        let count = stream.read(chunk.as_mut_slice()).await.ok()?;
        if count == 0 || bytes.len() + count > LONGEST_HEAD {
            return None;
        }
        bytes.extend_from_slice(&chunk[..count]);
    }
    String::from_utf8(std::mem::take(&mut *bytes)).ok().map(Zeroizing::new)
}

/// The query of a callback, or the status for anything else.
fn parse<'a>(head: &'a str, authority: &str) -> Result<&'a str, &'static str> {
    let mut lines = head.split("\r\n");
    let mut request = lines.next().unwrap_or_default().split(' ');
    let (method, target, version) = (request.next(), request.next(), request.next());
    if version.is_none_or(|version| !version.starts_with("HTTP/1.")) || request.next().is_some() {
        return Err("400 Bad Request");
    }
    let mut hosts = lines
        .filter_map(|line| line.split_once(':'))
        .filter(|(name, _)| name.eq_ignore_ascii_case("host"))
        .map(|(_, value)| value.trim());
    // Another name for this machine means that a page out there points at it (DNS rebinding).
    if hosts.next() != Some(authority) || hosts.next().is_some() {
        return Err("421 Misdirected Request");
    }
    let (path, query) = target
        .and_then(|target| target.split_once('?'))
        .unwrap_or((target.unwrap_or_default(), ""));
    match method {
        _ if path != PATH => Err("404 Not Found"),
        Some("GET") => Ok(query),
        _ => Err("405 Method Not Allowed"),
    }
}

async fn respond(stream: &mut TcpStream, status: &str, text: &str) -> io::Result<()> {
    let body = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Lookout</title><p>{text}</p></html>\n"
    );
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\nReferrer-Policy: no-referrer\r\n\
         X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}
