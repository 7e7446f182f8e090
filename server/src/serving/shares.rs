//! What one address may have of something that there is only so much of.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::Network;
use crate::http::address::ClientAddress;

/// How much each holds.
type Held = Mutex<HashMap<(IpAddr, u32), usize>>;

/// Who holds how much of it.
#[derive(Debug)]
pub(super) struct Shares {
    most: usize,
    proxies: Vec<Network>,
    held: Arc<Held>,
}

/// What somebody holds, until it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    most: usize,
    amount: usize,
    owners: Vec<(IpAddr, u32)>,
    held: Arc<Held>,
}

impl Shares {
    /// Of which one household may hold `most`.
    pub(super) fn new(most: usize, proxies: &[Network]) -> Self {
        Self { most, proxies: proxies.to_vec(), held: Arc::default() }
    }

    /// The share of `from`, of which nothing is held yet. On this machine, and behind a proxy, everybody has the same address, so it is not counted.
    pub(super) fn of(&self, from: IpAddr) -> Share {
        let is_shared = from.to_canonical().is_loopback()
            || self.proxies.iter().any(|proxy| proxy.contains(from));
        let owners = if is_shared { Vec::new() } else { ClientAddress(from).counted().to_vec() };
        Share { most: self.most, amount: 0, owners, held: Arc::clone(&self.held) }
    }
}

impl Share {
    /// Holds `more`, unless that is too much.
    pub(super) fn grow(&mut self, more: usize) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = self.owners.iter().all(|owner| {
            let most = self.most.saturating_mul(owner.1 as usize);
            held.get(owner).copied().unwrap_or_default().saturating_add(more) <= most
        });
        if fits {
            for &owner in &self.owners {
                *held.entry(owner).or_default() += more;
            }
            self.amount += more;
        }
        fits
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        for owner in &self.owners {
            let left = held.get(owner).copied().unwrap_or_default() - self.amount;
            if left == 0 {
                held.remove(owner);
            } else {
                held.insert(*owner, left);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_share_and_a_proxy_and_this_machine_have_all() {
        let shares = Shares::new(2, &["10.0.0.0/8".parse().expect("a network")]);
        let mut held = Vec::new();
        let mut takes = |address: &str| {
            let mut share = shares.of(address.parse().expect("an address"));
            let takes = share.grow(1);
            held.push(share);
            takes
        };
        for address in ["203.0.113.1", "2001:db8::1", "::ffff:198.51.100.1"] {
            assert!(takes(address) && takes(address) && !takes(address), "{address}");
        }
        assert!(!takes("2001:db8::2"), "one household has one share");
        assert!(takes("203.0.113.2") && takes("2001:db8:0:1::1"));
        let invented = (2..20).filter(|net| takes(&format!("2001:db8:0:{net}::1"))).count();
        assert_eq!(invented, 13, "a customer with a /48 has no more than eight households");
        assert!(takes("2001:db8:1::1"), "the next customer is not concerned");
        for address in ["127.0.0.1", "::1", "10.1.2.3"] {
            assert!((0..5).all(|_| takes(address)), "{address}");
        }
        held.clear();
        assert!(shares.held.lock().expect("nobody panicked").is_empty());
    }
}
