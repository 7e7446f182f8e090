//! Lists that come page by page, and documents that come in parts.

use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use futures_core::Stream;
use lookout_sdk::schema::{ListTables, ListWarehouses, ReadSourceDoc};
use lookout_sdk::{Client, Items, ReadOnly};
use serde_json::{Value, json};
use wiremock::{Request, ResponseTemplate};

use crate::support::{Fake, result};

/// A server that answers a call with what `answer` makes of its arguments.
fn serve(fake: &Fake, answer: impl Fn(&Value) -> ResponseOf + Send + 'static) -> Client<ReadOnly> {
    fake.on("/mcp", move |request: &Request| {
        let message: Value = request.body_json().unwrap();
        let ResponseOf { structured, status, delay } = answer(&message["params"]["arguments"]);
        let whole =
            json!({ "resultType": "complete", "content": [], "structuredContent": structured });
        match status {
            200 => result(request, &whole).set_delay(delay),
            status => ResponseTemplate::new(status),
        }
    });
    fake.builder().token("token").read_only().build().unwrap()
}

struct ResponseOf {
    structured: Value,
    status: u16,
    delay: Duration,
}

fn ok(structured: Value) -> ResponseOf {
    ResponseOf { structured, status: 200, delay: Duration::ZERO }
}

/// A page of tables with these names.
fn tables(names: &[&str], next: Option<&str>) -> Value {
    let table = |name: &&str| json!({ "schema": "main", "name": name, "qualified_name": name, "kind": "table", "comment": null, "approximate_rows": null });
    let tables: Vec<_> = names.iter().map(table).collect();
    json!({ "warehouse_id": "shop", "tables": tables, "next_cursor": next })
}

fn three_pages(arguments: &Value) -> ResponseOf {
    assert_eq!(arguments["schema"], "main");
    ok(match arguments["cursor"].as_str() {
        None => tables(&["a", "b"], Some("2")),
        Some("2") => tables(&[], Some("3")),
        Some("3") => tables(&["c"], None),
        Some(other) => panic!("nobody gave the cursor {other}"),
    })
}

async fn names(mut all: Items<ListTables>) -> (Vec<String>, Option<lookout_sdk::Error>) {
    let mut names = Vec::new();
    while let Some(table) = all.next().await {
        match table {
            Ok(table) => names.push(table.name),
            Err(error) => {
                assert!(all.next().await.is_none(), "a stream is over after an error");
                return (names, Some(error));
            }
        }
    }
    (names, None)
}

#[tokio::test]
async fn a_list_is_read_to_its_end_and_no_page_before_it_is_wanted() {
    let fake = Fake::start().await;
    let client = serve(&fake, three_pages);
    let mut all = client.all_tables(ListTables::new().schema("main"));
    assert!(fake.messages().await.is_empty());
    assert_eq!(all.next().await.unwrap().unwrap().name, "a");
    assert_eq!(all.next().await.unwrap().unwrap().name, "b");
    assert_eq!(fake.messages().await.len(), 1);
    assert_eq!(all.next().await.unwrap().unwrap().name, "c");
    assert!(all.next().await.is_none());
    assert_eq!(fake.messages().await.len(), 3);

    let everything = client.all_tables(ListTables::new().schema("main")).try_collect().await;
    assert_eq!(everything.unwrap().len(), 3);
    let (rest, error) =
        names(client.all_tables(ListTables::new().schema("main").cursor("3"))).await;
    assert_eq!(rest, ["c"]);
    assert!(error.is_none());
}

#[tokio::test]
async fn a_list_is_a_stream_by_item_and_by_page() {
    let fake = Fake::start().await;
    let client = serve(&fake, three_pages);
    // Another task may read it.
    let all = client.all_tables(ListTables::new().schema("main"));
    let read = tokio::spawn(async move {
        let mut stream = pin!(all);
        let mut names = Vec::new();
        while let Some(table) = poll_fn(|context| stream.as_mut().poll_next(context)).await {
            names.push(table.unwrap().name);
        }
        (names, stream.size_hint())
    });
    assert_eq!(
        read.await.unwrap(),
        (vec!["a".to_owned(), "b".to_owned(), "c".to_owned()], (0, Some(0)))
    );

    let mut pages = client.pages(ListTables::new().schema("main"));
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        sizes.push(page.unwrap().tables.len());
    }
    assert_eq!(sizes, [2, 0, 1]);
    assert_eq!(format!("{pages:?}"), r#"Pages { tool: "list_tables", over: true, .. }"#);
}

#[tokio::test]
async fn a_server_that_goes_in_circles_is_found_out() {
    let fake = Fake::start().await;
    let client = serve(&fake, |arguments| {
        ok(match arguments["cursor"].as_str() {
            None | Some("3") => tables(&["a"], Some("2")),
            _ => tables(&["b"], Some("3")),
        })
    });
    let (names, error) = names(client.all_tables(ListTables::new())).await;
    let error = error.unwrap();
    assert_eq!(names, ["a", "b"]);
    assert!(error.is_protocol(), "{error:?}");
    assert_eq!(
        error.to_string(),
        "list_tables gave a cursor for the second time, so its list does not end"
    );
    assert_eq!(fake.messages().await.len(), 3);
}

