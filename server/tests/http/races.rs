//! Decisions under concurrency: each is made once, and what was ended stays ended, on one server and on two.

use std::sync::Barrier;
use std::thread;

use lookout_server::authority::Resource;
use serde_json::json;

use crate::browser::{Browser, Tokens, field};
use crate::server::{CALLBACK, EMAIL, Reply, Server};

const AT_ONCE: usize = 6;
const ROUNDS: usize = 4;

/// What `act` gives when it is done this many times at the same moment.
fn at_once<T: Send>(number: usize, act: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(number);
    thread::scope(|scope| {
        let (barrier, act) = (&barrier, &act);
        let begun = (0..number).map(|index| {
            scope.spawn(move || {
                barrier.wait();
                act(index)
            })
        });
        let begun: Vec<_> = begun.collect();
        begun.into_iter().map(|thread| thread.join().expect("it ends well")).collect()
    })
}

/// The one reply that gave tokens; every other one is a refusal for good.
#[track_caller]
fn only_winner(replies: &[Reply]) -> Tokens {
    let mut winners = replies.iter().filter(|reply| reply.status == 200);
    let winner = Tokens::of(winners.next().unwrap_or_else(|| panic!("nobody: {replies:?}")));
    assert!(winners.next().is_none(), "twice: {replies:?}");
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        assert_eq!(reply.refusal(), (400, "invalid_grant".to_owned()));
    }
    winner
}

fn is_dead(server: &Server, client: &str, tokens: &Tokens) {
    assert_eq!(server.admits(&tokens.access, Resource::Mcp), None);
    assert_eq!(server.refresh(client, &tokens.refresh).status, 400);
}

#[test]
fn of_simultaneous_exchanges_one_wins_and_the_others_end_the_grant() {
    let server = Server::start();
    let replica = server.replica();
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    for _ in 0..ROUNDS {
        let code = browser.allow(&client, &[]);
        let replies =
            at_once(AT_ONCE, |index| [&server, &replica][index % 2].redeem(&client, &code));
        is_dead(&server, &client, &only_winner(&replies));
    }
}

#[test]
fn of_simultaneous_refreshes_one_wins_and_the_others_end_the_grant() {
    let server = Server::start();
    let replica = server.replica();
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    for _ in 0..ROUNDS {
        let tokens = browser.connect(&client);
        let replies = at_once(AT_ONCE, |index| {
            [&server, &replica][index % 2].refresh(&client, &tokens.refresh)
        });
        is_dead(&replica, &client, &only_winner(&replies));
        is_dead(&server, &client, &tokens);
    }
}

/// Refreshes until that is refused, and returns everything that was issued.
fn refresh_until_refused(server: &Server, client: &str, first: &str) -> Vec<Tokens> {
    let mut issued: Vec<Tokens> = Vec::new();
    loop {
        let newest = issued.last().map_or(first, |tokens| &tokens.refresh);
        let reply = server.refresh(client, newest);
        if reply.status != 200 {
            assert!(matches!(reply.status, 400 | 401), "{reply:?}");
            return issued;
        }
        issued.push(Tokens::of(&reply));
    }
}

/// Ends a connection with `end` while its client refreshes on the other server. When `end` has returned, nothing lives.
fn nothing_survives(end: impl Fn(&Server, &str, &Tokens) + Sync, restore: impl Fn(&Server)) {
    let server = Server::start();
    let replica = server.replica();
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    for _ in 0..ROUNDS {
        let tokens = browser.connect(&client);
        let barrier = Barrier::new(2);
        let issued = thread::scope(|scope| {
            let refreshing = scope.spawn(|| {
                barrier.wait();
                refresh_until_refused(&replica, &client, &tokens.refresh)
            });
            barrier.wait();
            end(&server, &client, &tokens);
            assert_eq!(replica.admits(&tokens.access, Resource::Mcp), None, "at once");
            refreshing.join().expect("it ends well")
        });
        for tokens in issued.iter().chain([&tokens]) {
            assert_eq!(server.admits(&tokens.access, Resource::Mcp), None);
            assert_eq!(replica.admits(&tokens.access, Resource::Mcp), None);
        }
        restore(&server);
    }
}

#[test]
fn nothing_survives_a_revocation_during_refreshes() {
    nothing_survives(|server, client, tokens| server.revoke(client, &tokens.refresh), |_| {});
}

