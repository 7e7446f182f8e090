//! How tables are found by name, and what is said when they are not.

use lookout_server::warehouse::{NormalizedType, TableKind, Warehouse, WarehouseError};

use super::files::{Fixture, SHOP};

#[tokio::test]
async fn a_table_is_found_by_every_way_to_write_its_name() {
    let shop = Fixture::of(SHOP);
    for table in shop.warehouse.tables().await.unwrap() {
        for written in [
            table.name.clone(),
            table.qualified_name.clone(),
            format!("main.\"{}\"", table.name),
            format!("\"main\".[{}]", table.name),
        ] {
            let described = shop
                .warehouse
                .describe(&written)
                .await
                .unwrap_or_else(|error| panic!("{written}: {error}"));
            assert_eq!(described.table, table);
        }
        // The qualified name is ready to paste.
        shop.query(&format!("SELECT * FROM {}", table.qualified_name)).await.unwrap();
    }
}

#[tokio::test]
async fn tables_and_views_are_listed_in_order_with_their_columns() {
    let shop = Fixture::of(SHOP);
    let tables = shop.warehouse.tables().await.unwrap();
    let names: Vec<_> = tables.iter().map(|table| (table.name.as_str(), table.kind)).collect();
    assert_eq!(
        names,
        [
            ("Order Items", TableKind::Table),
            ("a.b", TableKind::Table),
            ("big_orders", TableKind::View),
            ("orders", TableKind::Table)
        ]
    );
    assert_eq!(tables[3].approximate_rows, Some(3));
    let columns = shop.warehouse.describe("ORDERS").await.unwrap().columns;
    let shown: Vec<_> = columns
        .iter()
        .map(|column| (column.name.as_str(), column.normalized_type, column.nullable))
        .collect();
    assert_eq!(
        shown,
        [
            ("id", NormalizedType::Integer, Some(false)),
            ("name", NormalizedType::String, Some(true)),
            ("total_cents", NormalizedType::Integer, Some(true))
        ]
    );
}

#[tokio::test]
async fn a_missing_table_comes_with_names_that_are_close() {
    let shop = Fixture::of(SHOP);
    for written in ["order", "ordres", "main.oders", "orders_2026"] {
        let error = shop.warehouse.describe(written).await.unwrap_err();
        let WarehouseError::TableNotFound { nearest, .. } = &error else { panic!("{error:?}") };
        assert!(
            nearest.contains(&"main.orders".to_owned()) && nearest.len() <= 5,
            "{written}: {nearest:?}"
        );
    }
    for written in [
        "sqlite_master",
        "main.sqlite_schema",
        "",
        ".",
        "a..b",
        "\"",
        "x.y.z.w",
        "/etc/passwd",
        "\0",
        &"x".repeat(100_000),
    ] {
        let error = shop.warehouse.describe(written).await.unwrap_err();
        assert!(matches!(error.code(), "table_not_found" | "schema_not_found"), "{error:?}");
        assert!(error.to_string().len() < 1_000, "{error}");
    }
    assert_eq!(
        shop.warehouse.describe("other.orders").await.unwrap_err().code(),
        "schema_not_found"
    );
}

#[tokio::test]
async fn only_exposed_tables_exist() {
    let shop = Fixture::configured(SHOP, |mut config| {
        config.expose = Some(["orders".to_owned()].into());
        config
    });
    assert_eq!(shop.warehouse.tables().await.unwrap().len(), 1);
    assert_eq!(shop.warehouse.describe("a.b").await.unwrap_err().code(), "schema_not_found");
    assert_eq!(shop.query("SELECT * FROM \"a.b\"").await.unwrap_err().code(), "table_not_found");
    assert_eq!(shop.rows("SELECT COUNT(*) FROM orders").await[0][0], 3);
}

#[tokio::test]
async fn a_view_shows_nothing_of_tables_that_are_not_exposed() {
    let shop = Fixture::configured(SHOP, |mut config| {
        config.expose = Some(["big_orders".to_owned()].into());
        config
    });
    assert_eq!(
        shop.query("SELECT * FROM big_orders").await.unwrap_err().code(),
        "permission_denied_by_warehouse"
    );
}