#[tokio::test]
async fn pages_without_end_that_list_nothing_are_an_error() {
    let fake = Fake::start().await;
    let client = serve(&fake, |arguments| {
        let page: u32 = arguments["cursor"].as_str().map_or(0, |cursor| cursor.parse().unwrap());
        ok(tables(&[], Some(&(page + 1).to_string())))
    });
    let (names, error) = names(client.all_tables(ListTables::new())).await;
    assert!(names.is_empty());
    assert_eq!(error.unwrap().to_string(), "list_tables gave 100 pages in a row that list nothing");
    assert_eq!(fake.messages().await.len(), 100);
}

#[tokio::test]
async fn a_page_that_cannot_be_had_ends_the_list_after_what_came_before() {
    let fake = Fake::start().await;
    let client = serve(&fake, |arguments| match arguments["cursor"].as_str() {
        None => ok(tables(&["a"], Some("2"))),
        Some(_) => ResponseOf { status: 404, ..ok(Value::Null) },
    });
    let (names, error) = names(client.all_tables(ListTables::new())).await;
    assert_eq!(names, ["a"]);
    assert!(error.is_some());

    let mut wrong = client.all_warehouses(ListWarehouses::new().limit(1000));
    assert!(wrong.next().await.unwrap().unwrap_err().is_invalid_arguments());
}

#[tokio::test]
async fn a_page_that_nobody_waits_for_any_more_is_not_lost() {
    let fake = Fake::start().await;
    let client = serve(&fake, |_| ResponseOf {
        delay: Duration::from_millis(300),
        ..ok(tables(&["a"], None))
    });
    let mut all = client.all_tables(ListTables::new());
    let impatient = tokio::time::timeout(Duration::from_millis(50), all.next()).await;
    assert!(impatient.is_err());
    assert_eq!(all.next().await.unwrap().unwrap().name, "a");
    assert_eq!(fake.messages().await.len(), 1);
}

/// A part of a document of nine characters.
fn part(arguments: &Value, generated_at: &str, next: impl Fn(i64) -> Option<i64>) -> ResponseOf {
    let offset = arguments["offset"].as_i64().unwrap();
    let start = usize::try_from(offset).unwrap();
    ok(json!({
        "id": "d", "source_name": "Shop", "title": "Shop", "generated_at": generated_at, "stale": false, "sections": [],
        "content": "# Héllo!\n".chars().skip(start).take(4).collect::<String>(), "content_type": "text/markdown",
        "offset": offset, "next_offset": next(offset), "total_chars": 9,
    }))
}

#[tokio::test]
async fn a_document_is_put_together_from_its_parts() {
    let fake = Fake::start().await;
    let next = |offset| (offset + 4 < 9).then_some(offset + 4);
    let client = serve(&fake, move |arguments| part(arguments, "2026-01-01T00:00:00Z", next));
    assert_eq!(client.whole_source_doc(ReadSourceDoc::new("d")).await.unwrap(), "# Héllo!\n");
    assert_eq!(fake.messages().await.len(), 3);
    assert_eq!(
        client.whole_source_doc(ReadSourceDoc::new("d").offset(3)).await.unwrap(),
        "éllo!\n"
    );
}

#[tokio::test]
async fn parts_that_do_not_make_one_document_are_an_error() {
    for wrong in [|_| Some(0), |_| Some(4), |_| Some(10), |offset| Some(offset - 1)] {
        let fake = Fake::start().await;
        let client = serve(&fake, move |arguments| part(arguments, "2026-01-01T00:00:00Z", wrong));
        let error = client.whole_source_doc(ReadSourceDoc::new("d")).await.unwrap_err();
        assert!(error.is_protocol(), "{error:?}");
    }
    let fake = Fake::start().await;
    let client = serve(&fake, |arguments| {
        let offset = arguments["offset"].as_i64().unwrap();
        part(arguments, &format!("2026-01-01T00:00:0{offset}Z"), |offset| Some(offset + 4))
    });
    let error = client.whole_source_doc(ReadSourceDoc::new("d")).await.unwrap_err();
    assert!(error.to_string().contains("generated anew"), "{error}");
}

#[tokio::test]
async fn a_part_that_is_longer_than_its_offsets_say_is_refused() {
    for next in [|offset| Some(offset + 1), |_| None] {
        let fake = Fake::start().await;
        let client = serve(&fake, move |arguments| {
            let mut part = json!({
                "id": "d", "source_name": "Shop", "title": "Shop", "generated_at": "2026-01-01T00:00:00Z",
                "stale": false, "sections": [], "content": "long text", "content_type": "text/markdown",
                "offset": arguments["offset"], "total_chars": 8,
            });
            part["next_offset"] = json!(next(arguments["offset"].as_i64().unwrap()));
            ok(part)
        });
        let error = client.whole_source_doc(ReadSourceDoc::new("d")).await.unwrap_err();
        assert!(error.to_string().contains("longer than its offsets"), "{error}");
        assert_eq!(fake.messages().await.len(), 1);
    }
}

#[tokio::test]
async fn a_document_of_many_parts_is_one_call_for_a_deadline() {
    let fake = Fake::start().await;
    let next = |offset| (offset + 4 < 9).then_some(offset + 4);
    let client = serve(&fake, move |arguments| ResponseOf {
        delay: Duration::from_millis(400),
        ..part(arguments, "2026-01-01T00:00:00Z", next)
    });
    let quick = client.with_deadline(Duration::from_millis(1000));
    assert!(quick.whole_source_doc(ReadSourceDoc::new("d")).await.unwrap_err().is_timeout());
}
