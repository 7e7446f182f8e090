//! More than the server can do at once, and handlers that fail.

use std::thread;

use lookout_server::config::{Rates, Seconds};

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
    let server = server(|limits| limits.buffered_bytes = 10_000);
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
fn strangers_of_many_networks_leave_those_with_valid_tokens_room() {
    let server = server(|limits| {
        limits.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")];
        limits.rates = Rates::Off;
        limits.body_seconds = Seconds(3600.0);
        limits.buffered_bytes = 2 << 20;
    });
    let hold = |from: &str, bytes: usize| {
        let mut peer = Peer::connect(&server.base);
        let headers = format!(
            "content-type: application/json\r\nx-forwarded-for: {from}\r\nauthorization: Bearer none\r\ncontent-length: 65536\r\n"
        );
        peer.request("POST /mcp", &headers, &vec![b' '; bytes]);
        peer
    };
    let four_networks = (0..4).flat_map(|net| (0..8).map(move |home| (net, home)));
    let mut holders: Vec<Peer> = four_networks
        .map(|(net, home)| hold(&format!("2001:db8:{net}:{home}::1"), 65_535))
        .collect();
    // They take what is left in smaller pieces, until there is no room for one more form.
    let form = |from: &str| {
        let mut peer = Peer::connect(&server.base);
        let headers = format!(
            "content-type: application/x-www-form-urlencoded\r\nx-forwarded-for: {from}\r\ncontent-length: 2000\r\n"
        );
        peer.request("POST /oauth/token", &headers, &[b'x'; 2000]);
        peer.response().0
    };
    let is_full = (0..1000).any(|more| {
        let is_full = form("198.51.100.1") == 503;
        if !is_full {
            holders.push(hold(&format!("2001:db8:{:x}::1", 0x1000 + more), 2000));
        }
        is_full
    });
    assert!(is_full, "strangers fill their half");
    let ada = token(&server, "ada@lookout.example");
    let call = |length: usize| {
        let mut peer = Peer::connect(&server.base);
        let headers = format!(
            "content-type: application/json\r\nx-forwarded-for: 198.51.100.1\r\nauthorization: Bearer {ada}\r\ncontent-length: {length}\r\n"
        );
        peer.request("POST /mcp", &headers, &vec![b' '; length]);
        peer.response().0
    };
    assert_eq!([call(3000), call(1 << 20)], [400; 2], "read whole, and it is no JSON");
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
