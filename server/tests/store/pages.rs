//! Dashboards and source documents: the same order, the same pages and the same finds on both stores.

#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use lookout_server::store::Store;
use lookout_server::store::workspace::{DashboardSave, Idempotency, SaveOutcome, SourceDocument};
use serde_json::json;

use crate::Opened;
use crate::operations::{Operation, perform};

const TITLES: [&str; 12] =
    ["b", "B", "a", "Étude", "étude", "ß", "Zebra", "zebra crossing", "10 % off", "9_9", "Ä ä", ""];

fn save(number: usize) -> DashboardSave {
    DashboardSave {
        workspace: workspace(),
        replaces: None,
        new_id: format!("{}-{number}", ["d", "D", "é"][number % 3]),
        slug: format!("{}{number}", TITLES[number].replace(' ', "-")),
        title: TITLES[number].to_owned(),
        description: "Größe und STRASSE".to_owned(),
        spec: json!({ "n": number, "text": "\u{0}é" }),
        by: "Ada".to_owned(),
        by_tool: number.is_multiple_of(2),
        idempotency: None,
    }
}

fn workspace() -> String {
    crate::operations::name("workspace", 0)
}

async fn furnished(opened: &Opened) {
    let store = &*opened.store;
    let role = lookout_server::authority::records::Role::Member;
    let person =
        Operation::Person { id: 0, email: 0, name: String::new(), password: String::new() };
    perform(store, &person).await.unwrap();
    perform(store, &Operation::Join { person: 0, slug: 0, role }).await.unwrap();
    for (number, title) in TITLES.into_iter().enumerate() {
        assert_eq!(store.save_dashboard(save(number)).await.unwrap(), SaveOutcome::Saved);
        let document = SourceDocument {
            id: format!("{}-{number}", ["s", "S", "é"][number % 3]),
            source_id: "s".to_owned(),
            source_name: title.to_owned(),
            title: "T".to_owned(),
            summary: "Größe und STRASSE".to_owned(),
            event_count: 1,
            repository: None,
            commit_sha: Some("c".to_owned()),
            generated_at: 1,
            stale: number.is_multiple_of(2),
            markdown: "# é".to_owned(),
        };
        store.put_source_document(&workspace(), &document).await.unwrap();
    }
    // Several share an instant, so the identifier decides.
    opened.sql("update dashboards set updated_at = 1000 + length(title) % 3");
}

/// Every page of two dashboards, and of two documents, that have these words.
async fn walk(store: &dyn Store, words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
    let mut seen = String::new();
    let mut after = None;
    loop {
        let page = store.dashboards(&workspace(), &words, after, 2).await.unwrap();
        seen.push_str(&format!("{page:?}\n"));
        let Some(last) = page.last() else { break };
        after = Some((last.updated_at, last.id.clone()));
    }
    let mut after = None;
    loop {
        let page = store.source_documents(&workspace(), &words, after, 2).await.unwrap();
        seen.push_str(&format!("{page:?}\n"));
        let Some(last) = page.last() else { break };
        after = Some((last.source_name.clone(), last.id.clone()));
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_finds_are_the_same() {
    let Some(postgres) = Opened::postgres().await else { return };
    let sqlite = Opened::sqlite().await;
    furnished(&sqlite).await;
    furnished(&postgres).await;
    let searches: [&[&str]; 12] = [
        &[],
        &["zebra"],
        &["ZEBRA", "cross"],
        &["étude"],
        &["Étude"],
        &["strasse"],
        &["straße"],
        &["%"],
        &["_"],
        &["größe"],
        &["GRÖSSE"],
        &[""],
    ];
    for words in searches {
        let (one, other) = (walk(&*sqlite.store, words).await, walk(&*postgres.store, words).await);
        assert_eq!(one, other, "{words:?}");
    }
    assert!(walk(&*postgres.store, &["zebra", "cross"]).await.contains("zebra crossing"));
    for store in [&sqlite.store, &postgres.store] {
        let slugs = store.dashboard_slugs(&workspace()).await.unwrap();
        assert!(slugs.is_sorted() && slugs.len() == TITLES.len(), "by bytes: {slugs:?}");
        let found = store.dashboard(&workspace(), "d-0").await.unwrap().unwrap();
        assert_eq!(found.spec, save(0).spec);
        assert!(store.source_document(&workspace(), "é-2").await.unwrap().is_some());
        assert!(store.source_document("elsewhere", "é-2").await.unwrap().is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_save_has_the_same_outcomes() {
    for opened in Opened::every().await {
        let store = &*opened.store;
        furnished(&opened).await;
        let again = DashboardSave { new_id: "new".to_owned(), ..save(0) };
        assert_eq!(store.save_dashboard(again).await.unwrap(), SaveOutcome::SlugTaken);
        let update = |id: &str, revision| DashboardSave {
            replaces: Some((id.to_owned(), revision)),
            ..save(1)
        };
        assert_eq!(store.save_dashboard(update("none", 1)).await.unwrap(), SaveOutcome::NotFound);
        assert_eq!(store.save_dashboard(update("d-0", 1)).await.unwrap(), SaveOutcome::Saved);
        assert_eq!(store.save_dashboard(update("d-0", 1)).await.unwrap(), SaveOutcome::Conflict(2));

        let grant = crate::operations::grant(0, 0, None, "g".to_owned(), true);
        let changes = vec![lookout_server::authority::Change::AddGrant(grant)];
        store.begin().await.unwrap().commit(changes).await.unwrap();
        let keyed = |number: usize, digest: u8| DashboardSave {
            new_id: format!("keyed-{number}"),
            slug: format!("keyed-{number}"),
            idempotency: Some(Idempotency {
                grant: crate::operations::name("grant", 0),
                key: "k".to_owned(),
                digest: vec![digest; 32],
                answer: json!(number),
            }),
            ..save(2)
        };
        assert_eq!(store.save_dashboard(keyed(1, 1)).await.unwrap(), SaveOutcome::Saved);
        assert_eq!(
            store.save_dashboard(keyed(2, 1)).await.unwrap(),
            SaveOutcome::Repeated(json!(1))
        );
        assert_eq!(store.save_dashboard(keyed(3, 2)).await.unwrap(), SaveOutcome::KeyReused);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_simultaneous_saves_one_is_first() {
    for opened in Opened::every().await {
        furnished(&opened).await;
        let update = || DashboardSave { replaces: Some(("d-0".to_owned(), 1)), ..save(0) };
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let store = opened.store.clone();
                tokio::spawn(async move { store.save_dashboard(update()).await.unwrap() })
            })
            .collect();
        let mut outcomes = Vec::new();
        for task in tasks {
            outcomes.push(task.await.unwrap());
        }
        let saved = outcomes.iter().filter(|outcome| **outcome == SaveOutcome::Saved).count();
        let late = outcomes.iter().filter(|outcome| **outcome == SaveOutcome::Conflict(2)).count();
        assert_eq!((saved, late), (1, 7), "{outcomes:?}");
    }
}
