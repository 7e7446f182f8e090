//! Calls of tools: what is added is found again, the same on both stores, until it is swept.

#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::time::Instant;

use lookout_server::metrics::CallOutcome;
use lookout_server::store::activity::{CallQuery, EndedCall, RecordedCall};
use lookout_server::store::{Retention, Store};

use crate::Opened;
use crate::operations::{Operation, name, perform};

const TOOLS: [&str; 3] = ["list_tables", "query_warehouse", "save_dashboard"];

/// Two people in two workspaces.
async fn furnished(store: &dyn Store) {
    let role = lookout_server::authority::records::Role::Member;
    for id in 0..2 {
        let person =
            Operation::Person { id, email: id, name: "P".to_owned(), password: String::new() };
        perform(store, &person).await.unwrap();
        perform(store, &Operation::Join { person: id, slug: id, role }).await.unwrap();
    }
}

fn call(number: usize, workspace: u8) -> EndedCall {
    let outcome = CallOutcome::ALL[number % 4];
    EndedCall {
        ended: Instant::now(),
        workspace_id: name("workspace", workspace),
        user_id: name("person", u8::try_from(number % 2).unwrap()),
        grant_id: format!("grant-{}", number % 3),
        grant_name: format!("Größe '{number}"),
        hint: if number.is_multiple_of(2) { "lkmcp_abc".to_owned() } else { String::new() },
        tool: TOOLS[number % 3],
        outcome,
        error: (outcome == CallOutcome::Error).then(|| "sql_syntax".to_owned()),
        duration_ms: i64::try_from(number).unwrap(),
        rows: number.is_multiple_of(5).then_some(7),
    }
}

fn all(workspace: u8) -> CallQuery {
    CallQuery { workspace_id: name("workspace", workspace), limit: 1000, ..CallQuery::default() }
}

/// The calls without what each store numbers by itself.
fn compared(calls: &[RecordedCall]) -> String {
    let lines = calls.iter().map(|call| {
        format!(
            "{} {} {} {} {} {} {} {} {:?}\n",
            call.user_email,
            call.grant_id,
            call.grant_name,
            call.hint,
            call.tool,
            call.outcome.as_str(),
            call.error,
            call.duration_ms,
            call.rows
        )
    });
    lines.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_question_has_the_same_answer_on_both() {
    let mut answers: Vec<Vec<String>> = Vec::new();
    for opened in Opened::every().await {
        let store = &*opened.store;
        furnished(store).await;
        store.add_calls((0..300).map(|number| call(number, 0)).collect()).await.unwrap();
        store.add_calls((300..310).map(|number| call(number, 1)).collect()).await.unwrap();
        store.add_calls(Vec::new()).await.unwrap();
        // Many share an instant, so the identifier decides.
        opened.sql("update tool_calls set at = 1000 + id % 7");
        let questions = [
            all(0),
            all(1),
            CallQuery { user_id: Some(name("person", 1)), ..all(0) },
            CallQuery { tool: Some("query_warehouse".to_owned()), ..all(0) },
            CallQuery { outcome: Some(CallOutcome::Refused), ..all(0) },
            CallQuery { grant_id: Some("grant-2".to_owned()), ..all(0) },
            CallQuery {
                user_id: Some(name("person", 0)),
                grant_id: Some("grant-1".to_owned()),
                outcome: Some(CallOutcome::Ok),
                ..all(0)
            },
            CallQuery { workspace_id: "elsewhere".to_owned(), ..all(0) },
        ];
        let mut answered = Vec::new();
        for question in questions {
            let whole = store.calls(question.clone()).await.unwrap();
            assert!(whole.is_sorted_by_key(|call| std::cmp::Reverse((call.at, call.id))));
            let mut paged = Vec::new();
            let mut before = None;
            loop {
                let part = CallQuery { before, limit: 7, ..question.clone() };
                let part = store.calls(part).await.unwrap();
                let Some(last) = part.last() else { break };
                before = Some((last.at.0, last.id));
                paged.extend(part);
            }
            assert_eq!(paged, whole, "{question:?}");
            answered.push(compared(&whole));
        }
        let lines: Vec<_> = answered.iter().map(|answer| answer.lines().count()).collect();
        assert_eq!(lines, [300, 10, 150, 100, 75, 100, 25, 0]);
        answers.push(answered);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_gets_the_time_at_which_it_ended_and_a_batch_is_added_whole_or_not_at_all() {
    for opened in Opened::every().await {
        let store = &*opened.store;
        furnished(store).await;
        let first = call(1, 0);
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        store.add_calls(vec![call(2, 0), first]).await.unwrap();
        let found = store.calls(all(0)).await.unwrap();
        assert_eq!(found.iter().map(|call| call.duration_ms).collect::<Vec<_>>(), [2, 1]);
        assert!(found[0].at.0 - found[1].at.0 >= 29, "{found:?}");

        let nobody = EndedCall { user_id: "nobody".to_owned(), ..call(4, 0) };
        assert!(store.add_calls(vec![call(3, 0), nobody]).await.is_err());
        assert_eq!(store.calls(all(0)).await.unwrap(), found);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_when_they_are_old_and_when_a_workspace_has_too_many() {
    const DAY: i64 = 86_400;
    for opened in Opened::every().await {
        let store = &*opened.store;
        furnished(store).await;
        store.add_calls((0..1300).map(|number| call(number, 0)).collect()).await.unwrap();
        store.add_calls((0..5).map(|number| call(number, 1)).collect()).await.unwrap();
        let left = async |workspace| {
            let calls = store.calls(all(workspace)).await.unwrap();
            calls.into_iter().map(|call| call.duration_ms).collect::<Vec<_>>()
        };
        let kept = |calls| Retention {
            unconsented_client: DAY,
            session: DAY,
            ended_grant: DAY,
            call: 30 * DAY,
            calls,
        };
        opened.sql(&format!(
            "update tool_calls set at = at - {} where duration_ms < 2",
            30 * DAY * 1000 + 5000
        ));
        opened.sql(&format!(
            "update tool_calls set at = at - {} where duration_ms = 2",
            30 * DAY * 1000 - 60_000
        ));
        store.sweep(kept(5000)).await.unwrap();
        assert_eq!(left(1).await, [4, 3, 2], "the old ones are gone");
        let many = CallQuery { limit: 5000, ..all(0) };
        assert_eq!(store.calls(many).await.unwrap().len(), 1298);
        // More than one batch of them.
        store.sweep(kept(4)).await.unwrap();
        assert_eq!(left(0).await, [1299, 1298, 1297, 1296]);
        assert_eq!(left(1).await, [4, 3, 2], "another workspace has room");
    }
}
