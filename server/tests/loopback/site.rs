//! A site on loopback that publishes one document, or fails to in every way.

#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]
#![allow(dead_code, reason = "each test binary uses another part")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What the site answers every request with.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// These bytes, head and body.
    Bytes(Vec<u8>),
    /// These bytes, one at a time with a pause after each.
    #[allow(dead_code, reason = "not every test binary needs it")]
    Trickle(Vec<u8>, Duration),
    /// These bytes over and over.
    Endless(Vec<u8>, Vec<u8>),
    /// Nothing, and the connection stays open.
    Nothing,
}

impl Answer {
    /// A 200 with a body of JSON.
    pub(crate) fn json(body: &str) -> Self {
        Self::with("200 OK", &["content-type: application/json"], body.as_bytes())
    }

    /// Any answer of a known length.
    pub(crate) fn with(status: &str, headers: &[&str], body: &[u8]) -> Self {
        let mut bytes = head(status, headers);
        bytes.extend(format!("content-length: {}\r\n\r\n", body.len()).bytes());
        bytes.extend(body);
        Self::Bytes(bytes)
    }
}

fn head(status: &str, headers: &[&str]) -> Vec<u8> {
    let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    format!("HTTP/1.1 {status}\r\n{lines}connection: close\r\n").into_bytes()
}

/// A 200 of JSON whose chunked body never ends.
#[allow(dead_code, reason = "not every test binary needs it")]
pub(crate) fn endless() -> Answer {
    let mut start =
        head("200 OK", &["content-type: application/json", "transfer-encoding: chunked"]);
    start.extend(b"\r\n");
    Answer::Endless(start, b"100\r\n".iter().copied().chain([b' '; 256]).chain(*b"\r\n").collect())
}

/// A running site. It ends with the runtime.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    answer: Arc<Mutex<Answer>>,
    connections: Arc<AtomicUsize>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Site {
    /// Starts one on `port` of a loopback address; port 0 takes a free one.
    pub(crate) async fn start(
        at: Ipv4Addr,
        port: u16,
        tls: Option<TlsAcceptor>,
        answer: Answer,
    ) -> Self {
        let listener = TcpListener::bind((IpAddr::V4(at), port)).await.expect("a free port");
        let site = Self {
            address: listener.local_addr().expect("an address"),
            answer: Arc::new(Mutex::new(answer)),
            connections: Arc::default(),
            heads: Arc::default(),
        };
        let running = site.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                running.connections.fetch_add(1, Ordering::SeqCst);
                let (site, tls) = (running.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => site.serve(connection).await,
                        Some(tls) => {
                            if let Ok(connection) = tls.accept(connection).await {
                                site.serve(connection).await;
                            }
                        }
                    }
                });
            }
        });
        site
    }

    async fn serve(&self, mut connection: impl AsyncRead + AsyncWrite + Unpin) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match connection.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        self.heads.lock().unwrap().push(String::from_utf8_lossy(&head).into_owned());
        let answer = self.answer.lock().unwrap().clone();
        // Whoever hangs up is answered no further.
        let _ = match answer {
            Answer::Bytes(bytes) => connection.write_all(&bytes).await,
            Answer::Trickle(bytes, pause) => {
                for byte in bytes {
                    if connection.write_all(&[byte]).await.is_err()
                        || connection.flush().await.is_err()
                    {
                        return;
                    }
                    tokio::time::sleep(pause).await;
                }
                Ok(())
            }
            Answer::Endless(start, again) => {
                let mut sent = connection.write_all(&start).await;
                while sent.is_ok() {
                    sent = connection.write_all(&again).await;
                }
                sent
            }
            Answer::Nothing => std::future::pending().await,
        };
        let _ = connection.shutdown().await;
    }

    #[allow(dead_code, reason = "not every test binary needs it")]
    pub(crate) fn answer(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    /// How many connections were made to it.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The heads of the requests that it got.
    #[allow(dead_code, reason = "not every test binary needs it")]
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}
