//! Where metadata may be, in the order in which it is looked for.

use url::Url;

/// The well-known URLs of a resource: with its path inserted, then at the root (RFC 9728 section 3.1).
pub(super) fn resource_candidates(resource: &Url) -> Vec<Url> {
    let mut candidates = Vec::new();
    if resource.path() != "/" {
        candidates
            .push(well_known(resource, &format!("oauth-protected-resource{}", resource.path())));
    }
    let mut root = well_known(resource, "oauth-protected-resource");
    root.set_query(None);
    candidates.push(root);
    candidates
}

/// The well-known URLs of an issuer, in the order that MCP 2026-07-28 basic/authorization gives.
pub(super) fn authority_candidates(issuer: &Url) -> Vec<Url> {
    let path = issuer.path().trim_end_matches('/');
    let mut candidates = vec![
        well_known(issuer, &format!("oauth-authorization-server{path}")),
        well_known(issuer, &format!("openid-configuration{path}")),
    ];
    if !path.is_empty() {
        let mut appended = issuer.clone();
        appended.set_path(&format!("{path}/.well-known/openid-configuration"));
        candidates.push(appended);
    }
    candidates
}

fn well_known(base: &Url, suffix: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("/.well-known/{suffix}"));
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(urls: Vec<Url>) -> Vec<String> {
        urls.into_iter().map(String::from).collect()
    }

    #[test]
    fn well_known_urls_come_in_the_order_of_the_specification() {
        let resource = Url::parse("https://x.example/mcp/readonly").unwrap();
        assert_eq!(
            texts(resource_candidates(&resource)),
            [
                "https://x.example/.well-known/oauth-protected-resource/mcp/readonly",
                "https://x.example/.well-known/oauth-protected-resource",
            ]
        );
        let plain = Url::parse("https://x.example").unwrap();
        assert_eq!(
            texts(authority_candidates(&plain)),
            [
                "https://x.example/.well-known/oauth-authorization-server",
                "https://x.example/.well-known/openid-configuration",
            ]
        );
        let tenant = Url::parse("https://x.example/tenant1").unwrap();
        assert_eq!(
            texts(authority_candidates(&tenant)),
            [
                "https://x.example/.well-known/oauth-authorization-server/tenant1",
                "https://x.example/.well-known/openid-configuration/tenant1",
                "https://x.example/tenant1/.well-known/openid-configuration",
            ]
        );
    }
}
