//! F9: addresses, as 4 and as 16 bytes against ranges of numbers, and as the text of a host in any spelling.

use std::net::{Ipv4Addr, Ipv6Addr};

use lookout_server::client_documents::address::is_public;
use lookout_server::client_documents::location::{Location, Places};
use url::{Host, Url};

pub(crate) fn check(bytes: &[u8]) {
    if let Some(bytes) = bytes.first_chunk::<4>() {
        let address = Ipv4Addr::from(*bytes);
        assert_eq!(is_public(address.into()), !is_special_v4(u32::from(address)), "{address}");
        assert!(!is_public(address.to_ipv6_mapped().into()), "{address}");
    }
    if let Some(bytes) = bytes.first_chunk::<16>() {
        let address = Ipv6Addr::from(*bytes);
        assert_eq!(is_public(address.into()), !is_special_v6(u128::from(address)), "{address}");
    }
    let text = String::from_utf8_lossy(bytes);
    let is_number = |host: Option<Host<&str>>| matches!(host, Some(Host::Ipv4(_) | Host::Ipv6(_)));
    let id = format!("https://{text}/client.json");
    if let Ok(url) = Url::parse(&id)
        && is_number(url.host())
    {
        let places = Places { ports: vec![443], ..Places::default() };
        assert!(Location::parse(&id, &places).is_err(), "{id:?}");
    }
}

fn is_special_v4(bits: u32) -> bool {
    let [a, b, c, d] = bits.to_be_bytes();
    match a {
        0 | 10 | 127 | 224..=255 => true,
        100 => (64..128).contains(&b),
        168 => [b, c, d] == [63, 129, 16],
        169 => b == 254,
        172 => (16..32).contains(&b),
        192 => {
            let blocks = [(0, 0), (0, 2), (31, 196), (52, 193), (88, 99), (175, 48)];
            b == 168 || blocks.contains(&(b, c))
        }
        198 => b == 18 || b == 19 || (b, c) == (51, 100),
        203 => (b, c) == (0, 113),
        _ => false,
    }
}

fn is_special_v6(bits: u128) -> bool {
    let segment = |index: u32| (bits >> (112 - 16 * index)) as u16;
    let (first, second) = (segment(0), segment(1));
    let is_global = (0x2000..=0x3fff).contains(&first);
    let is_block = match first {
        0x2001 => second < 0x200 || second == 0xdb8,
        0x2002 => true,
        0x2620 => (second, segment(2)) == (0x4f, 0x8000),
        0x3fff => second < 0x1000,
        _ => false,
    };
    let is_isatap = segment(5) == 0x5efe && matches!(segment(4), 0 | 0x200);
    !is_global || is_block || is_isatap
}
