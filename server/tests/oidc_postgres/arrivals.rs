//! Two first arrivals of one person at once.

use serde_json::json;

use crate::browser::Browser;
use crate::provider::Provider;
use crate::server::Server;
use crate::serving::cluster;
use crate::sign_in::sign_in;

#[test]
fn of_two_first_arrivals_at_once_the_later_one_decides_again() {
    if cluster::shared().is_none() {
        return;
    }
    let provider = Provider::start();
    provider.state().claims = json!({ "email": "new@lookout.example", "email_verified": true });
    let server = Server::start_with(|settings| {
        provider.apply(settings);
        let oidc = settings.oidc.as_mut().expect("a provider");
        oidc.create_accounts = true;
        oidc.workspace = Some("guests".to_owned());
        oidc.email_domains = vec!["lookout.example".to_owned()];
    });
    // The first insertion meets another one. A sequence is not set back.
    for code in ["unique_violation", "serialization_failure", "deadlock_detected"] {
        server.sql(&format!(
            "create sequence attempts;
             create function meets() returns trigger language plpgsql as
             'begin if nextval(''attempts'') = 1 then raise exception using errcode = ''{code}''; end if; return new; end';
             create trigger meets before insert on identities for each row execute function meets()"
        ));
        provider.state().subject = format!("subject-{code}");
        provider.state().claims =
            json!({ "email": format!("{code}@lookout.example"), "email_verified": true });
        let mut browser = Browser::new(&server);
        let reply = sign_in(&mut browser, &provider);
        assert_eq!(reply.status, 303, "{code}: {reply:?}");
        assert!(browser.is_signed_in(), "{code}");
        assert_eq!(server.count("select last_value from attempts"), 2, "{code}");
        server.sql("drop trigger meets on identities; drop function meets; drop sequence attempts");
    }
    assert_eq!(server.count("select count(*) from users"), 4);
}
