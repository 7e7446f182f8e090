//! Where a client on this computer waits for the answer to its request.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use url::Url;

/// What the browser shows there. It has an icon, so that the browser asks for none.
const PAGE: &str = "<!doctype html><html lang=en><title>The client</title><link rel=icon href='data:,'><h1>You can close this window</h1>";

/// A listener on a free loopback port. It ends with the process.
pub(crate) struct Callback {
    pub(crate) uri: String,
    heard: Arc<Mutex<Vec<Url>>>,
}

impl Callback {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let heard = Arc::new(Mutex::new(Vec::new()));
        let callback = Self { uri: format!("{origin}/callback"), heard: heard.clone() };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A browser opens connections that it does not use yet, so each has a thread.
                let (origin, heard) = (origin.clone(), heard.clone());
                std::thread::spawn(move || serve(&stream, &origin, &heard));
            }
        });
        callback
    }

    /// Every address that was opened so far, in order.
    pub(crate) fn heard(&self) -> Vec<Url> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Answers one request. Nothing is heard from a connection that ends before it has asked.
fn serve(mut stream: &TcpStream, origin: &str, heard: &Mutex<Vec<Url>>) -> Option<()> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let first = lines.next()?;
    lines.find(String::is_empty)?;
    let target = first.strip_prefix("GET ")?.split(' ').next()?;
    let address = Url::parse(&format!("{origin}{target}")).ok()?;
    heard.lock().unwrap_or_else(PoisonError::into_inner).push(address);
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\nconnection: close\r\n";
    write!(stream, "{head}content-length: {}\r\n\r\n{PAGE}", PAGE.len()).ok()
}
