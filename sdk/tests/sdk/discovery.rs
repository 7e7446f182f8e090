//! Discovery against metadata that is missing, misplaced or lies.

use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use crate::support::{Fake, json_response};

const PATH_PRM: &str = "/.well-known/oauth-protected-resource/mcp";
const ROOT_PRM: &str = "/.well-known/oauth-protected-resource";
const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

/// Expects that nobody is asked and that nothing but discovery was sent.
async fn refuses(fake: &Fake, why: &str) {
    let client = fake.client_with(fake.person(|ask| panic!("the person was sent to {}", ask.url)));
    let error = client.sign_in().await.unwrap_err();
    assert!(error.is_authorization(), "{error:?}");
    assert!(error.to_string().contains(why), "{error}");
    for path in fake.paths().await {
        assert!(path == "/mcp" || path.starts_with("/.well-known/"), "{path} was requested");
    }
}

#[tokio::test]
async fn without_a_challenge_the_well_known_urls_are_tried_in_order() {
    let fake = Fake::start().await;
    let resource = fake.world.lock().unwrap().resource.clone();
    let metadata = fake.world.lock().unwrap().metadata.clone();
    fake.edit(|world| world.challenge = None);
    fake.on(PATH_PRM, |_| ResponseTemplate::new(404));
    fake.on(ROOT_PRM, move |_| json_response(200, &resource));
    fake.on(OAUTH, |_| ResponseTemplate::new(404));
    fake.on(OPENID, move |_| json_response(200, &metadata));

    fake.client().sign_in().await.unwrap();

    assert_eq!(fake.paths().await[..5], ["/mcp", PATH_PRM, ROOT_PRM, OAUTH, OPENID]);
}

#[tokio::test]
async fn the_metadata_url_of_the_challenge_comes_first_and_stands_alone() {
    let fake = Fake::start().await;
    let resource = fake.world.lock().unwrap().resource.clone();
    let origin = fake.origin();
    fake.on("/mcp", move |_| {
        let header = format!(
            r#"Basic realm="x", Bearer resource_metadata="{origin}/elsewhere", scope="mcp:read""#
        );
        ResponseTemplate::new(401).insert_header("www-authenticate", header)
    });
    fake.on("/elsewhere", move |_| json_response(200, &resource));
    fake.client().sign_in().await.unwrap();
    assert_eq!(fake.paths().await[..3], ["/mcp", "/elsewhere", OAUTH]);

    fake.on("/elsewhere", |_| ResponseTemplate::new(404));
    assert!(fake.client().sign_in().await.unwrap_err().is_authorization());
    assert_eq!(fake.paths().await.last().unwrap(), "/elsewhere");
}

#[tokio::test]
async fn metadata_for_another_resource_ends_the_discovery() {
    let fake = Fake::start().await;
    let endpoint = fake.endpoint();
    let port = endpoint.split(':').nth(2).unwrap().to_owned();
    for other in [
        "https://lookout.example/mcp".to_owned(),
        fake.origin(),
        format!("{endpoint}/"),
        format!("{endpoint}/readonly"),
        endpoint.replace("/mcp", "/MCP"),
        format!("http://localhost:{port}"),
        String::new(),
    ] {
        fake.edit(|world| world.resource["resource"] = other.into());
        refuses(&fake, "another resource").await;
    }
}

#[tokio::test]
async fn metadata_of_another_issuer_is_not_used_and_nothing_stands_in_for_it() {
    let fake = Fake::start().await;
    let origin = fake.origin();
    for other in [
        format!("{origin}/"),
        origin.to_uppercase(),
        format!("{origin}/tenant"),
        "https://attacker.example".to_owned(),
        String::new(),
    ] {
        fake.edit(|world| world.metadata["issuer"] = other.into());
        refuses(&fake, "issuer").await;
        assert!(!fake.paths().await.contains(&OPENID.to_owned()));
    }
}

#[tokio::test]
async fn no_sign_in_is_started_at_a_server_without_s256() {
    let fake = Fake::start().await;
    for methods in [Value::Null, json!([]), json!(["plain"]), json!(["s256"]), json!(["S256 "])] {
        fake.edit(|world| world.metadata["code_challenge_methods_supported"] = methods);
        refuses(&fake, "S256").await;
    }
}

#[tokio::test]
async fn no_url_but_https_and_loopback_is_opened_or_requested() {
    for hostile in [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "data:text/html,x",
        "http://auth.example/authorize",
        "--flag",
        "ms-settings:",
        "$(touch /tmp/x)",
        "https://user:password@auth.example/",
    ] {
        for member in [
            "authorization_endpoint",
            "token_endpoint",
            "registration_endpoint",
            "revocation_endpoint",
        ] {
            let fake = Fake::start().await;
            fake.edit(|world| world.metadata[member] = hostile.into());
            refuses(&fake, "is not accepted").await;
        }
    }
}

