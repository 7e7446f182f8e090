//! Connections: proxies, certificates, compression, deadlines and reuse, against servers that are sockets.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lookout_sdk::Client;
use lookout_sdk::schema::ListTables;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use wiremock::ResponseTemplate;

use crate::support::Fake;

/// The head and the body of the next request on a connection.
async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |length| length.parse().unwrap());
            if bytes.len() >= end + 4 + length {
                return Ok((head, bytes[end + 4..end + 4 + length].to_vec()));
            }
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Answers every request of one connection with an empty list of tables.
async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    loop {
        let (_, body) = read_request(&mut stream).await?;
        let request: Value = serde_json::from_slice(&body)?;
        let body = json!({ "jsonrpc": "2.0", "id": request["id"], "result": {
            "resultType": "complete",
            "content": [],
            "structuredContent": { "warehouse_id": "shop", "tables": [], "next_cursor": null },
        } })
        .to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all((head + &body).as_bytes()).await?;
    }
}

/// Serves MCP in the clear, and counts the connections.
pub(crate) fn serve(listener: TcpListener, connections: Arc<AtomicUsize>) {
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            connections.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(answer(stream));
        }
    });
}

async fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[tokio::test]
async fn many_calls_one_after_another_use_one_connection() {
    let (listener, port) = listener().await;
    let connections = Arc::new(AtomicUsize::new(0));
    serve(listener, Arc::clone(&connections));
    let client = Client::builder(format!("http://127.0.0.1:{port}/mcp")).token("token");
    let client = client.build().unwrap();
    for _ in 0..20 {
        client.clone().list_tables(ListTables::default()).await.unwrap();
        client
            .with_deadline(Duration::from_secs(5))
            .list_tables(ListTables::default())
            .await
            .unwrap();
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

/// A server with a certificate for `localhost`, and the certificate in PEM.
async fn tls_server() -> (u16, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = made.signing_key.serialize_der().try_into().unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (listener, port) = listener().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move { answer(acceptor.accept(stream).await?).await });
        }
    });
    (port, made.cert.pem())
}

#[tokio::test]
async fn a_certificate_counts_only_from_an_authority_that_the_caller_trusts() {
    let (port, pem) = tls_server().await;
    let endpoint = format!("https://localhost:{port}/mcp");
    let trusting = Client::builder(&endpoint).token("token").root_certificates(pem.clone());
    trusting.build().unwrap().list_tables(ListTables::default()).await.unwrap();

    let start = Instant::now();
    let strict = Client::builder(&endpoint).token("token").build().unwrap();
    let error = strict.list_tables(ListTables::default()).await.unwrap_err();
    assert!(error.is_transport(), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(5));

    let other = format!("https://127.0.0.1:{port}/mcp");
    let other = Client::builder(other).token("token").root_certificates(pem).build().unwrap();
    assert!(other.list_tables(ListTables::default()).await.unwrap_err().is_transport());
}

#[test]
fn root_certificates_that_are_none_are_a_mistake_of_the_caller() {
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for bad in ["", "no certificate", broken] {
        let builder = Client::builder("https://lookout.example/mcp").root_certificates(bad);
        assert!(builder.token("token").build().unwrap_err().is_configuration(), "{bad}");
    }
}

#[tokio::test]
async fn a_proxy_is_asked_for_a_tunnel_and_sees_no_token() {
    let (listener, port) = listener().await;
    let proxy = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (head, body) = read_request(&mut stream).await.unwrap();
        stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        (head, body)
    });
    // The name is the proxy's to resolve, and its own is one that a server could not send the client to.
    let client = Client::builder("https://lookout.invalid/mcp")
        .token("secret-token")
        .proxy(format!("http://me:password@localhost:{port}"))
        .retries(0)
        .build()
        .unwrap();
    let error = client.list_tables(ListTables::default()).await.unwrap_err();
    assert!(error.is_transport(), "{error:?}");
    assert!(!format!("{error} {error:?} {client:?}").contains("password"));
    let (head, body) = proxy.await.unwrap();
    assert!(head.starts_with("connect lookout.invalid:443 "), "{head}");
    assert!(head.contains("proxy-authorization: basic "), "{head}");
    assert!(!head.contains("secret-token") && body.is_empty(), "{head}");
}

#[tokio::test]
async fn an_endpoint_on_this_machine_is_reached_without_a_proxy() {
    let fake = Fake::start().await;
    fake.edit(|world| {
        world.live.insert("token".to_owned(), vec!["mcp:read".to_owned()]);
    });
    let (listener, port) = listener().await;
    let client = fake.builder().token("token").proxy(format!("http://127.0.0.1:{port}"));
    client.build().unwrap().list_tables(ListTables::default()).await.unwrap();
    let asked = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(asked.is_err(), "the proxy was asked");
}

