//! Every fault, as the client meets it.

use std::time::{Duration, Instant};

use lookout_sdk::auth::FileStore;
use lookout_sdk::schema::{ListTables, QueryWarehouse};
use lookout_sdk::testing::{FakeLookout, Fault};
use lookout_sdk::{Client, Error};

async fn list(client: &Client) -> Result<(), Error> {
    client.list_tables(ListTables::default()).await.map(drop)
}

async fn signed_in(lookout: &FakeLookout) -> Client {
    let client = Client::builder(lookout.endpoint()).oauth(lookout.oauth()).build().unwrap();
    client.sign_in().await.unwrap();
    client
}

#[tokio::test]
async fn an_expired_token_is_renewed_without_the_caller_noticing() {
    let lookout = FakeLookout::start();
    let client = signed_in(&lookout).await;
    lookout.fail_next(1, Fault::ExpiredToken);
    list(&client).await.unwrap();
    assert_eq!(lookout.refreshes(), 1);
    assert_eq!(lookout.calls().len(), 1);
}

#[tokio::test]
async fn a_programmatic_token_that_expired_is_refused_from_then_on() {
    let lookout = FakeLookout::start();
    let client = lookout.client();
    lookout.fail_next(1, Fault::ExpiredToken);
    assert!(list(&client).await.unwrap_err().is_unauthorized());
    assert!(list(&client).await.unwrap_err().is_unauthorized());
    assert!(list(&lookout.client()).await.is_ok(), "another token is another token");
}

#[tokio::test]
async fn a_revoked_token_takes_its_refresh_token_with_it() {
    let lookout = FakeLookout::start();
    let client = signed_in(&lookout).await;
    lookout.fail_next(1, Fault::RevokedToken);
    assert!(list(&client).await.unwrap_err().is_unauthorized());
    assert_eq!(lookout.signed_in(), 0);
    assert_eq!(lookout.calls(), []);
}

#[tokio::test]
async fn a_call_can_lack_a_scope_whatever_was_granted() {
    let lookout = FakeLookout::start();
    let client = signed_in(&lookout).await;
    lookout.fail_always(Fault::InsufficientScope);
    let mut asked = 0;
    loop {
        let error = list(&client).await.unwrap_err();
        assert_eq!(error.required_scopes(), ["mcp:read"]);
        match client.step_up(error.required_scopes()).await {
            Ok(_) => asked += 1,
            // The person is not asked for ever.
            Err(error) => break assert!(error.is_authorization()),
        }
    }
    assert!((1..5).contains(&asked), "{asked}");
    assert_eq!(lookout.sign_ins().len(), 1 + asked);
    lookout.heal();
    list(&client).await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_too_busy_or_down_says_so() {
    let lookout = FakeLookout::start();
    let client = lookout.client();
    lookout.fail_always(Fault::RateLimited { retry_after: Duration::from_secs(7200) });
    let error = list(&client).await.unwrap_err();
    assert_eq!((error.status(), error.retry_after()), (Some(429), Some(Duration::from_secs(7200))));
    lookout.heal();
    lookout.fail_always(Fault::Unavailable);
    let error = list(&client).await.unwrap_err();
    assert_eq!((error.status(), error.is_transport()), (Some(503), true));
    lookout.heal();
    list(&client).await.unwrap();
    assert_eq!(lookout.calls().len(), 1);
}

#[tokio::test]
async fn an_answer_can_take_too_long() {
    let lookout = FakeLookout::start();
    let client = lookout.client_builder().timeout(Duration::from_millis(100)).build().unwrap();
    lookout.fail_next(1, Fault::SlowAnswer(Duration::from_secs(3600)));
    assert!(list(&client).await.unwrap_err().is_timeout());
    list(&client).await.unwrap();

    lookout.fail_next(1, Fault::SlowAnswer(Duration::from_millis(50)));
    let start = Instant::now();
    list(&lookout.client()).await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(50));
}

#[tokio::test]
async fn what_a_tool_answered_can_get_lost_in_every_way() {
    let lookout = FakeLookout::start();
    let client = lookout.client();
    for (fault, told) in [
        (Fault::BrokenStream, Error::is_transport as fn(&Error) -> bool),
        (Fault::ClosedConnection, Error::is_transport),
        (Fault::MalformedJson, Error::is_protocol),
        (Fault::WrongShape, Error::is_protocol),
    ] {
        lookout.fail_always(fault.clone());
        let before = lookout.calls().len();
        let error = list(&client).await.unwrap_err();
        assert!(told(&error), "{fault:?}: {error:?}");
        assert!(lookout.calls().len() > before, "{fault:?}: the tool ran");
        lookout.heal();
        list(&client).await.unwrap();
    }
}

