//! The redirect URI of a native client: a listener on loopback (RFC 8252 section 7.3).
//!
//! It binds 127.0.0.1 on a port that the system picks, for one authorization, and is gone when that ends.
//! It answers `GET` with the exact path and its own `Host`, and nothing that it received appears in what it sends.
//! Whether a callback belongs to the request is not decided here.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::Error;

const PATH: &str = "/callback";
/// How long a browser may take to send its request.
const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST_HEAD: usize = 32 * 1024;
const MOST_CONNECTIONS: usize = 32;

/// Whether a redirect URI is that of a [`Listener`], on whatever port.
pub(crate) fn is_listener(redirect_uri: &str) -> bool {
    redirect_uri
        .strip_prefix("http://127.0.0.1:")
        .and_then(|rest| rest.strip_suffix(PATH))
        .is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A listener for one authorization; dropped, its port is closed.
pub(crate) struct Listener {
    listener: TcpListener,
    /// Its own name in a `Host` header.
    authority: String,
    connections: JoinSet<Option<Callback>>,
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
        Ok(Self { listener, authority, connections: JoinSet::new() })
    }

    pub(crate) fn redirect_uri(&self) -> String {
        format!("http://{}{PATH}", self.authority)
    }

    /// The next callback; connections are read side by side, so that a silent one holds nobody up.
    pub(crate) async fn next(&mut self) -> Callback {
        loop {
            tokio::select! {
                accepted = self.listener.accept(), if self.connections.len() < MOST_CONNECTIONS => match accepted {
                    Ok((stream, _)) => {
                        self.connections.spawn(receive(stream, self.authority.clone()));
                    }
                    // The process is out of descriptors, most likely; asking again at once would only spin.
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                },
                Some(done) = self.connections.join_next() => {
                    if let Ok(Some(callback)) = done {
                        return callback;
                    }
                }
            }
        }
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

/// Reads one request; anything that is not a callback is answered here.
async fn receive(mut stream: TcpStream, authority: String) -> Option<Callback> {
    let head = timeout(PATIENCE, head(&mut stream)).await.ok()??;
    match parse(&head, &authority) {
        Ok(query) => Some(Callback { query: Zeroizing::new(query.to_owned()), stream }),
        Err(refusal) => {
            let _gone = timeout(PATIENCE, respond(&mut stream, refusal, "Nothing is here.")).await;
            None
        }
    }
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
