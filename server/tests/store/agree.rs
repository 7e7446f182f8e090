//! Both stores answer alike, whatever is asked of them.

use std::cell::Cell;

use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use proptest::{prelude::Strategy as _, prop_assert_eq};

use lookout_server::authority::Change;
use lookout_server::authority::records::TokenKind;
use lookout_server::store::Store;

use crate::Opened;
use crate::operations::{self, Operation, name, observe, operation, perform};

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(0x5707_0e50),
        ..Config::default()
    })
}

/// Every table of the authority, what refers to others first.
const EMPTY: &str = "delete from codes; delete from tokens; delete from authorization_requests; delete from grants; delete from sessions;
    delete from memberships; delete from clients; delete from workspaces; delete from users;";

#[test]
fn a_sequence_of_operations_has_the_same_answers_on_both() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Some(postgres) = runtime.block_on(Opened::postgres()) else { return };
    let sqlite = runtime.block_on(Opened::sqlite());
    let operations = proptest::collection::vec(operation(), 1..40).prop_map(|mut drawn| {
        // Without people, workspaces and clients nothing else can be.
        let first = (0..4).flat_map(beginning);
        drawn.splice(0..0, first);
        drawn
    });
    let written = Cell::new(0);
    runner(25)
        .run(&operations, |operations| {
            sqlite.sql(EMPTY);
            postgres.sql(EMPTY);
            runtime.block_on(async {
                for operation in &operations {
                    let one = perform(&*sqlite.store, operation).await;
                    let other = perform(&*postgres.store, operation).await;
                    if let (Operation::Decide { changes, is_dropped: false }, Ok(_)) =
                        (operation, &one)
                    {
                        written.set(written.get() + changes.len());
                    }
                    prop_assert_eq!(one, other, "{:?}", operation);
                }
                let one = observe(&*sqlite.store).await.expect("reads");
                let other = observe(&*postgres.store).await.expect("reads");
                prop_assert_eq!(one, other);
                Ok::<_, TestCaseError>(())
            })
        })
        .unwrap();
    assert!(written.get() > 250, "{} changes are no history", written.get());
}

fn beginning(id: u8) -> Vec<Operation> {
    let role = lookout_server::authority::records::Role::Member;
    let title = || name("title", id);
    vec![
        Operation::Person { id, email: id, name: title(), password: title() },
        Operation::Join { person: id, slug: id % 2, role },
        Operation::Decide {
            changes: vec![Change::AddClient(operations::client(id, title(), None))],
            is_dropped: false,
        },
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_applied_whole_or_not_at_all() {
    for opened in Opened::every().await {
        let store: &dyn Store = &*opened.store;
        for operation in (0..2).flat_map(beginning) {
            perform(store, &operation).await.expect("a beginning");
        }
        let before = observe(store).await.unwrap();
        let good = || {
            let grant = operations::grant(0, 0, Some(0), "g".to_owned(), true);
            let token = operations::token(0, 0, TokenKind::Access, true);
            vec![Change::AddGrant(grant), Change::AddToken(token)]
        };
        // The last change names a grant that does not exist.
        let mut bad = good();
        bad.push(Change::AddToken(operations::token(1, 3, TokenKind::Access, true)));
        assert!(store.begin().await.unwrap().commit(bad).await.is_err());
        assert_eq!(observe(store).await.unwrap(), before);

        let transaction = store.begin().await.unwrap();
        drop(transaction);
        let half_done = store.begin().await.unwrap().commit(good());
        drop(half_done);
        assert_eq!(observe(store).await.unwrap(), before);

        store.begin().await.unwrap().commit(good()).await.unwrap();
        assert_ne!(observe(store).await.unwrap(), before);
        // The same rows again: nothing is written twice, and the store goes on.
        assert!(store.begin().await.unwrap().commit(good()).await.is_err());
        assert!(store.begin().await.unwrap().grant(&name("grant", 0)).await.unwrap().is_some());
    }
}
