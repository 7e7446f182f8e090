//! The pages: who sees what, which forms count, and what every page forbids.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lookout_server::authority::Resource;
use lookout_server::authority::client::Registration;
use lookout_server::authority::records::Role;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::browser::{Browser, csrf_of, field};
use crate::server::Server;

#[test]
fn every_page_forbids_framing_scripts_and_storage() {
    let server = Server::start();
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let mut pages = vec![
        browser.get("/"),
        browser.get("/settings/integrations"),
        browser.get("/w/demo/mcp"),
        browser.get("/w/demo/mcp/reference"),
        browser.get("/w/demo/mcp/reference?scope=mcp:admin"),
        browser.get("/w/demo/dashboards"),
        browser.get("/w/demo/mcp/tokens"),
        browser.get("/w/demo/mcp/tokens/test"),
        browser.get("/w/demo/mcp/clients"),
        browser.get("/w/demo/mcp/activity"),
        browser.get("/w/elsewhere/mcp/tokens"),
        browser.get("/oauth/authorize"),
        server.get("/nowhere", &[("accept", "text/html")]),
        server.get("/sign-in", &[]),
        server.post_form("/sign-in", &[], &[]),
        server.post_form("/oauth/consent", &[], &[]),
        server.send("POST", "/sign-in", &[], b"x"),
    ];
    let consent = browser.authorize(&client, &[]);
    for page in pages.iter().chain([&consent]) {
        assert!(page.header("content-type").starts_with("text/html"), "{page:?}");
        let policy = page.header("content-security-policy");
        let strict = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";
        assert!(policy.starts_with(strict), "{page:?}");
        assert_eq!(page.header("x-frame-options"), "DENY");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(page.header("cache-control"), "no-store");
        let scripts: Vec<_> = page.text.split("<script ").skip(1).collect();
        let integrity = scripts.first().and_then(|script| attribute(script, "integrity"));
        let allowed =
            policy.split_once("; script-src ").map(|(_, source)| source.trim_matches('\''));
        assert_eq!(allowed, integrity, "{page:?}");
        assert!(
            scripts.len() < 2 && scripts.iter().all(|script| script.contains("defer></script>"))
        );
        assert!(!page.text.contains(" style=") && !page.text.contains("<script>"), "{page:?}");
    }
    let leads_elsewhere = |policy: &str| {
        policy
            .split("; ")
            .any(|rule| rule.starts_with("form-action ") && rule != "form-action 'self'")
    };
    pages.retain(|page| leads_elsewhere(page.header("content-security-policy")));
    assert!(pages.is_empty(), "only the consent page leads elsewhere: {pages:?}");
}

#[test]
fn what_pages_load_is_served_once() {
    let server = Server::start();
    for (path, media_type) in [
        ("/assets/lookout.css", "text/css; charset=utf-8"),
        ("/assets/lookout.js", "text/javascript; charset=utf-8"),
        ("/assets/lookout.svg", "image/svg+xml"),
    ] {
        let reply = server.get(path, &[]);
        assert_eq!((reply.status, reply.header("content-type")), (200, media_type));
        let tag = reply.header("etag").to_owned();
        let again = server.get(path, &[("if-none-match", &tag)]);
        assert_eq!((again.status, again.text.as_str()), (304, ""));
    }
}

#[test]
fn the_script_of_a_page_is_the_one_that_its_policy_names() {
    let server = Server::start();
    let page = Browser::signed_in(&server).get("/");
    let script = server.get("/assets/lookout.js", &[]);
    let hash = STANDARD.encode(Sha256::digest(script.text.as_bytes()));
    assert_eq!(attribute(&page.text, "integrity"), Some(format!("sha256-{hash}").as_str()));
}

fn attribute<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.split_once(&format!(" {name}=\""))?.1.split('"').next()
}

#[test]
fn a_form_that_another_page_sent_changes_nothing() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server);
    let other =
        csrf_of(&Browser::signed_in(&server).get("/w/demo/mcp/tokens"), "/w/demo/mcp/tokens");
    let page = browser.get("/w/demo/mcp/tokens");
    let (create, revoke) = (csrf_of(&page, "/w/demo/mcp/tokens"), field(&page, "csrf"));
    let genuine = [("origin", "null"), ("sec-fetch-site", "same-origin")];
    let own = server.base.clone();
    let mut send = |csrf: &str, headers: &[(&str, &str)]| {
        let form = [("csrf", csrf), ("name", "made"), ("scope", "mcp:read"), ("days", "1")];
        browser.post_from("/w/demo/mcp/tokens", &form, headers).status
    };
    for csrf in ["", "x", other.as_str(), revoke.as_str(), &create[1..]] {
        assert_eq!(send(csrf, &genuine), 403, "{csrf}");
    }
    let foreign: [&[(&str, &str)]; 7] = [
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "http://127.0.0.1")],
    ];
    for headers in foreign {
        assert_eq!(send(&create, headers), 403, "{headers:?}");
    }
    assert_eq!(send(&create, &[("origin", &own)]), 200);
    assert!(!server.get("/w/demo/mcp/tokens", &[]).text.contains("made"));
}

