//! Discovery, hosts, origins, and the deployment switch.

use serde_json::json;

use crate::browser::Browser;
use crate::server::Server;

const PAGES_OF_EXTERNAL_ACCESS: [&str; 14] = [
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-protected-resource/mcp",
    "/.well-known/oauth-protected-resource/mcp/readonly",
    "/.well-known/oauth-authorization-server",
    "/oauth/authorize",
    "/w/demo/mcp",
    "/w/demo/mcp/reference",
    "/w/demo/mcp/reference.json",
    "/w/demo/mcp/reference.md",
    "/w/demo/mcp/tokens",
    "/w/demo/mcp/tokens/test",
    "/w/demo/mcp/clients",
    "/w/demo/mcp/activity",
    "/mcp",
];

#[test]
fn each_resource_is_described_where_clients_look() {
    let server = Server::start();
    let base = &server.base;
    let cases = [
        ("", "/mcp", json!(["mcp:read", "mcp:write"])),
        ("/mcp", "/mcp", json!(["mcp:read", "mcp:write"])),
        ("/mcp/readonly", "/mcp/readonly", json!(["mcp:read"])),
    ];
    for (suffix, resource, scopes) in cases {
        let reply = server.get(&format!("/.well-known/oauth-protected-resource{suffix}"), &[]);
        assert_eq!((reply.status, reply.header("content-type")), (200, "application/json"));
        let document = reply.json();
        assert_eq!(document["resource"], format!("{base}{resource}"));
        assert_eq!(document["authorization_servers"], json!([base]));
        assert_eq!(document["scopes_supported"], scopes);
        assert_eq!(document["bearer_methods_supported"], json!(["header"]));
    }
}

#[test]
fn the_authorization_server_describes_itself() {
    let server = Server::start();
    let base = &server.base;
    let document = server.get("/.well-known/oauth-authorization-server", &[]).json();
    let methods = json!(["none", "client_secret_basic", "client_secret_post"]);
    let expected = json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/oauth/authorize"),
        "token_endpoint": format!("{base}/oauth/token"),
        "registration_endpoint": format!("{base}/oauth/register"),
        "revocation_endpoint": format!("{base}/oauth/revoke"),
        "scopes_supported": ["mcp:read", "mcp:write"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "authorization_response_iss_parameter_supported": true,
        "service_documentation": format!("{base}/settings/integrations"),
        "client_id_metadata_document_supported": true,
    });
    assert_eq!(document, expected);
}

#[test]
fn no_header_of_a_request_changes_an_address() {
    let server = Server::start();
    let path = "/.well-known/oauth-authorization-server";
    let plain = server.get(path, &[]).text;
    let forwarded = [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "host=evil.example"),
    ];
    assert_eq!(server.get(path, &forwarded).text, plain);
    let port = server.base.rsplit(':').next().unwrap();
    for host in ["localhost", "LOCALHOST", "[::1]"] {
        let reply = server.get(path, &[("host", &format!("{host}:{port}"))]);
        assert_eq!((reply.status, &reply.text), (200, &plain), "{host}");
    }
    for host in
        ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example", "127.0.0.1.nip.io"]
    {
        for path in [path, "/", "/oauth/authorize", "/nowhere", "/assets/lookout.css"] {
            assert_eq!(server.get(path, &[("host", host)]).status, 421, "{host} {path}");
        }
    }
}

#[test]
fn behind_tls_the_server_answers_to_its_public_name() {
    let public = "https://lookout.example";
    let server = Server::start_with(|settings| settings.public_url = Some(public.to_owned()));
    let path = "/.well-known/oauth-authorization-server";
    for host in ["lookout.example", "lookout.example:443"] {
        assert_eq!(server.get(path, &[("host", host)]).json()["issuer"], public, "{host}");
    }
    for host in ["lookout.example:8443", "www.lookout.example", "example"] {
        assert_eq!(server.get(path, &[("host", host)]).status, 421, "{host}");
    }
}

#[test]
fn pages_of_any_origin_read_what_clients_call_and_nothing_that_people_use() {
    let server = Server::start();
    let origin = [("origin", "https://app.example")];
    for path in [
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-authorization-server",
        "/oauth/token",
        "/oauth/register",
        "/oauth/revoke",
    ] {
        let preflight = server.send("OPTIONS", path, &origin, &[]);
        assert_eq!(
            (preflight.status, preflight.header("access-control-allow-origin")),
            (204, "*"),
            "{path}"
        );
        assert_eq!(preflight.header("access-control-allow-credentials"), "");
    }
    let refusal = server.post_form("/oauth/token", &[], &origin);
    assert_eq!(refusal.header("access-control-allow-origin"), "*");
    for path in ["/oauth/authorize", "/oauth/consent", "/", "/sign-in", "/w/demo/mcp/tokens"] {
        for method in ["OPTIONS", "GET"] {
            let reply = server.send(method, path, &origin, &[]);
            assert_eq!(reply.header("access-control-allow-origin"), "", "{method} {path}");
        }
    }
}

#[test]
fn without_external_access_there_is_no_trace_of_it() {
    let server = Server::start_with(|settings| settings.external_access = false);
    let mut browser = Browser::signed_in(&server);
    for path in PAGES_OF_EXTERNAL_ACCESS {
        assert_eq!(browser.get(path).status, 404, "{path}");
    }
    for path in [
        "/oauth/register",
        "/oauth/token",
        "/oauth/revoke",
        "/oauth/consent",
        "/mcp",
        "/mcp/readonly",
    ] {
        assert_eq!(server.post_form(path, &[], &[]).status, 404, "{path}");
    }
    for path in ["/", "/settings/integrations"] {
        let page = browser.get(path);
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.text.contains("mcp"), "{}", page.text);
    }
}

#[test]
fn with_external_access_all_of_it_is_there() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server);
    for path in PAGES_OF_EXTERNAL_ACCESS {
        assert_ne!(browser.get(path).status, 404, "{path}");
    }
}
