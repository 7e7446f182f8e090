//! More connections than there is room for.

use std::thread;
use std::time::Duration;

use crate::peer::{Peer, server};

#[test]
fn connections_beyond_the_limit_are_turned_away_and_the_next_one_is_not() {
    let server = server(|limits| limits.connections = 2);
    let ask = || {
        let mut peer = Peer::connect(&server.base);
        peer.request("GET /sign-in", "connection: close\r\n", b"");
        peer.response().0
    };
    let hold = || {
        let mut peer = Peer::connect(&server.base);
        peer.request("POST /oauth/register", "expect: 100-continue\r\ncontent-length: 9\r\n", b"");
        assert_eq!(peer.response().0, 100, "its body is waited for");
        peer
    };
    let holders = [hold(), hold()];
    // Reset before it was read, or told.
    assert!([0, 503].contains(&ask()));
    drop(holders);
    let answered = (0..200).any(|_| {
        thread::sleep(Duration::from_millis(20));
        ask() == 200
    });
    assert!(answered, "a place that was given back can be taken");
}

#[test]
fn idle_connections_of_the_network_with_the_most_of_them_give_way() {
    let server = server(|limits| limits.connections = 4);
    let idle = |address: &str| {
        let mut peer = Peer::connect_from(address, &server.base);
        peer.request("GET /sign-in", "", b"");
        assert_eq!(peer.response().0, 200, "{address}");
        peer
    };
    let mut alone = idle("127.0.1.1");
    let mut crowd = ["127.0.2.1", "127.0.2.2", "127.0.2.3"].map(idle);
    let mut newcomer = idle("127.0.3.1");
    alone.request("GET /sign-in", "", b"");
    assert_eq!(alone.response().0, 200, "others are not concerned");
    newcomer.request("GET /sign-in", "", b"");
    assert_eq!(newcomer.response().0, 200);
    let gave_way = (0..500).any(|_| {
        thread::sleep(Duration::from_millis(10));
        crowd.iter_mut().any(Peer::is_closed)
    });
    assert!(gave_way, "one of them gave way");
    assert_eq!(crowd.iter_mut().map(Peer::is_closed).filter(|&closed| closed).count(), 1);
}

#[test]
fn connections_that_only_began_with_their_headers_give_way() {
    let server = server(|limits| limits.connections = 3);
    let mut slow: Vec<Peer> = (0..3).map(|_| Peer::connect(&server.base)).collect();
    slow.iter_mut().for_each(|peer| peer.send(b"GET / HTTP/1.1\r\nx: "));
    let mut newcomer = Peer::connect(&server.base);
    newcomer.request("GET /sign-in", "", b"");
    assert_eq!(newcomer.response().0, 200);
}