#[test]
fn members_see_and_end_their_own_and_admins_everything_of_the_workspace() {
    let server = Server::start();
    server.add_person("member@lookout.example", "demo", Role::Member);
    server.add_person("admin@lookout.example", "demo", Role::Admin);
    server.add_person("stranger@lookout.example", "elsewhere", Role::Owner);
    let client = server.client();
    let mut ada = Browser::signed_in(&server);
    let tokens = ada.connect(&client);
    let grant = field(&ada.get("/w/demo/mcp/clients"), "grant");

    let mut member = Browser::signed_in_as(&server, "member@lookout.example");
    let page = member.get("/w/demo/mcp/clients");
    assert!(!page.text.contains(&grant) && page.text.contains("There are none."));
    let mut stranger = Browser::signed_in_as(&server, "stranger@lookout.example");
    assert_eq!(stranger.get("/w/demo/mcp/clients").status, 404);
    assert_eq!(stranger.get("/w/nowhere/mcp/clients").status, 404);

    // A genuine form of their own, with Ada's grant in it.
    let own = member.connect(&client);
    let page = member.get("/w/demo/mcp/clients");
    let csrf = csrf_of(&page, "/w/demo/mcp/clients/disconnect");
    let form = [("csrf", csrf.as_str()), ("grant", grant.as_str())];
    assert_eq!(member.post("/w/demo/mcp/clients/disconnect", &form).status, 404);
    assert!(server.admits(&tokens.access, Resource::Mcp).is_some());

    let mut admin = Browser::signed_in_as(&server, "admin@lookout.example");
    let page = admin.get("/w/demo/mcp/clients");
    assert!(page.text.contains(&grant));
    let csrf = csrf_of(&page, "/w/demo/mcp/clients/disconnect");
    assert_eq!(
        admin.post("/w/demo/mcp/clients/disconnect", &[("csrf", &csrf), ("grant", &grant)]).status,
        303
    );
    assert_eq!(server.admits(&tokens.access, Resource::Mcp), None);
    assert!(server.admits(&own.access, Resource::Mcp).is_some());
}

#[test]
fn what_clients_call_themselves_is_text_on_every_page() {
    let server = Server::start();
    let name = "<b onclick=\"x\">'\"&amp;</b>";
    let (client, _) = server.register(&json!({ "client_name": name }));
    let mut browser = Browser::signed_in(&server);
    let consent = browser.authorize(&client, &[]);
    browser.connect(&client);
    for page in [consent, browser.get("/w/demo/mcp/clients")] {
        assert!(
            page.text.contains("&#60;b onclick=&#34;x&#34;&#62;")
                && !page.text.contains("<b onclick"),
            "{}",
            page.text
        );
    }
}

#[test]
fn the_consent_page_says_who_asks_for_what_and_where_the_answer_goes() {
    let server = Server::start();
    let (client, _) = server
        .register(&json!({ "redirect_uris": ["https://app.example/cb", "com.example.app:/cb"] }));
    let mut browser = Browser::signed_in(&server);
    let page = browser.authorize(&client, &[("redirect_uri", "https://app.example/cb")]);
    for text in [
        "Nobody has verified it",
        "https://<strong>app.example</strong>/cb",
        "ada@lookout.example",
        "<strong><bdi>demo</bdi></strong>",
        "name=\"scope\" value=\"mcp:write\" checked",
        "Create and update dashboards",
        "It can never</strong> change the data",
        "name=\"decision\" value=\"deny\"",
        "name=\"decision\" value=\"allow\"",
    ] {
        assert!(page.text.contains(text), "{text}: {}", page.text);
    }
    assert!(!page.text.contains("application on this computer"));
    assert!(
        page.header("content-security-policy").ends_with("form-action 'self' https://app.example")
    );
    let page = browser
        .authorize(&client, &[("redirect_uri", "com.example.app:/cb"), ("scope", "mcp:read")]);
    assert!(
        page.text.contains("<strong>com.example.app</strong>:/cb")
            && !page.text.contains("mcp:write")
    );
    assert!(
        page.header("content-security-policy").ends_with("form-action 'self' com.example.app:")
    );
    let loopback = server.client();
    assert!(browser.authorize(&loopback, &[]).text.contains("application on this computer"));
}

