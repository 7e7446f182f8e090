//! The loopback ports of one run.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, TcpListener};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle;
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::peer::place::{Places, Role};
use crate::peer::script::Script;
use crate::peer::stage::Stage;
use crate::peer::tls;

/// The first byte of a TLS connection (RFC 8446 section 5.1).
const HANDSHAKE: u8 = 22;

/// A stage whose servers have loopback ports of their own. They close when it is dropped.
pub(crate) struct Listening {
    pub(crate) stage: Stage,
    servers: Vec<AbortHandle>,
}

impl Listening {
    /// Binds the ports and begins to answer.
    ///
    /// # Errors
    ///
    /// When there is no free port.
    pub(crate) fn open(runtime: &Handle, script: Script, purpose: &str) -> io::Result<Self> {
        let listeners = [listener()?, listener()?, listener()?, listener()?];
        let untrusted = script.setting.untrusted;
        let mut ports = [0; 4];
        for (port, listener) in ports.iter_mut().zip(&listeners) {
            *port = listener.local_addr()?.port();
        }
        let places = Places::new(|role| {
            let scheme = if untrusted == Some(role) { "https" } else { "http" };
            format!("{scheme}://127.0.0.1:{}", ports[role as usize])
        });
        let stage = Stage::new(script, places, purpose);
        let mut servers = Vec::new();
        let _entered = runtime.enter();
        for (role, listener) in Role::ALL.into_iter().zip(listeners) {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let acceptor = if untrusted == Some(role) { Some(tls::acceptor()?) } else { None };
            let server = runtime.spawn(serve(listener, role, stage.clone(), acceptor));
            servers.push(server.abort_handle());
        }
        Ok(Self { stage, servers })
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.servers.iter().for_each(AbortHandle::abort);
    }
}

fn listener() -> io::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Accepts until it is aborted, and its connections with it.
async fn serve(
    listener: tokio::net::TcpListener,
    role: Role,
    stage: Stage,
    acceptor: Option<TlsAcceptor>,
) {
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((stream, _)) = stream else { continue };
        // Only latency depends on it.
        let _ = stream.set_nodelay(true);
        let (stage, acceptor) = (stage.clone(), acceptor.clone());
        connections.spawn(async move {
            match acceptor {
                None => connection(stream, role, stage).await,
                Some(acceptor) => {
                    let mut first = [0];
                    // What closes at once has sent nothing in the clear.
                    let is_read = stream.peek(&mut first).await.is_ok_and(|count| count > 0);
                    stage.note_contact(is_read && first[0] != HANDSHAKE);
                    // A client that does not trust the certificate ends here.
                    if let Ok(stream) = acceptor.accept(stream).await {
                        connection(stream, role, stage).await;
                    }
                }
            }
        });
    }
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    role: Role,
    stage: Stage,
) {
    let service = service_fn(move |request| {
        let stage = stage.clone();
        async move { Ok::<_, Infallible>(stage.respond(role, request).await) }
    });
    // What a client does to the connection is in the log, as far as it says anything.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
