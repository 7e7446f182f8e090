//! The loopback listener that the browser comes back to.
//!
//! One port for the whole run, as it is registered. It is open until a sign-in ends, and again for the next one.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

const SILENCE: Duration = Duration::from_millis(500);

pub(crate) struct Listener {
    /// None between two sign-ins.
    socket: Option<TcpListener>,
    port: u16,
    patience: Duration,
}

impl Listener {
    pub(crate) async fn bind() -> Result<Self> {
        let socket = TcpListener::bind("127.0.0.1:0").await?;
        let port = socket.local_addr()?.port();
        let seconds = std::env::var("LOOKOUT_CONFORMANCE_PATIENCE")?.parse()?;
        Ok(Self { socket: Some(socket), port, patience: Duration::from_secs_f64(seconds) })
    }

    pub(crate) fn redirect_uri(&self) -> String {
        format!("http://127.0.0.1:{}/callback", self.port)
    }

    /// Opens `url` in the browser and returns the URL that the browser comes back with.
    pub(crate) async fn open(&mut self, url: &str) -> Result<String> {
        let socket = match self.socket.take() {
            Some(socket) => socket,
            None => TcpListener::bind(("127.0.0.1", self.port)).await?,
        };
        let browser = std::env::var("BROWSER").context("BROWSER names no program")?;
        let mut opened = Command::new(browser).arg(url).spawn()?;
        let answer = tokio::time::timeout(self.patience, answer(&socket)).await;
        let _ = opened.try_wait();
        let target = answer.context("nobody signed in")??;
        Ok(format!("http://127.0.0.1:{}{target}", self.port))
    }
}

/// The target of the first request for the callback.
async fn answer(socket: &TcpListener) -> Result<String> {
    let host = format!("host: {}\r\n", socket.local_addr()?);
    loop {
        let (stream, _) = socket.accept().await?;
        // Whoever connects and says nothing does not keep the browser waiting.
        if let Ok(Ok(Some(target))) = tokio::time::timeout(SILENCE, hear(stream, &host)).await {
            return Ok(target);
        }
    }
}

/// Answers one request, and returns its target if that is the callback.
async fn hear(stream: TcpStream, host: &str) -> Result<Option<String>> {
    let mut stream = BufReader::new(stream);
    let mut first = String::new();
    stream.read_line(&mut first).await?;
    let mut line = String::new();
    let mut is_browser = false;
    while stream.read_line(&mut line).await? > 0 && line != "\r\n" {
        is_browser |= line.eq_ignore_ascii_case(host);
        line.clear();
    }
    let target = first.strip_prefix("GET ").and_then(|rest| rest.split(' ').next());
    let target = target.unwrap_or_default();
    let is_callback = is_browser && target.split('?').next() == Some("/callback");
    let status = if is_callback { "200 OK" } else { "404 Not Found" };
    let reply = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(reply.as_bytes()).await?;
    stream.shutdown().await?;
    Ok(is_callback.then(|| target.to_owned()))
}
