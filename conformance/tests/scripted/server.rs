//! A tiny server with a script, on a free loopback port.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

/// What a script says to a request: status, extra header lines, body. `None` drops the connection.
pub(crate) type Answer = Option<(u16, String, String)>;

/// One request.
#[allow(dead_code, reason = "each test reads what it needs")]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Behind the question mark; empty when there is none.
    pub(crate) query: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// Serves `script` on a free loopback port for the rest of the test process.
pub(crate) fn serve(
    script: impl Fn(&str, &Asked) -> Answer + Send + Sync + Clone + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let script = script.clone();
            thread::spawn(move || {
                let mut reader = BufReader::new(stream.unwrap());
                while let Some(asked) = read(&mut reader) {
                    let base = format!("http://{address}");
                    let Some((status, headers, body)) = script(&base, &asked) else { return };
                    let length = body.len();
                    let answer = format!(
                        "HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\n\r\n{body}"
                    );
                    if reader.get_mut().write_all(answer.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut length = 0;
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        if header.trim().is_empty() {
            break;
        }
        let (name, value) = header.split_once(':')?;
        let (name, value) = (name.to_ascii_lowercase(), value.trim().to_owned());
        if name == "content-length" {
            length = value.parse().ok()?;
        }
        headers.push((name, value));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let (path, query) = (path.to_owned(), query.to_owned());
    Some(Asked { method, path, query, headers, body })
}

pub(crate) fn json_answer(status: u16, body: &str) -> Answer {
    Some((status, "content-type: application/json\r\n".to_owned(), body.to_owned()))
}

/// The public documents of an otherwise silent server.
pub(crate) fn documents(base: &str, asked: &Asked) -> Answer {
    match asked.path.as_str() {
        "/.well-known/oauth-protected-resource" | "/.well-known/oauth-protected-resource/mcp" => {
            json_answer(
                200,
                &format!(r#"{{"resource":"{base}/mcp","authorization_servers":["{base}"]}}"#),
            )
        }
        "/.well-known/oauth-authorization-server" => json_answer(
            200,
            &format!(
                r#"{{"issuer":"{base}","authorization_endpoint":"{base}/authorize",
                "token_endpoint":"{base}/token","registration_endpoint":"{base}/register",
                "token_endpoint_auth_methods_supported":["none"],
                "code_challenge_methods_supported":["S256"]}}"#
            ),
        ),
        _ => json_answer(404, "{}"),
    }
}
