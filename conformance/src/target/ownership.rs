//! By what right a target is tested.

use crate::target::Target;

/// Where the owner of a server shows the nonce.
pub const WELL_KNOWN: &str = "/.well-known/lookout-conformance";

/// By what right a target is tested, and how its owner shows that it is theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ownership {
    /// Who allows the test. The report repeats it.
    pub authorization: String,
    /// Text that the owner serves at `/.well-known/lookout-conformance`.
    pub nonce: String,
    /// Whether the person at the command line gave the same nonce again, which stands for serving
    /// it.
    pub confirmed: bool,
}

/// The origins that belong to a target: no other is ever contacted.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    origins: Vec<url::Origin>,
    /// Whether everything on this machine belongs to it too.
    loopback: bool,
    /// Whether any host may be contacted.
    anywhere: bool,
}

impl Hosts {
    /// Those of the target's own addresses, and those it lists.
    pub(crate) fn of(target: &Target) -> Self {
        let own = origins(target).into_iter().map(|url| url.origin());
        // What is on this machine may be spoken to either way.
        let secured = target.hosts.iter().map(|host| format!("https://{host}/"));
        let secured = secured.filter_map(|address| url::Url::parse(&address).ok());
        Self {
            origins: own.chain(secured.map(|url| url.origin())).collect(),
            loopback: is_loopback(&target.url),
            anywhere: false,
        }
    }

    /// Every host: for documents that are published for everybody.
    pub(crate) fn anywhere() -> Self {
        Self { origins: Vec::new(), loopback: true, anywhere: true }
    }

    pub(crate) fn include(&self, address: &str) -> bool {
        if self.anywhere {
            return true;
        }
        if self.loopback && is_loopback(address) {
            return true;
        }
        url::Url::parse(address).is_ok_and(|url| self.origins.contains(&url.origin()))
    }

    /// Why `address` is not contacted, and what to do about it.
    pub(crate) fn refusal(&self, address: &str) -> String {
        match url::Url::parse(address) {
            Ok(url) => format!(
                "{host} is not contacted: when it belongs to the target, add hosts = [\"{host}\"] to \
                 the target file{and}",
                host = authority(&url),
                and = if_plain(address)
            ),
            Err(_) => format!("{address} is no address"),
        }
    }
}

/// The origins of a target: those of `url` and the replicas, and one for each listed host. A listed
/// host is spoken to over TLS, unless it is on this machine or an address of the target says `http`.
pub(crate) fn origins(target: &Target) -> Vec<url::Url> {
    let parsed = |address: &String| url::Url::parse(address).ok().filter(url::Url::has_host);
    let mut origins: Vec<url::Url> =
        [&target.url].into_iter().chain(&target.replicas).filter_map(parsed).collect();
    let named = target.issuer.iter().chain(&target.resource).filter_map(parsed);
    let given: Vec<url::Origin> =
        origins.iter().map(url::Url::origin).chain(named.map(|url| url.origin())).collect();
    for host in &target.hosts {
        let plain = format!("http://{host}/");
        let is_plain = is_loopback(&plain)
            || url::Url::parse(&plain).is_ok_and(|url| given.contains(&url.origin()));
        let address = if is_plain { plain } else { format!("https://{host}/") };
        origins.extend(url::Url::parse(&address));
    }
    origins
}

/// Those origins of a target that are not on this machine, each once.
pub(crate) fn beyond_this_machine(target: &Target) -> Vec<url::Url> {
    let mut beyond: Vec<url::Url> = Vec::new();
    for url in origins(target) {
        if !is_loopback(url.as_str()) && !beyond.iter().any(|have| have.origin() == url.origin()) {
            beyond.push(url);
        }
    }
    beyond
}

/// Whether both are addresses of one origin: scheme, host and effective port (RFC 6454 section 4).
pub(crate) fn is_same_origin(one: &str, other: &str) -> bool {
    match (url::Url::parse(one), url::Url::parse(other)) {
        (Ok(one), Ok(other)) => one.origin() == other.origin(),
        _ => false,
    }
}

/// `name`, or `name:port` when the port is not the usual one.
pub(crate) fn authority(url: &url::Url) -> String {
    let name = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{name}:{port}"),
        None => name.to_owned(),
    }
}

/// What more it takes for an address that is not encrypted.
pub(crate) fn if_plain(address: &str) -> &'static str {
    if address.starts_with("http:") && !is_loopback(address) {
        ", and give it with its http as `issuer` or `resource` too: hosts alone are for https"
    } else {
        ""
    }
}

/// Whether `url` is on this machine: nothing beyond it can be harmed or misled.
pub(crate) fn is_loopback(url: &str) -> bool {
    let Ok(url) = url::Url::parse(url) else { return false };
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_belongs_to_a_target_by_scheme_host_and_port() {
        let mut target = Target::new("https://mcp.example.com/mcp");
        target.hosts = vec!["Auth.example.com".to_owned(), "plain.example.com:8080".to_owned()];
        target.issuer = Some("http://plain.example.com:8080/issuer".to_owned());
        target.replicas = vec!["http://b.example.com:9000".to_owned()];
        let hosts = Hosts::of(&target);
        for own in [
            "https://mcp.example.com:443/x",
            "https://auth.example.com/token",
            "http://plain.example.com:8080/token",
            "http://b.example.com:9000/mcp",
        ] {
            assert!(hosts.include(own), "{own}");
        }
        for strange in [
            "http://mcp.example.com/x",
            "https://mcp.example.com:8443/x",
            "http://auth.example.com/token",
            "https://auth.example.com:8443/token",
            "http://b.example.com:90000/mcp",
            "https://b.example.com:9000/mcp",
            "http://127.0.0.1:1/",
        ] {
            assert!(!hosts.include(strange), "{strange}");
        }
        assert!(hosts.refusal("http://auth.example.com/").contains("hosts alone are for https"));
        assert!(!is_same_origin("http://127.0.0.1:80", "http://127.0.0.1:8080/mcp"));
        assert!(is_same_origin("http://127.0.0.1:80", "http://127.0.0.1/mcp"));
    }
}
