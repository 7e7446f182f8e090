//! The start page and Settings › Integrations, with external access and without.

use lookout_server::authority::records::Role;

use crate::browser::Browser;
use crate::server::Server;

const PAGE: &str = "/settings/integrations";
const ADMIN: &str = "admin@lookout.example";

#[test]
fn every_workspace_of_a_person_has_a_way_to_its_dashboards_and_to_connecting_a_tool() {
    let server = Server::start();
    server.add_person("ada@lookout.example", "second", Role::Admin);
    let mut browser = Browser::signed_in(&server);
    let (home, settings) = (browser.get("/"), browser.get(PAGE));
    for slug in ["demo", "second"] {
        for link in [format!("/w/{slug}/dashboards"), format!("/w/{slug}/mcp")] {
            assert!(home.text.contains(&format!("<a href=\"{link}\">")), "{link}: {}", home.text);
        }
        assert!(
            settings.text.contains(&format!("<a href=\"/w/{slug}/mcp\">Open MCP")),
            "{}",
            settings.text
        );
    }
    let endpoint = format!("<code class=\"uri\">{}/mcp</code>", server.base);
    assert!(settings.text.contains(&endpoint) && settings.text.contains("RudderStack MCP"));
}

#[test]
fn somebody_without_a_workspace_is_told_what_to_do() {
    let server = Server::start();
    server.sql("delete from memberships");
    let mut browser = Browser::signed_in(&server);
    for path in ["/", PAGE] {
        assert!(browser.get(path).text.contains("You belong to no workspace yet"), "{path}");
    }
}

#[test]
fn without_external_access_an_admin_is_told_why_and_a_member_whom_to_ask() {
    let server = Server::start_with(|settings| settings.external_access = false);
    server.add_person(ADMIN, "demo", Role::Admin);
    let told = ["external_access", "--config", "Restart the server", "work again"];
    let page = Browser::signed_in(&server).get(PAGE);
    assert!(
        page.text.contains("not enabled for this deployment")
            && page.text.contains("check with your admin")
    );
    assert!(!told.iter().any(|text| page.text.contains(text)), "{}", page.text);

    let page = Browser::signed_in_as(&server, ADMIN).get(PAGE);
    for text in told {
        assert!(page.text.contains(text), "{text}: {}", page.text);
    }
    assert!(
        page.text.contains("<code>false</code>") && !page.text.contains("/mcp"),
        "{}",
        page.text
    );
}

#[test]
fn with_external_access_an_admin_alone_is_told_how_the_deployment_turns_it_off() {
    let server = Server::start();
    server.add_person(ADMIN, "demo", Role::Owner);
    let off = "external_access = false";
    assert!(!Browser::signed_in(&server).get(PAGE).text.contains(off));
    assert!(Browser::signed_in_as(&server, ADMIN).get(PAGE).text.contains(off));
}
