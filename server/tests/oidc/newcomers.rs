//! Accounts for people who come for the first time.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::provider::Provider;
use crate::server::{EMAIL, Server};
use crate::sign_in::{assert_refused, sign_in};

fn server(provider: &Provider) -> Server {
    Server::start_with(|settings| {
        provider.apply(settings);
        let oidc = settings.oidc.as_mut().expect("a provider");
        oidc.create_accounts = true;
        oidc.workspace = Some("guests".to_owned());
        oidc.email_domains = vec!["lookout.example".to_owned()];
    })
}

#[test]
fn who_has_a_verified_address_of_the_domain_gets_an_account() {
    let provider = Provider::start();
    provider.state().claims =
        json!({ "email": "New@Lookout.Example", "email_verified": true, "name": "New\u{7} One" });
    let server = server(&provider);
    let mut browser = Browser::new(&server);
    let reply = sign_in(&mut browser, &provider);
    assert_eq!(reply.status, 303, "{reply:?}");
    let page = browser.get("/account");
    assert!(page.text.contains("New One") && page.text.contains("new@lookout.example"), "{page:?}");
    let member = "select count(*) from memberships m join workspaces w on w.id = m.workspace_id join users u on u.id = m.user_id
                  where w.slug = 'guests' and m.role = 'member' and u.email = 'new@lookout.example' and u.password = ''";
    assert_eq!(server.count(member), 1);
    // The second time it is the same account, whatever its address is there now.
    provider.state().claims = json!({ "email": "renamed@lookout.example", "email_verified": true });
    assert_eq!(sign_in(&mut Browser::new(&server), &provider).status, 303);
    assert_eq!(server.count("select count(*) from users"), 2);
    // A second person joins the same workspace.
    provider.state().subject = "subject-2".to_owned();
    provider.state().claims = json!({ "email": "second@lookout.example", "email_verified": true });
    assert_eq!(sign_in(&mut Browser::new(&server), &provider).status, 303);
    assert_eq!(server.count("select count(*) from workspaces where slug = 'guests'"), 1);
    assert_eq!(server.count("select count(*) from users"), 3);
}

#[test]
fn nobody_else_does() {
    let provider = Provider::start();
    let server = server(&provider);
    let refused: [Value; 9] = [
        json!({}),
        json!({ "email": "new@lookout.example" }),
        json!({ "email": "new@lookout.example", "email_verified": false }),
        json!({ "email": "new@other.example", "email_verified": true }),
        json!({ "email": "new@lookout.example.evil.example", "email_verified": true }),
        json!({ "email": "new@sub.lookout.example", "email_verified": true }),
        json!({ "email": "a@lookout.example@evil.example", "email_verified": true }),
        json!({ "email": "a@evil.example@lookout.example", "email_verified": true }),
        // Somebody has this address: that is no link.
        json!({ "email": EMAIL, "email_verified": true }),
    ];
    for claims in refused {
        provider.state().claims = claims.clone();
        let mut browser = Browser::new(&server);
        let page = sign_in(&mut browser, &provider);
        assert_eq!(page.status, 403, "{claims}: {page:?}");
        assert_refused(&server, &mut browser, &page);
        assert_eq!(server.count("select count(*) from users"), 1, "{claims}");
        assert_eq!(server.count("select count(*) from identities"), 0, "{claims}");
    }
}
