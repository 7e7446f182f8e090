//! The instrumentation documents agree with themselves and with the shop.

use std::collections::BTreeSet;

use jiff::Timestamp;
use lookout_server::{
    demo,
    warehouse::{Statement, Warehouse},
};

use super::shop::{runtime, warehouse};

#[test]
fn documents_are_complete() {
    let documents = demo::source_documents();
    let ids: BTreeSet<_> = documents.iter().map(|document| &document.id).collect();
    assert_eq!(ids.len(), 4);
    assert!(
        documents.iter().any(|document| document.markdown.chars().count() > 40_000),
        "one needs paging"
    );
    assert_eq!(documents.iter().filter(|document| document.stale).count(), 1);
    for document in &documents {
        assert!(
            document.generated_at.parse::<Timestamp>().is_ok()
                && document.generated_at.ends_with('Z'),
            "{}",
            document.id
        );
        assert!(
            document.commit_sha.as_ref().is_some_and(
                |sha| sha.len() == 40 && sha.bytes().all(|byte| byte.is_ascii_hexdigit())
            ),
            "{}",
            document.id
        );
        assert!(
            !document.events.is_empty() && document.markdown.starts_with("# "),
            "{}",
            document.id
        );
    }
}

#[test]
fn every_documented_call_has_its_section_with_its_properties_and_places() {
    for document in demo::source_documents() {
        for event in &document.events {
            let heading = format!("\n### {}\n", event.name);
            let (_, section) = document
                .markdown
                .split_once(&heading)
                .unwrap_or_else(|| panic!("{}: no section {}", document.id, event.name));
            let section = section.split("\n### ").next().unwrap();
            for property in &event.properties {
                assert!(
                    section
                        .contains(&format!("| `{}` | {} |", property.name, property.property_type)),
                    "{} {}",
                    event.name,
                    property.name
                );
            }
            for location in &event.locations {
                assert!(
                    section.contains(&format!("`{}` line {}", location.path, location.line)),
                    "{} {}",
                    event.name,
                    location.path
                );
            }
        }
    }
}

#[test]
fn what_the_documents_say_about_the_warehouse_can_be_queried() {
    let runtime = runtime();
    let mut run = 0;
    for document in demo::source_documents() {
        for sql in document.markdown.split('`').filter(|code| code.starts_with("SELECT ")) {
            let outcome = runtime
                .block_on(warehouse().query(Statement::new(sql)))
                .unwrap_or_else(|error| panic!("{sql}: {error}"));
            assert!(!outcome.rows.is_empty(), "{sql}");
            run += 1;
        }
    }
    assert!(run > 50, "{run}");
}

#[test]
fn every_event_of_the_shop_is_documented() {
    let rows = runtime()
        .block_on(warehouse().query(Statement::new("SELECT DISTINCT event FROM events")))
        .unwrap()
        .rows;
    let documented: BTreeSet<_> = demo::source_documents()
        .iter()
        .flat_map(|document| &document.events)
        .map(|event| event.name.to_lowercase().replace(' ', "_"))
        .collect();
    for row in rows {
        assert!(documented.contains(row[0].as_str().unwrap()), "{}", row[0]);
    }
}
