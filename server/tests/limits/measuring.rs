//! The address of `/metrics`.

use std::net::TcpListener;

use crate::peer::Peer;
use crate::stop::Running;

#[test]
fn a_few_connections_are_open_for_metrics_and_none_of_them_for_long() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = free.local_addr().expect("an address");
    drop(free);
    let _running = Running::with_settings(&format!("[metrics]\nlisten = \"{address}\"\n"));
    let base = format!("http://{address}");
    let scrape = || {
        let mut peer = Peer::connect(&base);
        peer.request("GET /metrics", "", b"");
        peer.response()
    };
    let (status, text) = scrape();
    assert!(status == 200 && text.contains("lookout_connections "), "{text}");
    let mut silent: Vec<Peer> = (0..16).map(|_| Peer::connect(&base)).collect();
    assert_eq!(scrape().0, 200);
    assert!(silent.iter_mut().any(Peer::is_closed), "there was room for one more");
    let mut slow = Peer::connect(&base);
    slow.send(b"GET /metrics HTTP/1.1\r\nx: ");
    assert!(slow.lasts(b"y", true).is_some(), "headers may take as long as they like");
}