#[test]
fn a_proxy_that_is_none_is_a_mistake_of_the_caller_and_is_not_quoted() {
    for bad in ["", "proxy:3128", "socks5://me:password@proxy.example", "http://"] {
        let builder = Client::builder("https://lookout.example/mcp").token("token").proxy(bad);
        let error = builder.build().unwrap_err();
        assert!(error.is_configuration(), "{bad}");
        assert!(!format!("{error:?}").contains("password"));
    }
    let without = Client::builder("https://lookout.example/mcp").token("token").no_proxy();
    without.build().unwrap();
}

#[tokio::test]
async fn a_connection_that_does_not_come_about_is_given_up_before_the_call_is() {
    let (listener, port) = listener().await;
    let client = Client::builder(format!("https://localhost:{port}/mcp"))
        .token("token")
        .connect_timeout(Duration::from_millis(200))
        .retries(0)
        .build()
        .unwrap();
    let start = Instant::now();
    // It accepts, and says nothing.
    let (error, _open) = tokio::join!(client.list_tables(ListTables::default()), listener.accept());
    let error = error.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_deadline_covers_all_that_a_call_needs_and_only_the_calls_of_its_handle() {
    let fake = Fake::start().await;
    let client = fake.builder().token("token").build().unwrap();
    fake.on("/mcp", |_| ResponseTemplate::new(503).insert_header("retry-after", "3"));
    let start = Instant::now();
    let quick = client.with_deadline(Duration::from_millis(300));
    let error = quick.list_tables(ListTables::default()).await.unwrap_err();
    assert!(error.is_timeout(), "the wait before the retry is part of the call: {error:?}");
    assert!(quick.tools().await.unwrap_err().is_timeout());
    assert!(quick.discover().await.unwrap_err().is_timeout());
    assert!(quick.dispatch("list_tables", Value::Null).await.unwrap_err().is_timeout());
    assert!(start.elapsed() < Duration::from_secs(3));

    let slow = ResponseTemplate::new(429).set_delay(Duration::from_millis(400));
    fake.on("/mcp", move |_| slow.clone());
    let patient =
        client.with_deadline(Duration::from_millis(50)).with_deadline(Duration::from_secs(9));
    assert!(patient.list_tables(ListTables::default()).await.unwrap_err().is_transport());
    assert!(client.list_tables(ListTables::default()).await.unwrap_err().is_transport());
}

#[cfg(not(feature = "compression"))]
#[tokio::test]
async fn without_the_feature_no_encoding_is_asked_for() {
    let fake = Fake::start().await;
    drop(fake.client().sign_in().await);
    for request in fake.requests().await {
        assert!(!request.headers.contains_key("accept-encoding"), "{}", request.url);
    }
}

#[cfg(feature = "compression")]
mod compression {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use serde_json::json;
    use wiremock::{Request, ResponseTemplate};

    use super::{Fake, ListTables};

    fn compressed(body: &[u8]) -> ResponseTemplate {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(body).unwrap();
        let bytes = encoder.finish().unwrap();
        ResponseTemplate::new(200)
            .insert_header("content-encoding", "gzip")
            .set_body_raw(bytes, "application/json")
    }

    #[tokio::test]
    async fn an_answer_may_come_compressed() {
        let fake = Fake::start().await;
        fake.on("/mcp", |request: &Request| {
            assert_eq!(request.headers["accept-encoding"], "gzip");
            let message: serde_json::Value = request.body_json().unwrap();
            let result = json!({
                "resultType": "complete",
                "content": [],
                "structuredContent": { "warehouse_id": "shop", "tables": [], "next_cursor": null },
            });
            let answer = json!({ "jsonrpc": "2.0", "id": message["id"], "result": result });
            compressed(answer.to_string().as_bytes())
        });
        let client = fake.builder().token("token").build().unwrap();
        client.list_tables(ListTables::default()).await.unwrap();
    }

    #[tokio::test]
    async fn what_an_answer_unfolds_to_is_bounded() {
        let fake = Fake::start().await;
        let bomb = compressed(&vec![b' '; 20 * 1024 * 1024]);
        fake.on("/mcp", move |_| bomb.clone());
        let client = fake.builder().token("token").timeout(std::time::Duration::from_secs(20));
        let error = client.build().unwrap().list_tables(ListTables::default()).await.unwrap_err();
        assert!(error.to_string().contains("longer than"), "{error:?}");

        let metadata = compressed(&vec![b' '; 2 * 1024 * 1024]);
        let fake = Fake::start().await;
        fake.on("/.well-known/oauth-authorization-server", move |_| metadata.clone());
        let error = fake.client().sign_in().await.unwrap_err();
        assert!(error.to_string().contains("longer than"), "{error:?}");
    }
}
