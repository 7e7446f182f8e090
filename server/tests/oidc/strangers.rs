//! What strangers can do to sign-in through the provider.

use lookout_server::config::Rates;

use crate::browser::Browser;
use crate::provider::Provider;
use crate::server::{EMAIL, Server};
use crate::sign_in::{START, leave, link, linked, sign_in};

/// Does something while another process writes to the database.
fn while_locked(server: &Server, act: impl FnOnce()) {
    let file = lookout_server::store::file(&server.app.config.data);
    let writer = rusqlite::Connection::open(file).expect("the database");
    writer.execute_batch("begin immediate").expect("the lock");
    act();
    writer.execute_batch("rollback").expect("the end");
}

#[test]
fn what_cannot_have_begun_here_waits_for_no_writer_of_the_database() {
    let provider = Provider::start();
    let server = linked(&provider);
    let mut browser = Browser::new(&server);
    let back = provider.consent(&leave(&mut browser, START));
    while_locked(&server, || {
        let of_another_form =
            ["/sign-in/oidc/callback?state=unknown&code=x", "/sign-in/oidc/callback?code=x"];
        for path in of_another_form {
            let page = browser.get(path);
            assert!(page.status == 400 && page.text.contains("is over"), "{page:?}");
        }
        let page = Browser::new(&server).get(&back);
        assert!(page.status == 400 && page.text.contains("another browser"), "{page:?}");
        assert_eq!(browser.get(&back).status, 503, "this one has to be looked up");
    });
    assert_eq!(browser.get(&back).status, 303, "and was not used up");
}

#[test]
fn ways_back_that_come_to_nothing_are_bounded_and_others_are_not() {
    let provider = Provider::start();
    let server = Server::start_with(|settings| {
        provider.apply(settings);
        settings.limits.rates = Rates::On;
        settings.limits.sign_ins_per_minute = 100;
    });
    link(&server, &provider, EMAIL, "subject-1");
    for _ in 0..30 {
        assert_eq!(sign_in(&mut Browser::new(&server), &provider).status, 303);
    }
    let guess = || server.get("/sign-in/oidc/callback?state=unknown&code=x", &[]);
    let statuses: Vec<u16> = (0..60).map(|_| guess().status).collect();
    assert!(statuses.iter().take(15).all(|&status| status == 400), "{statuses:?}");
    assert!(statuses.contains(&429), "{statuses:?}");
}