#[test]
fn the_consent_page_locks_what_cannot_be_left_out_and_unticks_the_rest_in_one_click() {
    let server = Server::start();
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let both = browser.authorize(&client, &[]);
    let hidden = "<input type=\"hidden\" name=\"scope\" value=\"mcp:read\">";
    let ticked = "<input type=\"checkbox\" name=\"scope\" value=\"mcp:write\" checked";
    for text in [
        hidden,
        ticked,
        "9 tools",
        "1 tool<",
        "<code>query_warehouse</code>",
        "<code>save_dashboard</code>",
        "Untick Write",
    ] {
        assert!(both.text.contains(text), "{text}: {}", both.text);
    }
    assert!(!both.text.contains("<input type=\"checkbox\" name=\"scope\" value=\"mcp:read\""));
    let named = both.text.matches("<li><code>").count();
    assert_eq!(named, lookout_schema::catalogue().tools.len(), "every tool is named once");
    for (scope, other) in [("mcp:read", "mcp:write"), ("mcp:write", "mcp:read")] {
        let one = browser.authorize(&client, &[("scope", scope)]);
        let locked = format!("<input type=\"hidden\" name=\"scope\" value=\"{scope}\">");
        assert!(one.text.contains(&locked), "{}", one.text);
        assert!(
            !one.text.contains(other)
                && !one.text.contains("name=\"scope\" value=\"{scope}\" checked")
        );
        assert!(!one.text.contains("Untick") && !one.text.contains("always included"));
    }
    // The server goes by what was asked and what came back, not by how the page shows it.
    let reply = browser.answer(&both, "allow", &["mcp:write"]);
    let code = reply.parameter("code").unwrap();
    assert_eq!(server.redeem(&client, &code).json()["scope"], "mcp:write");
}

#[test]
fn the_consent_page_says_how_long_access_lasts_and_puts_deny_first() {
    let server = Server::start_with(|settings| {
        settings.lifetimes.access = 5400;
        settings.lifetimes.refresh_absolute = 30 * 86_400;
        settings.lifetimes.refresh_idle = 86_400;
    });
    let mut browser = Browser::signed_in(&server);
    let page = browser.authorize(&server.client(), &[]);
    assert!(page.text.contains("at most 30 days, and 1 day if it is not used"), "{}", page.text);
    assert!(page.text.contains("MCP › Clients"));
    let (client, _) = server.register(&json!({ "grant_types": ["authorization_code"] }));
    let page = browser.authorize(&client, &[]);
    assert!(page.text.contains("Access lasts 90 minutes; then"), "{}", page.text);
    let buttons: Vec<&str> = page.text.split("name=\"decision\" value=\"").skip(1).collect();
    assert!(
        buttons.len() == 2
            && buttons[0].starts_with("deny\">")
            && buttons[1].starts_with("allow\">")
    );
    for never in [
        "change the data",
        "publish dashboards",
        "notes or memories",
        "your password",
        "another workspace",
    ] {
        assert!(page.text.contains(never), "{never}: {}", page.text);
    }
}

#[test]
fn the_consent_page_says_who_wrote_a_client_down_and_warns_of_encoded_addresses() {
    let server = Server::start();
    let (other, _) = server.add_person("other@lookout.example", "demo", Role::Member);
    let encoded = "https://xn--80ak6aa92e.example/cb";
    let registration = Registration {
        client_name: Some("Ours".to_owned()),
        redirect_uris: vec![encoded.to_owned(), "cursor://app/cb".to_owned()],
        ..Registration::default()
    };
    let made = server.runtime.block_on(server.app.register_client(&registration, Some(&other)));
    let client = made.unwrap().0.id;
    let page = Browser::signed_in_as(&server, "other@lookout.example")
        .authorize(&client, &[("redirect_uri", encoded)]);
    assert!(page.text.contains("by you, who chose the name <q><bdi>Ours</bdi></q>"), "{page:?}");
    assert!(page.text.contains("https://<strong>xn--80ak6aa92e.example</strong>/cb"), "{page:?}");
    assert!(page.text.contains("letters of another alphabet"), "{page:?}");
    let mut ada = Browser::signed_in(&server);
    let page = ada.authorize(&client, &[("redirect_uri", "cursor://app/cb")]);
    assert!(page.text.contains("by somebody with an account on this Lookout"), "{page:?}");
    assert!(!page.text.contains("other@") && !page.text.contains("another alphabet"), "{page:?}");
    assert!(page.text.contains("opens an application on your device"), "{page:?}");
}

