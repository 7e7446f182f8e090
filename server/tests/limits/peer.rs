//! A client that writes and reads bytes as it likes, and a server to try it on.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use lookout_server::authority::records::Role;
use lookout_server::config::{LimitSettings, Seconds};
use lookout_server::{App, serve};

use crate::serving::Serving;

/// Longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// How long an attack has to go on to have succeeded; longer than every limit of [`quick`].
pub(crate) const LONG: Duration = Duration::from_secs(4);

/// Limits that tests can wait for.
pub(crate) fn quick(limits: &mut LimitSettings) {
    limits.header_seconds = Seconds(0.5);
    limits.body_seconds = Seconds(0.5);
    limits.idle_seconds = Seconds(1.0);
    limits.response_seconds = Seconds(1.0);
}

/// A server with these limits.
pub(crate) fn server(adjust: impl FnOnce(&mut LimitSettings)) -> Serving {
    Serving::start(|settings| adjust(&mut settings.limits), async |app| app)
}

/// A new programmatic token of a new member.
pub(crate) fn token(server: &Serving, email: &str) -> String {
    server.runtime.block_on(async {
        let app = &server.app;
        let user = app.put_account(email, None, "correct horse battery").await.expect("a person");
        let workspace = app.join_workspace(&user, "demo", Role::Member).await.expect("a workspace");
        let made = app.create_token(&user, &workspace.workspace_id, "test", None, None).await;
        made.expect("a token").0.expose().to_owned()
    })
}

/// Serves, with the limits of `server`, routes that take two seconds, panic, or say a lot; where, and what stops it.
pub(crate) fn odd_routes(server: &Serving) -> (String, tokio::sync::oneshot::Sender<()>) {
    let slow = async || {
        tokio::time::sleep(Duration::from_secs(2)).await;
        "slow\n"
    };
    let broken = async || -> &'static str { panic!("a secret of the handler") };
    let draining = async |app: axum::extract::State<Arc<App>>| app.draining.has_begun().to_string();
    let router = Router::new()
        .route("/slow", get(slow))
        .route("/broken", get(broken))
        .route("/large", get(async || vec![b'x'; 4 << 20]))
        .route("/huge", get(async || vec![b'x'; 32 << 20]))
        .route("/draining", get(draining))
        .with_state(Arc::clone(&server.app));
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let app = Arc::clone(&server.app);
    let base = server.runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(serve(listener, app, router, async {
            let _ = stopped.await;
        }));
        format!("http://{address}")
    });
    (base, stop)
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Peer {
    stream: TcpStream,
    pub(crate) host: String,
}

impl Peer {
    pub(crate) fn connect(base: &str) -> Self {
        Self::try_connect(base).expect("a connection")
    }

    /// A connection, if anybody listens.
    pub(crate) fn try_connect(base: &str) -> Option<Self> {
        let host = base.trim_start_matches("http://").to_owned();
        let stream = TcpStream::connect(&host).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        Some(Self { stream, host })
    }

    /// A connection from this address of this machine.
    pub(crate) fn connect_from(address: &str, base: &str) -> Self {
        let host = base.trim_start_matches("http://").to_owned();
        let from = format!("{address}:0").parse().expect("an address");
        let to = host.parse().expect("an address");
        let stream = tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
            let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
            socket.bind(from).expect("an address of this machine");
            socket.connect(to).await.expect("a connection").into_std().expect("a socket")
        });
        stream.set_nonblocking(false).expect("a socket");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        Self { stream, host }
    }

    /// Sends a request line, the host, these further lines and the body.
    pub(crate) fn request(&mut self, line: &str, headers: &str, body: &[u8]) {
        let head = format!("{line} HTTP/1.1\r\nhost: {}\r\n{headers}\r\n", self.host);
        self.send(&[head.as_bytes(), body].concat());
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        // The server may be gone already; what it said before is still read.
        let _ = self.stream.write_all(bytes);
    }

    /// One response with a `Content-Length`: its status and everything of it as text. Status 0 when the connection ended first.
    pub(crate) fn response(&mut self) -> (u16, String) {
        let mut text = Vec::new();
        let mut byte = [0];
        while !text.ends_with(b"\r\n\r\n") {
            match self.stream.read(&mut byte) {
                Ok(1) => text.push(byte[0]),
                _ => return (0, String::from_utf8_lossy(&text).into_owned()),
            }
        }
        let head = String::from_utf8_lossy(&text).to_ascii_lowercase();
        let length = head.split_once("content-length: ").map_or(0, |(_, rest)| {
            rest.split('\r').next().expect("a line").parse().expect("a length")
        });
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("the body");
        text.extend_from_slice(&body);
        let text = String::from_utf8_lossy(&text).into_owned();
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.unwrap_or_else(|| panic!("no status: {text}")), text)
    }

    /// Whether anything comes within a second, be it the end.
    pub(crate) fn has_answer(&mut self) -> bool {
        self.stream.set_read_timeout(Some(Duration::from_secs(1))).expect("a timeout");
        let silent = [ErrorKind::WouldBlock, ErrorKind::TimedOut];
        let has_answer =
            !self.stream.peek(&mut [0]).is_err_and(|error| silent.contains(&error.kind()));
        self.stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        has_answer
    }

    /// Everything that comes until the connection ends.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self.stream.read_to_end(&mut bytes) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("the connection stays open: {bytes:?}")
            }
            _ => bytes,
        }
    }

    /// How much comes until the connection ends, when this much is read after every pause.
    pub(crate) fn read_slowly(&mut self, at_once: usize, pause: Duration) -> usize {
        let mut buffer = vec![0; at_once];
        let mut total = 0;
        while let Ok(read @ 1..) = self.stream.read(&mut buffer) {
            total += read;
            std::thread::sleep(pause);
        }
        total
    }

    /// The type and flags of the next HTTP/2 frame; none when the connection ended.
    pub(crate) fn frame(&mut self) -> Option<(u8, u8)> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).expect("a length")];
        self.stream.read_exact(&mut payload).ok()?;
        Some((head[3], head[4]))
    }

    /// Whether the server ended the connection, as far as is known without waiting. What it sent is thrown away.
    pub(crate) fn is_closed(&mut self) -> bool {
        self.stream.set_nonblocking(true).expect("a socket");
        let mut buffer = [0; 4096];
        let closed = loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => break true,
                Ok(_) => {}
                Err(error) => break error.kind() != ErrorKind::WouldBlock,
            }
        };
        self.stream.set_nonblocking(false).expect("a socket");
        closed
    }

    /// Goes on sending `next` until the server ends the connection; how long that took, or nothing when it went on for [`LONG`].
    pub(crate) fn lasts(&mut self, next: &[u8], reads: bool) -> Option<Duration> {
        let began = Instant::now();
        self.stream.set_nonblocking(true).expect("a socket");
        let mut is_open = || {
            let may_go_on = |error: &std::io::Error| error.kind() == ErrorKind::WouldBlock;
            if !next.is_empty() && self.stream.write(next).is_err_and(|error| !may_go_on(&error)) {
                return false;
            }
            let mut buffer = [0; 4096];
            !reads
                || match self.stream.read(&mut buffer) {
                    Ok(read) => read > 0,
                    Err(error) => may_go_on(&error),
                }
        };
        while is_open() {
            if began.elapsed() > LONG {
                return None;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(began.elapsed())
    }
}
