//! The server of the benchmark: answers every MCP request with fixed bytes, so that it is the same work for every client.
//!
//! It looks at a request as little as a client can notice: the method, the id that the answer repeats, and the token.

use std::convert::Infallible;
use std::error::Error;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

const TOKEN: &str = "Bearer lkmcp_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLM";

const DISCOVERED: &str = r#"{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"ttlMs":300000,"cacheScope":"private","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"bench","version":"1.0.0"}}}"#;
/// The tables of a shop, as `list_tables` returns them: 1 KB, and half of that a second time as text.
const TABLES: &str = include_str!("tables.json");

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}/mcp", listener.local_addr()?);
    let tables: &'static str = Box::leak(result().into_boxed_str());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = service_fn(move |request| answer(request, tables));
        tokio::spawn(async move {
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            // A client that is gone has no use for an error.
            let _gone = connection.await;
        });
    }
}

/// The result of a call: the structured one and its mirror in text, as servers of today send both.
fn result() -> String {
    let tables = TABLES.trim();
    let text = tables.replace('"', "\\\"");
    format!(
        r#"{{"resultType":"complete","content":[{{"type":"text","text":"{text}"}}],"structuredContent":{tables},"isError":false}}"#
    )
}

async fn answer(request: Request<Incoming>, tables: &str) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    if parts.headers.get("authorization").is_none_or(|sent| sent != TOKEN) {
        return Ok(response(401, String::new()));
    }
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let result = match parts.headers.get("mcp-method").map(|method| method.as_bytes()) {
        Some(b"tools/call") => tables,
        Some(b"server/discover") => DISCOVERED,
        _ => return Ok(response(400, String::new())),
    };
    let Some(id) = id(&body) else { return Ok(response(400, String::new())) };
    Ok(response(200, format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#)))
}

/// The number after the first `"id":`; no argument of the calls is called that.
fn id(body: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once(r#""id":"#)?;
    let end = rest.find(|character: char| !character.is_ascii_digit())?;
    Some(&rest[..end])
}

fn response(status: u16, body: String) -> Response<Full<Bytes>> {
    let response = Response::builder().status(status).header("content-type", "application/json");
    response.body(Full::new(body.into())).expect("the parts are valid")
}