#[tokio::test]
async fn a_url_with_characters_that_no_url_has_is_refused_and_legal_ones_reach_the_browser_unchanged()
 {
    for hostile in ["/a b", "/a\"b", "/a\nb", "/a<b>", "/a`b`", "/a\\b", "/\u{e9}", "/a\u{0}"] {
        let fake = Fake::start().await;
        let endpoint = format!("{}{hostile}", fake.origin());
        fake.edit(|world| world.metadata["authorization_endpoint"] = endpoint.into());
        refuses(&fake, "is not accepted").await;
    }
    let fake = Fake::start().await;
    let odd = format!("{}/$(calc)?x=1&calc;'y'", fake.origin());
    let start = odd.replace('\'', "%27");
    fake.edit(|world| world.metadata["authorization_endpoint"] = odd.into());
    let client = fake.client_with(fake.person(move |ask| {
        assert!(ask.url.as_str().starts_with(&start), "{}", ask.url);
        vec![ask.honest()]
    }));
    client.sign_in().await.unwrap();
}

#[tokio::test]
async fn an_authorization_endpoint_does_not_fill_in_the_request() {
    for parameter in [
        "redirect_uri=https://evil.example/",
        "scope=admin",
        "client%5fid=x",
        "response_mode=form_post",
    ] {
        let fake = Fake::start().await;
        let endpoint = format!("{}/oauth/authorize?{parameter}", fake.origin());
        fake.edit(|world| world.metadata["authorization_endpoint"] = endpoint.into());
        refuses(&fake, "is not accepted").await;
    }
}

#[tokio::test]
async fn a_page_or_a_failure_in_place_of_metadata_leads_to_the_next_place() {
    let html = || ResponseTemplate::new(200).set_body_raw("<!doctype html>", "text/html");
    for obstacle in [
        html(),
        ResponseTemplate::new(500),
        ResponseTemplate::new(403),
        ResponseTemplate::new(302).insert_header("location", "/evil"),
    ] {
        let fake = Fake::start().await;
        let resource = fake.world.lock().unwrap().resource.clone();
        let metadata = fake.world.lock().unwrap().metadata.clone();
        fake.edit(|world| world.challenge = None);
        let first = obstacle.clone();
        fake.on(PATH_PRM, move |_| first.clone());
        fake.on(ROOT_PRM, move |_| json_response(200, &resource));
        fake.on(OAUTH, move |_| obstacle.clone());
        fake.on(OPENID, move |_| json_response(200, &metadata));
        fake.client().sign_in().await.unwrap();
        assert_eq!(fake.paths().await[..5], ["/mcp", PATH_PRM, ROOT_PRM, OAUTH, OPENID]);
    }
}

#[tokio::test]
async fn the_document_at_the_root_may_be_for_the_whole_origin_unless_a_challenge_points_at_it() {
    let fake = Fake::start().await;
    let mut resource = fake.world.lock().unwrap().resource.clone();
    resource["resource"] = fake.origin().into();
    fake.edit(|world| world.challenge = None);
    fake.on(PATH_PRM, |_| ResponseTemplate::new(404));
    fake.on(ROOT_PRM, move |_| json_response(200, &resource));
    fake.client().sign_in().await.unwrap();
    assert_eq!(fake.forms("/oauth/token").await[0]["resource"], fake.origin());

    let named = format!("{}{ROOT_PRM}", fake.origin());
    fake.on("/mcp", move |_| {
        let header = format!("Bearer resource_metadata=\"{named}\"");
        ResponseTemplate::new(401).insert_header("www-authenticate", header)
    });
    let error = fake.client().sign_in().await.unwrap_err();
    assert!(error.to_string().contains("another resource"), "{error}");
}

#[tokio::test]
async fn a_local_server_does_not_send_its_client_into_the_network() {
    for hostile in [
        "http://169.254.169.254/latest/meta-data",
        "https://169.254.169.254/",
        "https://10.0.0.1/",
        "https://192.168.0.1/",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://0.0.0.0/",
        "https://[::ffff:10.0.0.1]/",
    ] {
        let fake = Fake::start().await;
        fake.edit(|world| world.resource["authorization_servers"] = json!([hostile]));
        refuses(&fake, "is not accepted").await;
    }
}

#[tokio::test]
async fn metadata_that_is_too_long_or_no_metadata_is_refused() {
    let fake = Fake::start().await;
    fake.on(OAUTH, |_| {
        ResponseTemplate::new(200).set_body_raw(vec![b' '; 2 * 1024 * 1024], "application/json")
    });
    let error = fake.client().sign_in().await.unwrap_err();
    assert!(error.to_string().contains("longer than"), "{error}");

    for body in [
        "",
        "<html>",
        "[]",
        "[\"a\",\"b\",\"c\"]",
        "{\"issuer\":1}",
        "{\"issuer\":\"a\",\"issuer\":\"b\"}",
    ] {
        fake.on(OAUTH, move |_| ResponseTemplate::new(200).set_body_raw(body, "application/json"));
        refuses(&fake, "not valid").await;
    }
}

#[tokio::test]
async fn a_metadata_server_that_is_down_is_not_mistaken_for_one_without_metadata() {
    let fake = Fake::start().await;
    fake.on(OAUTH, |_| ResponseTemplate::new(503));
    let error = fake.client().sign_in().await.unwrap_err();
    assert!(error.is_transport());
    assert_eq!(error.status(), Some(503));
}