#[test]
fn nothing_survives_the_end_of_the_person_the_client_or_the_membership_during_refreshes() {
    let changes = [
        ("update users set disabled_at = 1", "update users set disabled_at = null"),
        ("update clients set deleted_at = 1", "update clients set deleted_at = null"),
        (
            "update grants set revoked_at = 1 where revoked_at is null; delete from memberships",
            "insert into memberships (workspace_id, user_id, role, created_at) select w.id, u.id, 'member', 1 from workspaces w, users u",
        ),
    ];
    for (end, restore) in changes {
        nothing_survives(|server, _, _| server.sql(end), |server| server.sql(restore));
    }
}

#[test]
fn a_consent_that_is_submitted_twice_grants_once() {
    let server = Server::start();
    let replica = server.replica();
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    for _ in 0..ROUNDS {
        let page = browser.authorize(&client, &[]);
        let (request, csrf) = (field(&page, "request"), field(&page, "csrf"));
        let form = [
            ("request", request.as_str()),
            ("csrf", &csrf),
            ("decision", "allow"),
            ("scope", "mcp:read"),
        ];
        let headers =
            [("cookie", browser.cookie()), ("origin", "null"), ("sec-fetch-site", "same-origin")];
        let replies = at_once(AT_ONCE, |index| {
            [&server, &replica][index % 2].post_form("/oauth/consent", &form, &headers)
        });
        let granted = replies.iter().filter(|reply| reply.status == 303).count();
        let refused = replies.iter().filter(|reply| reply.status == 400).count();
        assert_eq!((granted, refused), (1, AT_ONCE - 1), "{replies:?}");
    }
    let made = i64::try_from(ROUNDS).expect("few");
    assert_eq!(server.count("select count(*) from grants"), made);
}

#[test]
fn no_limit_is_exceeded_however_many_ask_at_once() {
    let server = Server::start_with(|settings| {
        settings.limits.unconsented_clients = 3;
        settings.limits.grants_per_client = 2;
        settings.limits.tokens_per_person = 3;
    });
    let metadata = json!({ "redirect_uris": [CALLBACK], "grant_types": ["authorization_code", "refresh_token"] });
    let replies = at_once(8, |_| server.post_json("/oauth/register", &metadata));
    let registered: Vec<_> = replies.iter().filter(|reply| reply.status == 201).collect();
    assert_eq!(registered.len(), 3, "{replies:?}");
    let client = registered[0].json()["client_id"].as_str().expect("an identifier").to_owned();

    let mut browser = Browser::signed_in(&server);
    let pages: Vec<_> = (0..AT_ONCE).map(|_| browser.authorize(&client, &[])).collect();
    let forms: Vec<_> =
        pages.iter().map(|page| (field(page, "request"), field(page, "csrf"))).collect();
    let headers =
        [("cookie", browser.cookie()), ("origin", "null"), ("sec-fetch-site", "same-origin")];
    let replies = at_once(AT_ONCE, |index| {
        let (request, csrf) = &forms[index];
        let form = [
            ("request", request.as_str()),
            ("csrf", csrf),
            ("decision", "allow"),
            ("scope", "mcp:read"),
        ];
        server.post_form("/oauth/consent", &form, &headers)
    });
    assert!(replies.iter().all(|reply| reply.status == 303), "{replies:?}");
    assert_eq!(server.count("select count(*) from grants where revoked_at is null"), 2);

    let (user, membership) =
        server.add_person(EMAIL, "demo", lookout_server::authority::records::Role::Member);
    let made = at_once(8, |index| {
        let name = format!("token {index}");
        let token = server.app.create_token(&user, &membership.workspace_id, &name, None, Some(1));
        server.runtime.block_on(token).is_ok()
    });
    assert_eq!(made.into_iter().filter(|&is_made| is_made).count(), 3);
}

#[test]
fn a_revocation_is_seen_by_the_next_call_on_every_server() {
    let server = Server::start();
    let replica = server.replica();
    let client = server.client();
    let mut browser = Browser::signed_in(&server);
    for round in 0..10 {
        let (here, there) = if round % 2 == 0 { (&server, &replica) } else { (&replica, &server) };
        let tokens = browser.connect(&client);
        assert!(there.admits(&tokens.access, Resource::Mcp).is_some());
        here.revoke(&client, &tokens.refresh);
        assert_eq!(there.admits(&tokens.access, Resource::Mcp), None);
    }
}
