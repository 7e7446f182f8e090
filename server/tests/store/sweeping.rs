//! Removing dead rows, and never a refresh token whose reuse must still be recognised.

use lookout_server::authority::Change;
use lookout_server::authority::records::TokenKind;
use lookout_server::store::Retention;

use crate::Opened;
use crate::operations::{Operation, digest, grant, name, perform, token};

const DAY: i64 = 86_400;

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
        let retention = Retention { unconsented_client: DAY, session: DAY, ended_grant: 30 * DAY };
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
            store.sweep(retention).await.unwrap();
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
        store.sweep(retention).await.unwrap();
        assert!(!knows(0).await);
        assert!(store.begin().await.unwrap().grant(&name("grant", 0)).await.unwrap().is_some());
    }
}