#[tokio::test]
async fn a_stream_that_breaks_once_does_not_hurt_a_tool_that_only_reads() {
    let lookout = FakeLookout::start();
    lookout.fail_next(1, Fault::BrokenStream);
    list(&lookout.client()).await.unwrap();
    assert_eq!(lookout.calls().len(), 2);
}

#[tokio::test]
async fn a_server_can_run_another_catalogue() {
    let lookout = FakeLookout::start();
    let client = lookout.client();
    lookout.fail_next(1, Fault::StaleCatalogue);
    assert_eq!(client.discover().await.unwrap().has_our_catalogue(), Some(false));
    assert_eq!(client.discover().await.unwrap().has_our_catalogue(), Some(true));
}

#[tokio::test]
async fn a_server_can_be_without_a_tool() {
    let lookout = FakeLookout::start();
    lookout.fail_next(1, Fault::UnknownTool);
    let error = list(&lookout.client()).await.unwrap_err();
    assert_eq!(error.rpc_code(), Some(-32602));
    assert_eq!(lookout.calls(), []);
}

#[tokio::test]
async fn a_person_can_allow_less_or_nothing() {
    let lookout = FakeLookout::start();
    let client = Client::builder(lookout.endpoint()).oauth(lookout.oauth()).build().unwrap();
    lookout.fail_next(1, Fault::DeclinedConsent);
    assert!(client.sign_in().await.unwrap_err().is_authorization());
    lookout.fail_next(1, Fault::NarrowedConsent);
    assert_eq!(client.sign_in().await.unwrap(), ["mcp:read"]);
    let granted: Vec<_> =
        lookout.sign_ins().iter().map(|asked| asked.granted.to_string()).collect();
    assert_eq!(granted, ["", "mcp:read"]);
}

#[tokio::test]
async fn a_refresh_token_can_be_refused() {
    let lookout = FakeLookout::start();
    let client = signed_in(&lookout).await;
    lookout.fail_next(1, Fault::ExpiredToken);
    lookout.fail_next(1, Fault::RefreshRefused);
    assert!(list(&client).await.unwrap_err().is_unauthorized());
    assert_eq!((lookout.refreshes(), lookout.signed_in()), (1, 0));
    client.sign_in().await.unwrap();
    list(&client).await.unwrap();
}

#[tokio::test]
async fn an_authorization_server_that_is_down_costs_nobody_the_sign_in() {
    let lookout = FakeLookout::start();
    let folder = tempfile::tempdir().unwrap();
    // Each is a run of its own: within one, a server that is down is left alone for a while.
    let client = || {
        let oauth = lookout.oauth().store(FileStore::new(folder.path()));
        Client::builder(lookout.endpoint()).oauth(oauth).build().unwrap()
    };
    client().sign_in().await.unwrap();
    lookout.fail_next(1, Fault::ExpiredToken);
    lookout.fail_always(Fault::AuthorityUnavailable);
    assert!(list(&client()).await.unwrap_err().is_transport());
    lookout.heal();
    list(&client()).await.unwrap();
    assert_eq!((lookout.sign_ins().len(), lookout.refreshes(), lookout.signed_in()), (1, 1, 1));
}

#[tokio::test]
async fn a_fault_strikes_as_often_as_it_was_told_and_faults_strike_in_their_order() {
    let lookout = FakeLookout::start();
    let client = lookout.client();
    lookout.fail_next(2, Fault::MalformedJson);
    lookout.fail_next(1, Fault::WrongShape);
    let query = || client.query_warehouse(QueryWarehouse::new("select 1"));
    let mut told = Vec::new();
    for _ in 0..4 {
        told.push(query().await.err().map(|error| error.to_string()));
    }
    assert_eq!(told[0], told[1]);
    assert!(told[0].as_ref().unwrap().contains("not the JSON-RPC response"), "{told:?}");
    assert!(told[2].as_ref().unwrap().contains("documented shape"), "{told:?}");
    assert_eq!(told[3], None);
}
