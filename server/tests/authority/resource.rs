//! The two resources, and how they are named.

use lookout_schema::{Scope, ScopeSet};
use lookout_server::authority::{Issuer, OAuthError, OAuthErrorCode, Policy, Resource};

#[test]
fn a_resource_has_one_path_one_indicator_and_one_metadata_address() {
    let issuer = Issuer::new("https://lookout.example");
    assert_eq!(issuer.as_str(), "https://lookout.example");
    let resources = [
        (Resource::Mcp, "/mcp", ScopeSet::all()),
        (Resource::McpReadonly, "/mcp/readonly", ScopeSet::of(&[Scope::McpRead])),
    ];
    assert_eq!(Resource::ALL.len(), resources.len());
    for (resource, path, scopes) in resources {
        assert_eq!(resource.path(), path);
        assert_eq!(resource.scopes(), scopes);
        assert_eq!(Resource::from_path(path), Some(resource));
        assert_eq!(resource.uri(&issuer), format!("https://lookout.example{path}"));
        assert_eq!(
            resource.metadata_address(&issuer),
            format!("https://lookout.example/.well-known/oauth-protected-resource{path}")
        );
    }
    for path in ["", "/", "/mcp/", "/MCP", "/mcp/readonly/", "/mcp/other"] {
        assert_eq!(Resource::from_path(path), None, "{path:?}");
    }
}

#[test]
fn only_the_published_indicators_are_accepted_and_none_means_the_whole_endpoint() {
    let issuer = Issuer::new("https://lookout.example");
    let accepted = |named: Option<&str>| (Policy::STRICT.resource_accepted)(&issuer, named);
    assert_eq!(accepted(None), Some(Resource::Mcp));
    for &resource in Resource::ALL {
        let uri = resource.uri(&issuer);
        assert_eq!(accepted(Some(&uri)), Some(resource));
        let near = [
            format!("{uri}/"),
            format!("{uri}?x"),
            format!("{uri}#"),
            uri.to_uppercase(),
            uri.replace("https", "http"),
            uri.replace(".example", ".example:443"),
            resource.path().to_owned(),
            uri[..uri.len() - 1].to_owned(),
        ];
        for near in near {
            assert_eq!(accepted(Some(&near)), None, "{near:?}");
        }
    }
    for other in ["", "https://lookout.example", "https://evil.example/mcp"] {
        assert_eq!(accepted(Some(other)), None, "{other:?}");
    }
}

#[test]
fn an_error_is_printed_with_its_code_and_its_sentence() {
    let error = OAuthError::new(OAuthErrorCode::InvalidScope, "ask for less");
    assert_eq!(error.to_string(), "invalid_scope: ask for less");
}
