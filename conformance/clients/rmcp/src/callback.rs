//! The loopback listener that the browser comes back to.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::Command;

pub(crate) struct Listener {
    socket: TcpListener,
    origin: String,
    patience: Duration,
}

impl Listener {
    pub(crate) async fn bind() -> Result<Self> {
        let socket = TcpListener::bind("127.0.0.1:0").await?;
        let origin = format!("http://127.0.0.1:{}", socket.local_addr()?.port());
        let seconds = std::env::var("LOOKOUT_CONFORMANCE_PATIENCE")?.parse()?;
        Ok(Self { socket, origin, patience: Duration::from_secs_f64(seconds) })
    }

    pub(crate) fn redirect_uri(&self) -> String {
        format!("{}/callback", self.origin)
    }

    /// Opens `url` in the browser and returns the URL that the browser comes back with.
    pub(crate) async fn open(&self, url: &str) -> Result<String> {
        let browser = std::env::var("BROWSER").context("BROWSER names no program")?;
        let mut opened = Command::new(browser).arg(url).spawn()?;
        let answer = tokio::time::timeout(self.patience, self.answer()).await;
        let _ = opened.try_wait();
        answer.context("nobody signed in")?
    }

    async fn answer(&self) -> Result<String> {
        loop {
            let (stream, _) = self.socket.accept().await?;
            let mut stream = BufReader::new(stream);
            let mut first = String::new();
            stream.read_line(&mut first).await?;
            let mut line = String::new();
            while stream.read_line(&mut line).await? > 0 && line != "\r\n" {
                line.clear();
            }
            let target = first.split(' ').nth(1).unwrap_or_default();
            let is_callback = target.split('?').next() == Some("/callback");
            let status = if is_callback { "200 OK" } else { "404 Not Found" };
            let reply =
                format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            stream.write_all(reply.as_bytes()).await?;
            stream.shutdown().await?;
            if is_callback {
                return Ok(format!("{}{target}", self.origin));
            }
        }
    }
}
