//! Strangers who would like to have a server for themselves.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::person::Person;
use crate::wire::{Ask, Wire};

/// How many drip at a time, and how many others come again and again.
const SLOW: u32 = 2000;
const BUSY: u32 = 16;
/// Between two that arrive, and between two attempts of one.
const APART: Duration = Duration::from_millis(1);
const PAUSE: Duration = Duration::from_millis(20);

/// Strangers of one sort.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stranger {
    SlowLoris,
    Registration,
    SignIn,
    Scan,
}

impl Stranger {
    /// Each sort, and its name in the table.
    pub(crate) const ALL: [(Self, &'static str); 4] = [
        (Self::SignIn, "sign-in spray"),
        (Self::SlowLoris, "slow loris"),
        (Self::Registration, "registration flood"),
        (Self::Scan, "scan for pages"),
    ];

    /// They come one after the other and stay until they are dropped.
    pub(crate) fn arrive(self, address: SocketAddr) -> JoinSet<()> {
        let mut strangers = JoinSet::new();
        let count = if matches!(self, Self::SlowLoris) { SLOW } else { BUSY };
        for number in 0..count {
            strangers.spawn(async move {
                tokio::time::sleep(APART * number).await;
                for attempt in 0.. {
                    self.attempt(address, number, attempt).await;
                    tokio::time::sleep(PAUSE).await;
                }
            });
        }
        strangers
    }

    /// Each attempt comes from another network, so that no limit of one network ends the flood.
    async fn attempt(self, address: SocketAddr, number: u32, attempt: u32) {
        let network = Ipv4Addr::from_bits(0x0a00_0001 + ((attempt * BUSY + number) << 8));
        let wire = Wire::new(address).on_behalf_of(network.into());
        match self {
            Self::SlowLoris => drip(address).await,
            Self::Registration => {
                let redirect = "http://127.0.0.1:9/x";
                let name = format!("Flood {number} {attempt}");
                let body = json!({ "client_name": name, "redirect_uris": [redirect] });
                let _any = wire.send(Ask::json("/oauth/register", &body)).await;
            }
            Self::SignIn => {
                let email = format!("nobody{number}x{attempt}@example.com");
                let _denied = Person::sign_in(&wire, &email, "wrong wrong wrong").await;
            }
            Self::Scan => {
                let _any = wire.send(Ask::get(&format!("/.env{number}"))).await;
            }
        }
    }
}

/// One byte of a header every second, until the server has had enough.
async fn drip(address: SocketAddr) {
    let Ok(mut connection) = TcpStream::connect(address).await else { return };
    if connection.write_all(b"GET / HTTP/1.1\r\nx: ").await.is_err() {
        return;
    }
    while connection.write_all(b"x").await.is_ok() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// A connection that was answered once and stays open, as that of a browser.
pub(crate) async fn opened(address: SocketAddr) -> std::io::Result<TcpStream> {
    let mut connection = TcpStream::connect(address).await?;
    let ask =
        format!("GET /.well-known/oauth-protected-resource HTTP/1.1\r\nhost: {address}\r\n\r\n");
    connection.write_all(ask.as_bytes()).await?;
    let mut answer = [0; 4096];
    let read = connection.read(&mut answer).await?;
    if answer[..read].starts_with(b"HTTP/1.1 200") {
        Ok(connection)
    } else {
        Err(std::io::ErrorKind::ConnectionRefused.into())
    }
}
