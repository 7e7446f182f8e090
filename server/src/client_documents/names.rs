//! Resolving names, and judging what they stand for in the same step: what passes here is what is connected to.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use super::location::is_loopback_name;
use super::rules::Rules;

/// The addresses of a name, some time later.
pub type Found = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Knows the addresses of names.
pub trait Names: Send + Sync + fmt::Debug {
    /// The addresses of `name`.
    fn addresses(&self, name: &str) -> Found;
}

/// The resolver of the operating system.
#[derive(Debug)]
pub struct SystemNames {
    /// The system's resolver cannot be interrupted, so what was given up still runs, and is counted.
    running: Arc<Semaphore>,
}

impl Default for SystemNames {
    fn default() -> Self {
        Self { running: Arc::new(Semaphore::new(16)) }
    }
}

impl Names for SystemNames {
    fn addresses(&self, name: &str) -> Found {
        let (running, name) = (Arc::clone(&self.running), name.to_owned());
        Box::pin(async move {
            let permit = running.acquire_owned().await.map_err(io::Error::other)?;
            let found = tokio::task::spawn_blocking(move || {
                let _permit = permit;
                (name.as_str(), 0).to_socket_addrs()
            });
            Ok(found.await.map_err(io::Error::other)??.map(|address| address.ip()).collect())
        })
    }
}

/// Names whose every address may be connected to.
pub(super) struct Judged {
    pub(super) names: Arc<dyn Names>,
    pub(super) rules: Rules,
    pub(super) allow_loopback: bool,
}

impl Resolve for Judged {
    fn resolve(&self, name: Name) -> Resolving {
        let (names, rules) = (Arc::clone(&self.names), self.rules);
        let allow_loopback = self.allow_loopback && is_loopback_name(name.as_str());
        Box::pin(async move {
            let mut found = names.addresses(name.as_str()).await?;
            let may_connect = |address: &IpAddr| {
                (rules.address_is_public)(*address) || allow_loopback && address.is_loopback()
            };
            let is_clean = if rules.every_address_is_judged {
                found.iter().all(may_connect)
            } else {
                found.iter().any(may_connect)
            };
            if found.is_empty() || !is_clean {
                let why = "the name has no address, or one that is not public";
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, why).into());
            }
            if !rules.judged_addresses_are_used {
                found = names.addresses(name.as_str()).await?;
            }
            // Port 0 stands for the port of the address that is fetched.
            Ok(Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}
