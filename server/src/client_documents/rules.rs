//! The rules of fetching, one field a rule.
//!
//! [`Rules::STRICT`] is the server. Any other value exists to show that the tests notice: one field replaced is one planted fault.

use std::net::IpAddr;

use super::{address, response};

/// Every choice that keeps fetching a document from becoming a way into the network.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Whether a document may be fetched from this address.
    pub address_is_public: fn(IpAddr) -> bool,
    /// Whether one address that is not public spoils the whole name.
    pub every_address_is_judged: bool,
    /// Whether the addresses that were judged are the ones that are connected to; otherwise the name is resolved again.
    pub judged_addresses_are_used: bool,
    /// Whether redirects are left alone.
    pub redirects_are_refused: bool,
    /// Whether the certificate of the document's host must be valid.
    pub certificates_are_verified: bool,
    /// Whether proxies that the environment names are left alone: a proxy would resolve the name itself.
    pub proxies_are_ignored: bool,
    /// Whether an answer with this status is a document.
    pub status_is_accepted: fn(u16) -> bool,
    /// Whether an answer of this media type is a document.
    pub media_type_is_accepted: fn(&str) -> bool,
    /// Whether a body of this many bytes is read, given the most.
    pub size_is_accepted: fn(usize, usize) -> bool,
    /// Whether fetching ends when its time is up.
    pub time_is_bounded: bool,
    /// Whether a failure is told only when the time is up, so that it does not tell how far fetching got.
    pub failures_take_all_the_time: bool,
}

impl Rules {
    /// The rules that the server applies.
    pub const STRICT: Self = Self {
        address_is_public: address::is_public,
        every_address_is_judged: true,
        judged_addresses_are_used: true,
        redirects_are_refused: true,
        certificates_are_verified: true,
        proxies_are_ignored: true,
        status_is_accepted: |status| status == 200,
        media_type_is_accepted: response::is_json,
        size_is_accepted: |bytes, most| bytes <= most,
        time_is_bounded: true,
        failures_take_all_the_time: true,
    };
}
