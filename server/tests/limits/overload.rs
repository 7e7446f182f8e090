//! More than the server can do at once, and handlers that fail.

use std::thread;

use lookout_server::config::Seconds;

use crate::peer::{Peer, odd_routes, server, token};

#[test]
fn what_does_not_fit_is_turned_away_at_once_and_the_rest_is_answered() {
    let limited = server(|limits| {
        limits.requests = 2;
        limits.waiting_requests = 1;
    });
    let unlimited = server(|_| {});
    let answers = |base: &str| {
        let ask = || {
            let mut peer = Peer::connect(base);
            peer.request("GET /slow", "", b"");
            peer.response()
        };
        thread::scope(|scope| {
            let asked: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
            asked.into_iter().map(|one| one.join().expect("an answer")).collect::<Vec<_>>()
        })
    };
    let (base, _stop) = odd_routes(&limited);
    let all = answers(&base);
    let served = all.iter().filter(|(status, _)| *status == 200).count();
    assert!((2..=3).contains(&served), "{all:?}");
    let refused: Vec<_> = all.iter().filter(|(status, _)| *status == 503).collect();
    assert_eq!(refused.len() + served, all.len(), "{all:?}");
    assert!(refused.iter().all(|(_, text)| text.contains("retry-after: 1")), "{refused:?}");
    let (base, _stop) = odd_routes(&unlimited);
    assert!(answers(&base).iter().all(|(status, _)| *status == 200), "there was no overload");
}

#[test]
fn a_body_waits_for_nobody_and_holds_up_nobody() {
    let server = server(|limits| {
        limits.requests = 1;
        limits.waiting_requests = 1;
    });
    let mut peers: Vec<Peer> = (0..10).map(|_| Peer::connect(&server.base)).collect();
    for peer in &mut peers {
        peer.request("POST /oauth/register", "content-length: 100\r\n", b"{");
    }
    assert_eq!(server.send("GET", "/sign-in", &[], None).status, 200);
}

#[test]
fn the_memory_for_bodies_is_bounded() {
    let server = server(|limits| limits.buffered_bytes = 5000);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let refused = server.send("POST", "/oauth/token", &form, Some(&[b'x'; 6000]));
    assert_eq!((refused.status, refused.header("retry-after")), (503, "1"), "{refused:?}");
    let small = server.send("POST", "/oauth/token", &form, Some(&[b'x'; 4000]));
    assert_eq!(small.status, 401, "the memory is given back: {small:?}");
}

#[test]
fn nobody_fills_the_memory_for_the_bodies_of_others() {
    const SENT: usize = (1 << 20) - 1;
    let server = server(|limits| {
        limits.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
        // Those who hold it are not refused for being slow.
        limits.body_seconds = Seconds(3600.0);
    });
    let begin = |from: &str, bearer: &str| {
        let mut peer = Peer::connect(&server.base);
        let headers = format!(
            "content-type: application/json\r\nx-forwarded-for: {from}\r\nauthorization: Bearer {bearer}\r\ncontent-length: {}\r\n",
            SENT + 1
        );
        peer.request("POST /mcp", &headers, &vec![b' '; SENT]);
        peer
    };
    let (status, text) = begin("203.0.113.1", "none").response();
    assert_eq!(status, 401, "a stranger is told before everything was sent: {text}");

    let eve = token(&server, "eve@lookout.example");
    let mut holders: Vec<Peer> = (0..64).map(|_| begin("203.0.113.7", &eve)).collect();
    let refused = holders.iter_mut().skip(60).any(|peer| peer.has_answer());
    assert!(refused, "one address has no more than its share");
    let invented = (0..64).map(|net| begin(&format!("2001:db8:0:{net}::1"), &eve));
    let _invented: Vec<Peer> = invented.collect();
    let ada = token(&server, "ada@lookout.example");
    let mut peer = begin("198.51.100.1", &ada);
    peer.send(b" ");
    assert_eq!(peer.response().0, 400, "others are read whole, and it is no JSON");
}

#[test]
fn a_panic_is_answered_without_its_message_and_ends_nothing() {
    let server = server(|_| {});
    let (base, _stop) = odd_routes(&server);
    let mut peer = Peer::connect(&base);
    for _ in 0..2 {
        peer.request("GET /broken", "", b"");
        let (status, text) = peer.response();
        assert!(status == 503 && text.contains("retry-after: 1"), "{text}");
        assert!(!text.contains("secret") && !text.contains("panic"), "{text}");
    }
    peer.request("GET /draining", "", b"");
    assert_eq!(peer.response().0, 200);
}

#[test]
fn connections_beyond_the_limit_are_turned_away_and_the_next_one_is_not() {
    let server = server(|limits| limits.connections = 2);
    let ask = || {
        let mut peer = Peer::connect(&server.base);
        peer.request("GET /sign-in", "connection: close\r\n", b"");
        peer.response().0
    };
    let holders = [Peer::connect(&server.base), Peer::connect(&server.base)];
    // Reset before it was read, or told.
    assert!([0, 503].contains(&ask()));
    drop(holders);
    let answered = (0..200).any(|_| {
        thread::sleep(std::time::Duration::from_millis(20));
        ask() == 200
    });
    assert!(answered, "a place that was given back can be taken");
}
