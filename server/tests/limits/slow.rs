//! Peers that take their time.

use std::time::Duration;

use lookout_server::config::{LimitSettings, Seconds};

use crate::peer::{Peer, odd_routes, quick, server};
use crate::serving::Serving;

const NEVER: Seconds = Seconds(3600.0);

/// Ends with the limits of [`quick`], and goes on for as long as it likes without the one that `without` takes away.
#[track_caller]
fn ends_only_by(without: impl FnOnce(&mut LimitSettings), attack: impl Fn(&Serving) -> bool) {
    let protected = server(quick);
    assert!(attack(&protected), "the attack goes on");
    assert_eq!(protected.send("GET", "/sign-in", &[], None).status, 200);
    let open = server(|limits| {
        quick(limits);
        without(limits);
    });
    assert!(!attack(&open), "something else ends the attack, so this shows nothing");
}

#[test]
fn a_connection_that_says_nothing_is_closed() {
    ends_only_by(
        |limits| limits.header_seconds = NEVER,
        |server| Peer::connect(&server.base).lasts(b"", true).is_some(),
    );
}

#[test]
fn headers_that_come_a_byte_at_a_time_are_cut_off() {
    ends_only_by(
        |limits| limits.header_seconds = NEVER,
        |server| {
            let mut peer = Peer::connect(&server.base);
            peer.send(b"GET / HTTP/1.1\r\nx: ");
            peer.lasts(b"y", true).is_some()
        },
    );
}

#[test]
fn so_are_those_of_a_later_request() {
    ends_only_by(
        |limits| limits.header_seconds = NEVER,
        |server| {
            let mut peer = Peer::connect(&server.base);
            peer.request("GET /sign-in", "", b"");
            assert_eq!(peer.response().0, 200);
            peer.send(b"P");
            peer.lasts(b"y", true).is_some()
        },
    );
}

#[test]
fn a_connection_without_a_further_request_is_closed() {
    ends_only_by(
        |limits| limits.idle_seconds = NEVER,
        |server| {
            let mut peer = Peer::connect(&server.base);
            peer.request("GET /sign-in", "", b"");
            assert_eq!(peer.response().0, 200);
            peer.lasts(b"", true).is_some()
        },
    );
}

#[test]
fn a_body_that_comes_a_byte_at_a_time_is_refused() {
    let headers = "content-type: application/json\r\ncontent-length: 9000\r\n";
    let chunked = "content-type: application/json\r\ntransfer-encoding: chunked\r\n";
    for (headers, next) in [(headers, &b" "[..]), (chunked, b"1\r\n \r\n")] {
        ends_only_by(
            |limits| limits.body_seconds = NEVER,
            |server| {
                let mut peer = Peer::connect(&server.base);
                peer.request("POST /oauth/register", headers, b"");
                peer.lasts(next, true).is_some()
            },
        );
    }
    let server = server(quick);
    let mut peer = Peer::connect(&server.base);
    peer.request("POST /oauth/register", headers, b"{");
    let (status, text) = peer.response();
    assert!(status == 408 && text.contains("took too long"), "{text}");
    assert!(peer.rest().is_empty());
}

#[test]
fn a_peer_that_reads_nothing_is_cut_off() {
    ends_only_by(
        |limits| limits.response_seconds = NEVER,
        |server| {
            let (base, _stop) = odd_routes(server);
            let mut peer = Peer::connect(&base);
            // More than the system keeps for a connection.
            for _ in 0..20 {
                peer.request("GET /large", "", b"");
            }
            peer.lasts(b"G", false).is_some()
        },
    );
}

#[test]
fn a_peer_that_reads_slowly_gets_everything() {
    let server = server(|limits| limits.response_seconds = Seconds(2.0));
    let (base, _stop) = odd_routes(&server);
    let mut peer = Peer::connect(&base);
    peer.request("GET /huge", "connection: close\r\n", b"");
    let read = peer.read_slowly(256 << 10, Duration::from_millis(50));
    assert!(read > 32 << 20, "cut off after {read} bytes");
}

#[test]
fn good_traffic_is_answered_meanwhile() {
    let server = server(|limits| limits.header_seconds = Seconds(60.0));
    let mut peers: Vec<Peer> = (0..300).map(|_| Peer::connect(&server.base)).collect();
    for peer in &mut peers {
        peer.request("POST /oauth/register", "content-length: 100\r\n", b"{");
    }
    for _ in 0..20 {
        assert_eq!(server.send("GET", "/sign-in", &[], None).status, 200);
    }
}