#[test]
fn who_is_somebody_else_signs_out_of_the_consent_page_and_comes_back_to_it() {
    let server = Server::start();
    server.add_person("other@lookout.example", "demo", Role::Member);
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    let page = browser.authorize(&client, &[("state", "a b&c")]);
    let (_, form) = page.text.split_once("action=\"/sign-out\"").unwrap();
    let value = |name: &str| {
        let rest = form.split_once(&format!("name=\"{name}\" value=\"")).unwrap().1;
        rest.split('"').next().unwrap().replace("&#38;", "&")
    };
    let (csrf, again) = (value("csrf"), value("return_to"));
    assert_eq!(browser.post("/sign-out", &[("csrf", "forged"), ("return_to", &again)]).status, 403);
    let reply = browser.post("/sign-out", &[("csrf", &csrf), ("return_to", &again)]);
    let to = reply.header("location").to_owned();
    assert!(
        reply.status == 303 && to.starts_with("/sign-in?return_to=%2Foauth%2Fauthorize"),
        "{reply:?}"
    );
    assert_eq!(browser.answer(&page, "allow", &["mcp:read"]).status, 403, "the page is over");
    let page = browser.get(&to);
    assert!(page.text.contains("An application asks for access"), "{page:?}");
    let csrf = field(&page, "csrf");
    let form = [
        ("csrf", csrf.as_str()),
        ("return_to", &again),
        ("email", "other@lookout.example"),
        ("password", crate::server::PASSWORD),
    ];
    let reply = browser.post("/sign-in", &form);
    assert_eq!((reply.status, reply.header("location")), (303, again.as_str()));
    let page = browser.get(&again);
    assert!(page.text.contains("other@lookout.example"), "{page:?}");
    let reply = browser.answer(&page, "allow", &["mcp:read"]);
    assert_eq!(reply.parameter("state").as_deref(), Some("a b&c"));
    // Nowhere else.
    let page = browser.authorize(&client, &[]);
    let (_, form) = page.text.split_once("action=\"/sign-out\"").unwrap();
    let csrf = form.split_once("name=\"csrf\" value=\"").unwrap().1.split('"').next().unwrap();
    let reply = browser.post("/sign-out", &[("csrf", csrf), ("return_to", "//evil.example/")]);
    assert_eq!(reply.header("location"), "/sign-in?return_to=%2F");
}

#[test]
fn an_address_that_is_not_text_is_an_ordinary_missing_page() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server);
    let missing = browser.get("/w/elsewhere/d/overview");
    assert_eq!(missing.status, 404);
    for path in ["/w/demo/d/%ff", "/w/%ff/d/overview", "/w/%ff/mcp/tokens"] {
        for reply in [browser.get(path), server.get(path, &[])] {
            assert_eq!((reply.status, &reply.text), (404, &missing.text), "{path}");
            assert_eq!(
                reply.header("content-security-policy"),
                missing.header("content-security-policy")
            );
        }
    }
}

#[test]
fn a_token_form_with_a_fault_says_which() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server);
    let csrf = csrf_of(&browser.get("/w/demo/mcp/tokens"), "/w/demo/mcp/tokens");
    let mut create = |name: &str, days: &str, scopes: &[&str]| {
        let mut form = vec![("csrf", csrf.as_str()), ("name", name), ("days", days)];
        form.extend(scopes.iter().map(|&scope| ("scope", scope)));
        browser.post("/w/demo/mcp/tokens", &form)
    };
    let both = ["mcp:read", "mcp:write"];
    assert_eq!(create("first", "30", &both).status, 200);
    let faults: [(&str, &str, &[&str], &str); 6] = [
        ("", "30", &both, "Give the token a name"),
        ("first", "30", &both, "You already have a token with this name"),
        ("second", "30", &[], "Choose at least one permission"),
        ("second", "0", &both, "between 1 and 366 days"),
        ("second", "367", &both, "between 1 and 366 days"),
        ("second", "soon", &both, "between 1 and 366 days"),
    ];
    for (name, days, scopes, why) in faults {
        let page = create(name, days, scopes);
        assert!(
            page.status == 422 && page.text.contains(why) && !page.text.contains("new-token"),
            "{why}: {page:?}"
        );
    }
}

#[test]
fn a_person_can_create_a_client() {
    let server = Server::start();
    let mut browser = Browser::signed_in(&server);
    let csrf = csrf_of(&browser.get("/w/demo/mcp/clients"), "/w/demo/mcp/clients");
    let mut create = |uris: &str| {
        let form = [
            ("csrf", csrf.as_str()),
            ("name", "Mine"),
            ("redirect_uris", uris),
            ("auth_method", "client_secret_post"),
        ];
        browser.post("/w/demo/mcp/clients", &form)
    };
    let page = create("https://app.example/a\r\nhttps://app.example/b");
    assert!(
        page.status == 200 && page.text.contains("id=\"new-client-secret\" class=\"uri\">lkocs_"),
        "{page:?}"
    );
    let page = create("ftp://app.example/");
    assert!(page.status == 422 && page.text.contains("cannot be a redirect URI"), "{page:?}");
}
