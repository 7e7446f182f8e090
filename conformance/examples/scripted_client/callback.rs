//! The redirect URI of a program: a listener on this machine that takes one answer (RFC 8252).
//!
//! Anyone may talk to it, so it reacts to nothing but a GET of its exact path, by its own name,
//! with the state of the flow that waits. Its pages are constant.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::{Failure, Outcome, fail};
use crate::faults::{Fault, has};

const PATH: &str = "/callback";
const LONGEST_REQUEST: usize = 16 << 10;
const MOST_CONNECTIONS: usize = 64;

/// The parameters of an authorization response, each there at most once.
pub(crate) type Parameters = Vec<(String, String)>;

pub(crate) fn value<'p>(parameters: &'p Parameters, name: &str) -> Option<&'p str> {
    parameters.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
}

/// A listener that nobody has been told of yet.
pub(crate) struct Callback {
    listener: TcpListener,
    authority: String,
}

impl Callback {
    pub(crate) fn listen() -> Outcome<Self> {
        let host = if has(Fault::ListensEverywhere) { "0.0.0.0" } else { "127.0.0.1" };
        let listener = TcpListener::bind((host, 0));
        let listener = listener.and_then(|it| it.set_nonblocking(true).map(|()| it));
        let unbound = |error| Failure::new(format!("no callback can be received: {error}"));
        let listener = listener.map_err(unbound)?;
        let port = listener.local_addr().map_err(unbound)?.port();
        Ok(Self { listener, authority: format!("127.0.0.1:{port}") })
    }

    pub(crate) fn redirect(&self) -> String {
        format!("http://{}{PATH}", self.authority)
    }

    /// Waits for the answer to the flow of this `state`.
    pub(crate) fn wait(self, state: &str, patience: Duration) -> Outcome<Parameters> {
        let end = Instant::now() + patience;
        let (send, answers) = mpsc::channel();
        let door = Arc::new(Door { authority: self.authority.clone(), state: state.to_owned() });
        let mut connections = 0;
        loop {
            match self.listener.accept() {
                Ok((stream, _)) if connections < MOST_CONNECTIONS => {
                    connections += 1;
                    let (door, send) = (Arc::clone(&door), send.clone());
                    thread::spawn(move || door.answer(stream).map(|found| send.send(found)));
                }
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return fail(format!("no callback can be received: {error}")),
            }
            match answers.recv_timeout(Duration::from_millis(5)) {
                Ok(found) => {
                    self.stay_open(&door);
                    return Ok(found);
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
            if Instant::now() >= end && !has(Fault::WaitsForever) {
                return fail("nobody signed in in time");
            }
        }
    }

    /// With the fault, goes on answering after the answer was taken.
    fn stay_open(self, door: &Arc<Door>) {
        if has(Fault::CallbackStaysOpen) && self.listener.set_nonblocking(false).is_ok() {
            let door = Arc::clone(door);
            thread::spawn(move || {
                for stream in self.listener.incoming().flatten() {
                    door.answer(stream);
                }
            });
        }
    }
}

struct Door {
    authority: String,
    state: String,
}

impl Door {
    /// Reads one request and replies to it. Gives back what it brought if that was the answer.
    fn answer(&self, mut stream: TcpStream) -> Option<Parameters> {
        let head = head(&mut stream)?;
        let (status, found) = match self.judge(&head) {
            Ok(found) => ("200 OK", Some(found)),
            Err(status) => (status, None),
        };
        let mut page = match &found {
            Some(_) => "You can close this window and go back to the program.".to_owned(),
            None => "This is not the answer that is waited for.".to_owned(),
        };
        let said = found.as_ref().and_then(|found| value(found, "error_description"));
        if let Some(said) = said.filter(|_| has(Fault::PageReflects)) {
            page.push_str(said);
        }
        let reply = format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
             Cache-Control: no-store\r\nContent-Security-Policy: default-src 'none'\r\n\
             Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n\
             Connection: close\r\n\r\n{page}",
            page.len()
        );
        stream.write_all(reply.as_bytes()).ok();
        found
    }

    fn judge(&self, head: &str) -> Result<Parameters, &'static str> {
        let mut lines = head.split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ');
        let (Some(method), Some(target), Some(_)) = (words.next(), words.next(), words.next())
        else {
            return Err("400 Bad Request");
        };
        if method != "GET" && !has(Fault::CallbackAnyMethod) {
            return Err("405 Method Not Allowed");
        }
        let hosts: Vec<&str> = lines
            .filter_map(|line| line.split_once(':'))
            .filter(|(name, _)| name.eq_ignore_ascii_case("host"))
            .map(|(_, value)| value.trim())
            .collect();
        if hosts != [self.authority.as_str()] && !has(Fault::CallbackAnyHost) {
            return Err("421 Misdirected Request");
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if path != PATH && !has(Fault::CallbackAnyPath) {
            return Err("404 Not Found");
        }
        let found: Parameters = url::form_urlencoded::parse(query.as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        let is_twice =
            |(name, _): &(String, String)| found.iter().filter(|(it, _)| it == name).count() > 1;
        if found.iter().any(is_twice) && !has(Fault::DoubledParametersAccepted) {
            return Err("400 Bad Request");
        }
        let is_mine = match value(&found, "state") {
            Some(state) => {
                state == self.state
                    || has(Fault::StateUnchecked)
                    || (state.get(..8) == self.state.get(..8) && has(Fault::StatePrefixAccepted))
                    || (state.eq_ignore_ascii_case(&self.state) && has(Fault::StateCaseIgnored))
            }
            None => has(Fault::StateAbsentAccepted) || has(Fault::StateMissing),
        };
        if is_mine { Ok(found) } else { Err("400 Bad Request") }
    }
}

/// The request line and headers, if they come soon and are short.
fn head(stream: &mut TcpStream) -> Option<String> {
    stream.set_nonblocking(false).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    stream.set_write_timeout(Some(Duration::from_secs(2))).ok()?;
    let mut text = Vec::new();
    let mut part = [0; 2048];
    while text.len() < LONGEST_REQUEST {
        let read = stream.read(&mut part).ok().filter(|read| *read > 0)?;
        text.extend_from_slice(&part[..read]);
        if let Some(end) = text.windows(4).position(|four| four == b"\r\n\r\n") {
            return Some(String::from_utf8_lossy(&text[..end]).into_owned());
        }
    }
    None
}
