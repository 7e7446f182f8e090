//! One statement to a PostgreSQL server that trusts its caller, in its own protocol (version 3.0), so that a test can act on the database without any
//! of the code that it tests.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The rows of an answer, as text; `None` is null.
pub(crate) type Rows = Vec<Vec<Option<String>>>;

/// Runs `statements` as the administrator and returns the rows of all of them.
pub(crate) fn query(address: SocketAddr, database: &str, statements: &str) -> Result<Rows, String> {
    talk(address, database, statements).unwrap_or_else(|error| Err(error.to_string()))
}

fn talk(address: SocketAddr, database: &str, statements: &str) -> io::Result<Result<Rows, String>> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(2))?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let startup = format!("user\0postgres\0database\0{database}\0\0");
    let mut message = 196_608_u32.to_be_bytes().to_vec();
    message.extend(startup.as_bytes());
    send(&mut stream, None, &message)?;
    let mut rows = Vec::new();
    let mut refusal = None;
    let mut is_asked = false;
    loop {
        let (kind, body) = receive(&mut stream)?;
        match kind {
            b'E' => {
                let text = error_text(&body);
                if !is_asked {
                    return Ok(Err(text));
                }
                refusal.get_or_insert(text);
            }
            b'Z' if is_asked => return Ok(refusal.map_or(Ok(rows), Err)),
            b'Z' => {
                is_asked = true;
                send(&mut stream, Some(b'Q'), format!("{statements}\0").as_bytes())?;
            }
            b'D' => rows.push(row(&body)),
            _ => {}
        }
    }
}

fn send(stream: &mut TcpStream, kind: Option<u8>, body: &[u8]) -> io::Result<()> {
    let mut message = Vec::with_capacity(body.len() + 5);
    message.extend(kind);
    let length = u32::try_from(body.len() + 4).map_err(io::Error::other)?;
    message.extend(length.to_be_bytes());
    message.extend(body);
    stream.write_all(&message)
}

fn receive(stream: &mut TcpStream) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    stream.read_exact(&mut head)?;
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
    let mut body = vec![0; (length as usize).saturating_sub(4)];
    stream.read_exact(&mut body)?;
    Ok((head[0], body))
}

/// The code and the message of an error.
fn error_text(body: &[u8]) -> String {
    let fields = body.split(|&byte| byte == 0).filter_map(|field| field.split_first());
    fields
        .filter(|(kind, _)| matches!(kind, b'C' | b'M'))
        .map(|(_, text)| String::from_utf8_lossy(text).into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

fn row(body: &[u8]) -> Vec<Option<String>> {
    let mut rest = &body[2..];
    let mut fields = Vec::new();
    while let Some((head, tail)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(i32::from_be_bytes(*head)).ok();
        let (value, after) = tail.split_at(length.unwrap_or_default());
        fields.push(length.map(|_| String::from_utf8_lossy(value).into_owned()));
        rest = after;
    }
    fields
}
