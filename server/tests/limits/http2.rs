//! HTTP/2, spoken well and badly.

use std::time::Instant;

use lookout_server::config::Seconds;

use crate::peer::{LONG, Peer, odd_routes, quick, server};

const SETTINGS: u8 = 4;
const RST_STREAM: u8 = 3;
const HEADERS: u8 = 1;
const PING: u8 = 6;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a frame").to_be_bytes();
    let head = [length[1], length[2], length[3], kind, flags];
    [&head[..], &stream.to_be_bytes(), payload].concat()
}

/// A connection after both prefaces.
fn connect(base: &str) -> Peer {
    let mut peer = Peer::connect(base);
    peer.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    peer.send(&frame(SETTINGS, 0, 0, b""));
    peer.send(&frame(SETTINGS, 1, 0, b""));
    peer
}

/// The header block of `GET path`.
fn get(host: &str, path: &str) -> Vec<u8> {
    let text = |name: u8, value: &str| {
        let length = u8::try_from(value.len()).expect("a short value");
        [&[name, length], value.as_bytes()].concat()
    };
    // GET and http are entries of the static table; :path and :authority are names of it.
    [vec![0x82, 0x86], text(0x04, path), text(0x01, host)].concat()
}

/// A client that speaks nothing else.
pub(crate) fn client() -> reqwest::Client {
    // Another test may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().http2_prior_knowledge().build().expect("a client")
}

#[test]
fn a_well_behaved_client_is_answered() {
    let server = server(|_| {});
    let client = client();
    let base = &server.base;
    server.runtime.block_on(async {
        for _ in 0..3 {
            let reply = client.get(format!("{base}/sign-in")).send().await.expect("an answer");
            assert_eq!(reply.version(), reqwest::Version::HTTP_2);
            assert_eq!(reply.status(), 200);
        }
        let elsewhere = client.get(format!("{base}/sign-in")).header("host", "evil.example");
        assert!(elsewhere.send().await.is_ok_and(|reply| reply.status() == 421));
    });
}

/// Asks and takes it back, again and again, at once or when the server has begun with it; whether the server ends that.
fn resets(base: &str, at_once: bool) -> bool {
    let mut peer = connect(base);
    let block = get(&peer.host, "/slow");
    let began = Instant::now();
    for stream in (1_u32..).step_by(2) {
        peer.send(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &block));
        if at_once {
            if stream % 64 == 1 && peer.is_closed() {
                return true;
            }
        } else {
            peer.send(&frame(PING, 0, 0, &[0; 8]));
            // The answer comes after the request was looked at.
            while match peer.frame() {
                None => return true,
                Some(seen) => seen != (PING, 1),
            } {}
        }
        peer.send(&frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
        if began.elapsed() > LONG {
            return false;
        }
    }
    true
}

#[test]
fn a_client_that_takes_back_what_it_asks_is_cut_off() {
    let protected = server(|limits| limits.cancelled_streams = 50);
    let (base, _stop) = odd_routes(&protected);
    assert!(resets(&base, false), "slow resets go on");
    assert!(resets(&base, true), "rapid resets go on");
    let open = server(|limits| limits.cancelled_streams = 1 << 30);
    let (base, _stop) = odd_routes(&open);
    assert!(!resets(&base, false), "something else ends slow resets");
}

#[test]
fn headers_without_end_are_cut_off() {
    let server = server(|_| {});
    let mut peer = connect(&server.base);
    let block = get(&peer.host, "/sign-in");
    peer.send(&frame(HEADERS, END_STREAM, 1, &block));
    let more = frame(CONTINUATION, 0, 1, &[0x82; 16_000]);
    assert!((0..2000).any(|_| {
        peer.send(&more);
        peer.is_closed()
    }));
}

#[test]
fn headers_that_are_never_finished_are_cut_off() {
    let attack = |base: &str| {
        let mut peer = connect(base);
        let block = get(&peer.host, "/sign-in");
        peer.send(&frame(HEADERS, END_STREAM, 1, &block));
        peer.lasts(b"", true).is_some()
    };
    assert!(attack(&server(quick).base));
    let open = server(|limits| {
        quick(limits);
        limits.header_seconds = Seconds(3600.0);
        limits.idle_seconds = Seconds(3600.0);
    });
    assert!(!attack(&open.base));
}
