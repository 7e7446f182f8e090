//! `[client_documents]`: clients whose identifier is the address of their metadata document.

use serde::Deserialize;

use super::ConfigError;

/// `[client_documents]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClientDocumentSettings {
    /// Whether documents are fetched at all. Connections that exist live on without.
    pub enabled: bool,
    /// Whether documents may be on loopback addresses, over http as well. For tests and development only.
    pub allow_loopback: bool,
    /// Ports that documents are fetched from.
    pub ports: Vec<u16>,
    /// Bytes of a document.
    pub largest_bytes: usize,
    /// Milliseconds for one document, from resolving its host's name to the last byte; also how long a failure takes.
    pub timeout_ms: u64,
    /// Documents that are fetched at the same time.
    pub at_once: usize,
    /// Fetches of one document in a minute.
    pub per_minute: usize,
    /// Seconds for which a document that could not be used is not tried again.
    pub failure_kept: u64,
    /// Seconds for which a document holds even if it says less.
    pub fresh_at_least: i64,
    /// Seconds for which a document holds even if it says more.
    pub fresh_at_most: i64,
    /// Addresses whose fetches are remembered for these limits.
    pub remembered: usize,
}

impl Default for ClientDocumentSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            allow_loopback: false,
            ports: vec![443],
            largest_bytes: 5 * 1024,
            timeout_ms: 3000,
            at_once: 4,
            per_minute: 2,
            failure_kept: 30,
            fresh_at_least: 300,
            fresh_at_most: 86_400,
            remembered: 1000,
        }
    }
}

impl ClientDocumentSettings {
    /// Refuses what cannot work, for a server that is (or is not) reached over loopback only.
    pub(super) fn judge(&self, public_is_loopback: bool) -> Result<(), ConfigError> {
        let refuse =
            |key: &str, why: String| Err(ConfigError(format!("client_documents.{key} {why}")));
        if self.allow_loopback && !public_is_loopback {
            let why =
                "is for tests and development; remove it, or make public_url a loopback address";
            return refuse("allow_loopback", why.to_owned());
        }
        if self.ports.is_empty() || self.ports.contains(&0) {
            return refuse("ports", "must name ports, such as [443]".to_owned());
        }
        let counts = [
            ("largest_bytes", self.largest_bytes, 1 << 20),
            ("at_once", self.at_once, 64),
            ("per_minute", self.per_minute, 10_000),
            ("remembered", self.remembered, 100_000),
        ];
        if let Some((key, value, most)) =
            counts.into_iter().find(|(_, value, most)| !(1..=*most).contains(value))
        {
            return refuse(key, format!("is {value}; give 1 to {most}"));
        }
        if !(1..=30_000).contains(&self.timeout_ms) {
            return refuse("timeout_ms", format!("is {}; give 1 to 30000", self.timeout_ms));
        }
        if self.failure_kept > 86_400 {
            return refuse("failure_kept", format!("is {}; give at most 86400", self.failure_kept));
        }
        if !(0..=self.fresh_at_most).contains(&self.fresh_at_least) {
            return refuse(
                "fresh_at_least",
                format!(
                    "is {}; give 0 to fresh_at_most, {}",
                    self.fresh_at_least, self.fresh_at_most
                ),
            );
        }
        if self.fresh_at_most > 30 * 86_400 {
            return refuse(
                "fresh_at_most",
                format!("is {}; give at most 2592000", self.fresh_at_most),
            );
        }
        Ok(())
    }
}
