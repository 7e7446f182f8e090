//! What callers are told, and what they are never told.

use lookout_server::warehouse::{
    Embedded, EmbeddedConfig, Scalar, Statement, Warehouse, WarehouseError,
};

use super::files::{Fixture, SHOP};

#[tokio::test]
async fn values_and_placeholders_must_match() {
    let shop = Fixture::of(SHOP);
    let sql = "SELECT name FROM orders WHERE id = :id";
    assert_eq!(
        shop.query(sql).await.unwrap_err(),
        WarehouseError::MissingParameter { name: "id".to_owned() }
    );
    let both = Statement::new(sql).bind("id", Scalar::Integer(1)).bind("extra", Scalar::Null);
    assert_eq!(
        shop.warehouse.query(both).await.unwrap_err(),
        WarehouseError::UnknownParameter { name: "extra".to_owned() }
    );
    let right = Statement::new(sql).bind("id", Scalar::Integer(1));
    assert_eq!(shop.warehouse.query(right).await.unwrap().rows[0][0], "Ada");
    let hostile = Statement::new("SELECT name FROM orders WHERE name = :id")
        .bind("id", Scalar::Text("' OR 1=1 --".to_owned()));
    assert_eq!(shop.warehouse.query(hostile).await.unwrap().row_count(), 0);
}

#[tokio::test]
async fn checking_finds_what_running_would_and_runs_nothing() {
    let shop = Fixture::of(SHOP);
    let checked = shop.warehouse.check("SELECT id FROM orders WHERE id > :since").await.unwrap();
    assert_eq!(checked.parameters.into_iter().collect::<Vec<_>>(), ["since"]);
    assert_eq!(
        shop.warehouse.check("SELECT nonsense FROM orders").await.unwrap_err().code(),
        "sql_syntax"
    );
    assert_eq!(
        shop.warehouse.check("DELETE FROM orders").await.unwrap_err().code(),
        "read_only_violation"
    );
    shop.warehouse
        .check("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT COUNT(*) FROM n")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_mistake_is_explained_with_its_place_and_what_is_close() {
    let shop = Fixture::of(SHOP);
    let error = shop.query("SELECT id,\n       totl_cents FROM orders").await.unwrap_err();
    let WarehouseError::SqlSyntax { position: Some(position), .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!((position.line, position.column), (2, 8));
    assert!(error.to_string().contains("orders.total_cents"), "{error}");
    assert!(
        shop.query("SELECT \"no such column\" FROM orders").await.is_err(),
        "a misspelt column is not a text"
    );
}

#[tokio::test]
async fn an_empty_result_says_what_to_look_at() {
    let shop = Fixture::of(SHOP);
    let outcome = shop.query("SELECT * FROM orders WHERE name = 'ada'").await.unwrap();
    assert!(
        outcome.rows.is_empty() && outcome.hints.iter().any(|hint| hint.contains("DISTINCT")),
        "{:?}",
        outcome.hints
    );
    assert_eq!(outcome.columns.len(), 3, "an empty result still has its columns");
}

#[tokio::test]
async fn no_message_tells_where_the_data_lies() {
    let shop = Fixture::of(SHOP);
    let folder = shop.path.parent().unwrap().to_str().unwrap().to_owned();
    let mut messages = Vec::new();
    for sql in [
        "SELECT",
        "SELECT * FROM nothing",
        "SELECT nothing",
        "SELECT load_extension('x')",
        "SELECT json('{')",
        "SELECT 1 / 0 + abs(-9223372036854775808)",
        "ATTACH 'x' AS y",
        "SELECT * FROM a.b",
        "SELECT x REGEXP 'y' FROM orders",
    ] {
        messages.extend(
            shop.query(sql).await.err().map(|error| (error.to_string(), format!("{error:?}"))),
        );
    }
    // A file that stops being a database under an open warehouse.
    let broken = Fixture::configured(SHOP, |mut config| {
        config.max_concurrent = 1;
        config
    });
    std::fs::write(
        &broken.path,
        "this is no database, and it is longer than the header of one would be: ".repeat(40),
    )
    .unwrap();
    let error = broken.query("SELECT * FROM orders").await.unwrap_err();
    assert_eq!(error, WarehouseError::WarehouseUnavailable);
    messages.push((error.to_string(), format!("{error:?}")));
    assert!(messages.len() >= 8, "{messages:?}");
    for (message, debug) in messages {
        for told in [&message, &debug] {
            assert!(
                !told.contains(&folder) && !told.contains("data.db") && !told.contains("rusqlite"),
                "{told}"
            );
        }
        assert!(message.ends_with('.'), "{message}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_refused_at_the_start_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.db");
    let error = Embedded::open(EmbeddedConfig::new("w", "W", &missing)).unwrap_err().to_string();
    assert!(error.contains("missing.db") && !missing.exists(), "{error}");
    let text = folder.path().join("text.db");
    std::fs::write(&text, "not a database ".repeat(100)).unwrap();
    assert!(Embedded::open(EmbeddedConfig::new("w", "W", &text)).is_err());
}
