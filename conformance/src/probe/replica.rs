//! Replicas: one server at several addresses, called by the name they share.

use crate::probe::Probe;
use crate::probe::http::Request;
use crate::target::ownership::is_same_origin;

impl Probe<'_> {
    /// `address` at one of the server's addresses: 0 is the one that was given first.
    pub(crate) fn at_replica(&self, address: &str, replica: usize) -> String {
        let base = replica.checked_sub(1).and_then(|index| self.target.replicas.get(index));
        match (base, url::Url::parse(address)) {
            (Some(base), Ok(url)) => {
                let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
                format!("{}{}{query}", base.trim_end_matches('/'), url.path())
            }
            _ => address.to_owned(),
        }
    }

    /// A replica is one server with the others, so it is called by the name they share.
    pub(super) fn named_as_one(&self, request: &Request) -> Request {
        let shared = url::Url::parse(&self.site.endpoint).ok();
        match shared.as_ref().map(url::Url::authority) {
            Some(authority) if self.is_at_replica(&request.url) => {
                request.clone().header("host", authority)
            }
            _ => request.clone(),
        }
    }

    /// `address`, or when it is at a replica the same at the address that replicas share.
    pub(crate) fn shared_address(&self, address: &str) -> String {
        let shared = url::Url::parse(&self.site.endpoint);
        match (shared, url::Url::parse(address)) {
            (Ok(shared), Ok(url)) if self.is_at_replica(address) => {
                format!("{}{}", shared.origin().ascii_serialization(), url.path())
            }
            _ => address.to_owned(),
        }
    }

    fn is_at_replica(&self, address: &str) -> bool {
        self.target.replicas.iter().any(|base| is_same_origin(base, address))
    }
}
