//! The classifier of addresses, against tables written as first and last addresses and against what the standard library knows.

#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use lookout_server::client_documents::rules::Rules;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

/// Everything that is not public, from first to last (IANA's registries of special-purpose IPv4 addresses and of the IPv4 address space).
const SPECIAL_V4: [(&str, &str); 21] = [
    ("0.0.0.0", "0.255.255.255"),
    ("10.0.0.0", "10.255.255.255"),
    ("100.64.0.0", "100.127.255.255"),
    ("127.0.0.0", "127.255.255.255"),
    ("168.63.129.16", "168.63.129.16"),
    ("169.254.0.0", "169.254.255.255"),
    ("172.16.0.0", "172.31.255.255"),
    ("192.0.0.0", "192.0.0.255"),
    ("192.0.2.0", "192.0.2.255"),
    ("192.31.196.0", "192.31.196.255"),
    ("192.52.193.0", "192.52.193.255"),
    ("192.88.99.0", "192.88.99.255"),
    ("192.168.0.0", "192.168.255.255"),
    ("192.175.48.0", "192.175.48.255"),
    ("198.18.0.0", "198.19.255.255"),
    ("198.51.100.0", "198.51.100.255"),
    ("203.0.113.0", "203.0.113.255"),
    ("224.0.0.0", "239.255.255.255"),
    ("240.0.0.0", "255.255.255.254"),
    ("255.255.255.255", "255.255.255.255"),
    // The same metadata address twice does no harm.
    ("169.254.169.254", "169.254.169.254"),
];

/// Everything of IPv6 that is not public, from first to last.
const SPECIAL_V6: [(&str, &str); 7] = [
    // Unspecified, loopback, IPv4-mapped, NAT64, discard-only, and all else that is not assigned.
    ("::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff"),
    ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
    // Unique local, link-local, multicast, and all else that is not assigned.
    ("4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
];

/// Places inside, by what they are called.
const INSIDE: [&str; 22] = [
    "127.0.0.1",
    "169.254.169.254",
    "100.100.100.200",
    "192.0.0.192",
    "168.63.129.16",
    "0.0.0.0",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "2a00:1450:4001:800:0:5efe:10.0.0.1",
];

const PUBLIC: [&str; 10] = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "2606:4700:4700::1111",
    "2a00:1450:4001:800::200e",
    "2001:4860:4860::8888",
];

fn v4(text: &str) -> u32 {
    text.parse::<Ipv4Addr>().unwrap().into()
}

fn v6(text: &str) -> u128 {
    text.parse::<Ipv6Addr>().unwrap().into()
}

fn special_v4(address: u32) -> bool {
    SPECIAL_V4.iter().any(|(first, last)| (v4(first)..=v4(last)).contains(&address))
}

fn special_v6(address: u128) -> bool {
    let isatap = matches!((address >> 32) as u32, 0x0000_5efe | 0x0200_5efe);
    isatap || SPECIAL_V6.iter().any(|(first, last)| (v6(first)..=v6(last)).contains(&address))
}

/// Whether `is_public` agrees with the tables at every edge of every block, and beside it.
pub(crate) fn agrees_at_the_edges(is_public: fn(IpAddr) -> bool) -> bool {
    let ends_v4 = SPECIAL_V4.iter().flat_map(|(first, last)| [v4(first), v4(last)]);
    let near_v4 = ends_v4.flat_map(|end| [end.wrapping_sub(1), end, end.wrapping_add(1)]);
    let ends_v6 = SPECIAL_V6.iter().flat_map(|(first, last)| [v6(first), v6(last)]);
    let near_v6 = ends_v6.flat_map(|end| [end.wrapping_sub(1), end, end.wrapping_add(1)]);
    near_v4.into_iter().all(|bits| is_public(Ipv4Addr::from(bits).into()) != special_v4(bits))
        && near_v6
            .into_iter()
            .all(|bits| is_public(Ipv6Addr::from(bits).into()) != special_v6(bits))
        && INSIDE.iter().all(|text| !is_public(text.parse().unwrap()))
        && PUBLIC.iter().all(|text| is_public(text.parse().unwrap()))
}

#[test]
fn every_edge_of_every_special_block_is_known() {
    assert!(agrees_at_the_edges(Rules::STRICT.address_is_public));
}

#[test]
fn every_network_of_ipv4_is_classified_like_the_table() {
    let is_public = Rules::STRICT.address_is_public;
    for network in 0..1_u32 << 16 {
        for host in [0, 1, 0x0100, 0x8110, 0xa9fe, 0xffff] {
            let bits = network << 16 | host;
            let address = Ipv4Addr::from(bits);
            assert_eq!(is_public(address.into()), !special_v4(bits), "{address}");
        }
    }
}

fn cases() -> Config {
    Config {
        cases: 20_000,
        rng_seed: RngSeed::Fixed(0x10_c0_07),
        failure_persistence: None,
        ..Config::default()
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn any_ipv4_address_is_classified_like_the_table(bits: u32) {
        let address = Ipv4Addr::from(bits);
        let is_public = (Rules::STRICT.address_is_public)(address.into());
        prop_assert_eq!(is_public, !special_v4(bits), "{}", address);
        let is_known_to_be_special = address.is_loopback()
            || address.is_private()
            || address.is_link_local()
            || address.is_multicast()
            || address.is_broadcast()
            || address.is_documentation()
            || address.is_unspecified();
        prop_assert!(!(is_public && is_known_to_be_special), "{}", address);
        // However an IPv4 address is dressed up, it is not a public IPv6 address.
        let [high, low] = [bits >> 16, bits & 0xffff].map(|half| half as u16);
        let dressed = [
            address.to_ipv6_mapped(),
            address.to_ipv6_compatible(),
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, high, low),
            Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
            Ipv6Addr::new(0x2001, 0, high, low, 0, 0, !high, !low),
            Ipv6Addr::new(0x2a00, 1, 2, 3, 0, 0x5efe, high, low),
        ];
        for dressed in dressed {
            prop_assert!(!(Rules::STRICT.address_is_public)(dressed.into()), "{}", dressed);
        }
    }

    #[test]
    fn any_ipv6_address_is_classified_like_the_table(top in prop_oneof![any::<u16>(), 0x2000_u16..0x2004, 0x2620_u16..=0x2620, 0x3ff0_u16..0x4000], rest: u128) {
        let bits = u128::from(top) << 112 | rest >> 16;
        let address = Ipv6Addr::from(bits);
        let is_public = (Rules::STRICT.address_is_public)(address.into());
        prop_assert_eq!(is_public, !special_v6(bits), "{}", address);
        let is_known_to_be_special = address.is_loopback()
            || address.is_multicast()
            || address.is_unspecified()
            || address.is_unique_local()
            || address.is_unicast_link_local();
        prop_assert!(!(is_public && is_known_to_be_special), "{}", address);
    }
}
