//! Removing dead rows, and never a refresh token whose reuse must still be recognised.

use lookout_server::authority::Change;
use lookout_server::authority::records::TokenKind;
use lookout_server::store::Retention;

use crate::Opened;
use crate::operations::{Operation, client, digest, grant, name, perform, token};

const DAY: i64 = 86_400;
const RETENTION: Retention = Retention {
    unconsented_client: DAY,
    session: DAY,
    ended_grant: 30 * DAY,
    call: 30 * DAY,
    calls: 3,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_superseded_refresh_token_is_known_until_its_grant_is_long_over() {
    for opened in Opened::every().await {
        let store = &*opened.store;
        let role = lookout_server::authority::records::Role::Member;
        let person = |title: &str| Operation::Person {
            id: 0,
            email: 0,
            name: title.to_owned(),
            password: String::new(),
        };
        perform(store, &person("P")).await.unwrap();
        perform(store, &Operation::Join { person: 0, slug: 0, role }).await.unwrap();
        let changes = vec![
            Change::AddGrant(grant(0, 0, None, "g".to_owned(), true)),
            Change::AddToken(token(0, 0, TokenKind::Refresh, true)),
            Change::AddToken(token(1, 0, TokenKind::Access, true)),
            Change::SupersedeToken {
                digest: digest(1, 0),
                at: lookout_server::authority::Timestamp(5),
            },
        ];
        store.begin().await.unwrap().commit(changes).await.unwrap();
        let ago = |seconds: i64| {
            let now = if opened.address.is_some() {
                "cast(extract(epoch from clock_timestamp()) * 1000 as bigint)"
            } else {
                "cast(unixepoch('subsec') * 1000 as integer)"
            };
            format!("{now} - {}", seconds * 1000)
        };
        let knows = async |number| store.bearer(digest(1, number)).await.unwrap().is_some();

        // Both tokens expired a year ago; the grant lives, or ended lately.
        opened.sql(&format!("update tokens set expires_at = {}", ago(365 * DAY)));
        for ended in ["revoked_at", "expires_at"] {
            opened.sql(&format!("update grants set {ended} = {}", ago(30 * DAY - 3600)));
            store.sweep(RETENTION).await.unwrap();
            assert!(knows(0).await, "{ended}");
            assert!(!knows(1).await, "an expired access token is forgotten");
            let standing = store.begin().await.unwrap().token(digest(1, 0)).await.unwrap();
            assert!(standing.unwrap().0.superseded_at.is_some());
        }
        // Either end counts from when it was.
        opened.sql(&format!(
            "update grants set revoked_at = null, expires_at = {}",
            ago(30 * DAY + 3600)
        ));
        store.sweep(RETENTION).await.unwrap();
        assert!(!knows(0).await);
        // Nothing can come of the grant any more.
        assert!(store.begin().await.unwrap().grant(&name("grant", 0)).await.unwrap().is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_ended_grants_of_a_client_the_newest_stays_and_the_client_with_it() {
    for opened in Opened::every().await {
        let store = &*opened.store;
        let role = lookout_server::authority::records::Role::Member;
        let person =
            Operation::Person { id: 0, email: 0, name: "P".to_owned(), password: String::new() };
        perform(store, &person).await.unwrap();
        perform(store, &Operation::Join { person: 0, slug: 0, role }).await.unwrap();
        let mut changes = vec![Change::AddClient(client(0, "C".to_owned(), None))];
        for number in [0, 2, 4] {
            let mut grant = grant(number, 0, Some(0), "g".to_owned(), false);
            grant.created_at = lookout_server::authority::Timestamp(i64::from(number));
            changes.push(Change::AddGrant(grant));
        }
        changes.push(Change::AddToken(token(1, 2, TokenKind::Refresh, false)));
        store.begin().await.unwrap().commit(changes).await.unwrap();
        let sweep = async || store.sweep(RETENTION).await;
        let left = async || {
            let mut left = Vec::new();
            for number in [0, 2, 4] {
                let grant = store.begin().await.unwrap().grant(&name("grant", number)).await;
                left.extend(grant.unwrap().map(|_| number));
            }
            left
        };
        // A table that fails keeps the sweep from no other.
        opened.sql("alter table authorization_requests rename to elsewhere");
        assert!(sweep().await.is_err());
        opened.sql("alter table elsewhere rename to authorization_requests");
        assert_eq!(left().await, [4]);
        sweep().await.unwrap();
        assert_eq!(left().await, [4]);
        assert!(store.client(&name("client", 0)).await.unwrap().is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sweep_reads_no_grant_that_lives() {
    let opened = Opened::sqlite().await;
    let database =
        rusqlite::Connection::open(lookout_server::store::file(opened.folder.path())).unwrap();
    let plan: String = database
        .query_row(
            "explain query plan select id from grants where min(coalesce(revoked_at, expires_at), coalesce(expires_at, revoked_at)) < 5",
            [],
            |row| row.get("detail"),
        )
        .unwrap();
    assert!(plan.contains("grants_by_end"), "{plan}");
}
