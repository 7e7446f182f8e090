//! One question, and one answer for everybody who waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lookout_sdk::Client;

use crate::support::{Ask, Fake};

/// A person who allows what they are asked for the first time, and from `declines_from` on does as `answer` says.
fn person(
    fake: &Fake,
    declines_from: usize,
    answer: impl Fn(&Ask) -> Vec<String> + Send + Sync + 'static,
) -> (Client, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let oauth = fake.person(move |ask| {
        let before = count.fetch_add(1, Ordering::Relaxed);
        if before < declines_from { vec![ask.honest()] } else { answer(ask) }
    });
    (fake.client_with(oauth.patience(Duration::from_millis(500))), asked)
}

fn declined(ask: &Ask) -> Vec<String> {
    let iss = ask.url.origin().ascii_serialization();
    let state = &ask.params["state"];
    vec![ask.callback(&[("error", "access_denied"), ("state", state), ("iss", &iss)])]
}

#[tokio::test]
async fn a_person_who_declines_answers_every_caller_that_waits_and_is_asked_again_only_on_purpose()
{
    let fake = Fake::start().await;
    let (client, asked) = person(&fake, 0, declined);
    let all = tokio::join!(client.sign_in(), client.sign_in(), client.sign_in());
    for outcome in [all.0, all.1, all.2] {
        assert_eq!(outcome.unwrap_err().to_string(), "the person did not allow the access");
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    assert!(client.sign_in().await.unwrap_err().is_authorization());
    assert_eq!(asked.load(Ordering::Relaxed), 2, "whoever comes later asks anew");
}

#[tokio::test]
async fn a_person_who_is_not_there_keeps_every_caller_waiting_once() {
    let fake = Fake::start().await;
    let (client, asked) = person(&fake, 0, |_| Vec::new());
    let all = tokio::join!(client.sign_in(), client.sign_in(), client.sign_in());
    for outcome in [all.0, all.1, all.2] {
        assert!(outcome.unwrap_err().is_timeout());
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn callers_that_want_the_same_further_scope_ask_once_whatever_the_answer() {
    let write = ["mcp:write".to_owned()];
    for (allowed, grants) in [(1, None), (2, Some("mcp:read")), (2, None)] {
        let fake = Fake::start().await;
        fake.edit(|world| world.grants = Some("mcp:read".to_owned()));
        let (client, asked) = person(&fake, allowed, declined);
        client.sign_in().await.unwrap();
        fake.edit(|world| world.grants = grants.map(str::to_owned));
        let all =
            tokio::join!(client.step_up(&write), client.step_up(&write), client.step_up(&write));
        let all = [all.0, all.1, all.2].map(|outcome| outcome.map_err(|error| error.to_string()));
        assert_eq!(asked.load(Ordering::Relaxed), 2, "{all:?}");
        assert!(all.iter().all(|outcome| *outcome == all[0]), "{all:?}");
        assert_eq!(all[0].is_ok(), allowed == 2, "{all:?}");
    }
}

#[tokio::test]
async fn who_is_signed_in_stays_so_when_further_scopes_are_refused() {
    let fake = Fake::start().await;
    let (client, asked) = person(&fake, 1, declined);
    client.sign_in().await.unwrap();
    let further = ["further".to_owned()];
    let (stepped_up, signed_in) = tokio::join!(client.step_up(&further), client.sign_in());
    assert!(stepped_up.is_err());
    assert_eq!(signed_in.unwrap(), ["mcp:read", "mcp:write"]);
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_caller_that_wants_another_scope_than_the_one_before_asks_for_it() {
    let fake = Fake::start().await;
    let (client, asked) = person(&fake, 9, declined);
    client.sign_in().await.unwrap();
    let (one, other) = (["one".to_owned()], ["other".to_owned()]);
    let (first, second) = tokio::join!(client.step_up(&one), client.step_up(&other));
    assert_eq!(first.unwrap(), ["mcp:read", "mcp:write", "one"]);
    assert_eq!(second.unwrap(), ["mcp:read", "mcp:write", "one", "other"]);
    assert_eq!(asked.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_the_question_to_the_next() {
    let fake = Fake::start().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let client = fake.client_with(fake.person(move |ask| {
        let first = count.fetch_add(1, Ordering::Relaxed) == 0;
        if first { Vec::new() } else { vec![ask.honest()] }
    }));
    let impatient = tokio::time::timeout(Duration::from_millis(200), client.sign_in());
    let (gone, waited) = tokio::join!(impatient, client.sign_in());
    assert!(gone.is_err());
    assert_eq!(waited.unwrap(), ["mcp:read", "mcp:write"]);
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}
