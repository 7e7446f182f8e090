//! Where an address is: on this machine, in a private network, or anywhere (RFC 6890).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Public,
    Private,
    ThisMachine,
    /// Has a meaning on the link alone, is for a group, or names nobody.
    Special,
}

impl Place {
    /// The place that the URL itself tells; a name tells nothing unless it is one of this machine.
    pub(super) fn of(url: &Url) -> Self {
        match url.host() {
            Some(Host::Ipv4(address)) => of_v4(address),
            Some(Host::Ipv6(address)) => of_v6(address),
            Some(Host::Domain(name)) => {
                let name = name.trim_end_matches('.');
                let local = name == "localhost" || name.ends_with(".localhost");
                if local { Self::ThisMachine } else { Self::Public }
            }
            None => Self::Special,
        }
    }

    pub(super) fn of_address(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => of_v6(address),
        }
    }
}

fn of_v4(address: Ipv4Addr) -> Place {
    let [first, second, ..] = address.octets();
    match first {
        127 => Place::ThisMachine,
        0 | 224.. => Place::Special,
        _ if address.is_link_local() => Place::Special,
        _ if address.is_private() => Place::Private,
        // Shared by the customers of a provider (RFC 6598).
        100 if (64..128).contains(&second) => Place::Private,
        _ => Place::Public,
    }
}

fn of_v6(address: Ipv6Addr) -> Place {
    let segments = address.segments();
    let embedded = |high: u16, low: u16| {
        let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
        of_v4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 1] => Place::ThisMachine,
        [0, 0, 0, 0, 0, 0, 0, 0] => Place::Special,
        // An IPv4 address in another dress: mapped, compatible, translated (RFC 6052), 6to4.
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            embedded(high, low)
        }
        [0x2002, high, low, ..] => embedded(high, low),
        [0xfe80..=0xfebf | 0xff00.., ..] => Place::Special,
        [0xfc00..=0xfdff, ..] => Place::Private,
        _ => Place::Public,
    }
}
