//! Resolving names, except to where a remote server must not send its client.
//!
//! The check of a URL sees a name; what the name stands for is known here alone, and what passes here is what is connected to.

use std::io;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::endpoint::Endpoint;

pub(super) struct Resolver {
    endpoint: Endpoint,
    /// The hosts of proxies, which no server named and which may be on this machine.
    proxies: Arc<[String]>,
}

impl Resolver {
    pub(super) fn new(endpoint: &Endpoint, proxies: Vec<String>) -> Self {
        Self { endpoint: endpoint.clone(), proxies: proxies.into() }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (endpoint, proxies) = (self.endpoint.clone(), Arc::clone(&self.proxies));
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let is_proxy = proxies.iter().any(|proxy| proxy.eq_ignore_ascii_case(name.as_str()));
            let permitted: Vec<_> = found
                .filter(|address| is_proxy || endpoint.permits_address(name.as_str(), address.ip()))
                .collect();
            if permitted.is_empty() {
                return Err(io::Error::new(
                    io::ErrorKind::PermissionDenied,
                    "the name stands for an address that a remote server must not name",
                )
                .into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}
