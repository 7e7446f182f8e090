//! Which addresses a document may be fetched from: public unicast ones.
//!
//! IPv4 is what the registry of special-purpose addresses leaves over (RFC 6890 and its successors, with multicast and the reserved block). IPv6 is the
//! other way round, an allow-list: of global unicast (2000::/3, RFC 4291 section 2.4) what is not special, so that addresses that carry an IPv4
//! address inside, known or to be invented, are outside. Whether a block of the registry is reachable from everywhere makes no difference: nobody
//! publishes documents there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Blocks of IPv4 that are not public: the first address, and how many bits of it count.
const SPECIAL_V4: [(Ipv4Addr, u32); 18] = [
    // "This network" (RFC 791 section 3.2).
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    // Private use (RFC 1918).
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    // Shared by customers of a provider (RFC 6598); one cloud has its metadata here.
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    // Loopback (RFC 1122 section 3.2.1.3).
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Azure's metadata and agent address, which looks public.
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    // Link-local (RFC 3927), with the metadata address of most clouds.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    // Private use (RFC 1918).
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    // Protocol assignments (RFC 6890), with another cloud's metadata.
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    // Documentation (RFC 5737).
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    // AS112 (RFC 7535), AMT (RFC 7450) and relays of 6to4 (RFC 7526).
    (Ipv4Addr::new(192, 31, 196, 0), 24),
    (Ipv4Addr::new(192, 52, 193, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    // Private use (RFC 1918).
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    // AS112 (RFC 7534).
    (Ipv4Addr::new(192, 175, 48, 0), 24),
    // Benchmarks (RFC 2544).
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    // Documentation (RFC 5737).
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Multicast (RFC 5771), reserved (RFC 1112 section 4) and limited broadcast.
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

/// Global unicast of IPv6.
const GLOBAL_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Blocks of global unicast that are not public.
const SPECIAL_V6: [(Ipv6Addr, u32); 5] = [
    // Protocol assignments (RFC 2928), with Teredo, benchmarks and ORCHID.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    // Documentation (RFC 3849).
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    // 6to4 (RFC 3056), which carries an IPv4 address.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    // AS112 (RFC 7534).
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48),
    // Documentation (RFC 9637).
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Whether `address` is a public unicast address.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !SPECIAL_V4
            .iter()
            .any(|&(first, bits)| (address.to_bits() ^ first.to_bits()).leading_zeros() >= bits),
        IpAddr::V6(address) => {
            let is_in = |&(first, bits): &(Ipv6Addr, u32)| {
                (address.to_bits() ^ first.to_bits()).leading_zeros() >= bits
            };
            is_in(&GLOBAL_V6) && !SPECIAL_V6.iter().any(is_in) && !is_isatap(address)
        }
    }
}

/// An interface identifier that carries an IPv4 address (RFC 5214 section 6.1), whatever the network is.
const fn is_isatap(address: Ipv6Addr) -> bool {
    let [_, _, _, _, flags, mark, _, _] = address.segments();
    mark == 0x5efe && flags & !0x0200 == 0
}
