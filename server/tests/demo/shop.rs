//! The shop is whole, the same everywhere, and shaped like a shop.

use std::{fs, sync::OnceLock, time::Instant};

use jiff::civil::{Date, date};
use lookout_server::{
    demo::shop,
    warehouse::{Embedded, EmbeddedConfig, NormalizedType, Statement, Warehouse},
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub(super) const TODAY: Date = date(2026, 11, 22);

/// A small shop that all tests read.
pub(super) fn warehouse() -> &'static Embedded {
    static SHOP: OnceLock<(TempDir, Embedded)> = OnceLock::new();
    let (_, warehouse) = SHOP.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.db");
        shop::create(&path, 0.08, TODAY).unwrap();
        let config = EmbeddedConfig {
            comments: shop::comments(),
            ..EmbeddedConfig::new("shop", "Tea Leafs", path)
        };
        let warehouse = Embedded::open(config).unwrap();
        (folder, warehouse)
    });
    warehouse
}

pub(super) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

fn rows(sql: &str) -> Vec<Vec<Value>> {
    runtime()
        .block_on(warehouse().query(Statement::new(sql)))
        .unwrap_or_else(|error| panic!("{sql}: {error}"))
        .rows
}

fn number(sql: &str) -> f64 {
    rows(sql)[0][0].as_f64().unwrap_or_else(|| panic!("{sql}: not a number"))
}

#[test]
fn the_same_day_gives_the_same_bytes_and_another_day_another_shop() {
    let folder = tempfile::tempdir().unwrap();
    let make = |name: &str, today| {
        let path = folder.path().join(name);
        let rows = shop::create(&path, 0.01, today).unwrap();
        (fs::read(path).unwrap(), rows)
    };
    let (first, again, later) =
        (make("a.db", TODAY), make("b.db", TODAY), make("c.db", date(2026, 11, 23)));
    assert!(first == again);
    assert!(first.0 != later.0);
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        3,
        "nothing unfinished is left behind"
    );
}

#[test]
fn a_shop_that_cannot_be_finished_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let occupied = folder.path().join("shop.db");
    // A folder with something in it cannot be replaced by a file, so the last step fails.
    fs::create_dir_all(occupied.join("inside")).unwrap();
    assert!(shop::create(&occupied, 0.001, TODAY).is_err());
    assert!(occupied.join("inside").is_dir());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert!(shop::create(&folder.path().join("missing/shop.db"), 0.001, TODAY).is_err());
}

#[test]
fn at_full_size_it_holds_hundreds_of_thousands_of_rows_and_is_quick_to_make() {
    let folder = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let rows = shop::create(&folder.path().join("shop.db"), 1.0, TODAY).unwrap();
    let total: u64 = rows.values().sum();
    assert!((300_000..500_000).contains(&total), "{rows:?}");
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

#[test]
fn what_is_counted_is_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let counts = shop::create(&path, 0.005, TODAY).unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    for (table, count) in counts {
        let found: i64 = connection
            .query_row(&format!("SELECT COUNT(*) FROM {table}"), [], |row| row.get(0))
            .unwrap();
        assert_eq!(found.unsigned_abs(), count, "{table}");
    }
    let broken: i64 = connection
        .query_row("SELECT COUNT(*) FROM pragma_foreign_key_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(broken, 0, "every reference leads somewhere");
}

#[test]
fn every_table_and_column_is_described() {
    let runtime = runtime();
    let tables = runtime.block_on(warehouse().tables()).unwrap();
    assert_eq!(tables.len(), 9);
    for table in tables {
        assert!(table.comment.is_some_and(|comment| comment.ends_with('.')), "{}", table.name);
        let described = runtime.block_on(warehouse().describe(&table.name)).unwrap();
        let silent = described.columns.iter().filter(|column| column.comment.is_none()).count();
        assert!(silent == 0 || table.name == "daily_sales", "{}", table.name);
    }
}

#[test]
fn every_kind_of_value_occurs() {
    let of = |table: &str| runtime().block_on(warehouse().describe(table)).unwrap().columns;
    let columns: Vec<_> =
        ["customers", "products", "events", "orders"].into_iter().flat_map(of).collect();
    use NormalizedType as T;
    for wanted in [
        T::Integer,
        T::Decimal,
        T::Boolean,
        T::Date,
        T::Timestamp,
        T::Json,
        T::Binary,
        T::Float,
        T::String,
    ] {
        assert!(columns.iter().any(|column| column.normalized_type == wanted), "{wanted:?}");
    }
    assert!(
        rows("SELECT message_id FROM events LIMIT 50").iter().all(|row| row[0].is_string()),
        "beyond what a double holds"
    );
    let product = &rows(
        "SELECT price, price_cents, organic, attributes, thumbnail FROM products WHERE id = 1",
    )[0];
    assert_eq!(
        (&product[0], &product[1], &product[2]),
        (&Value::from("34.50"), &Value::from(3450), &Value::Bool(true))
    );
    assert!(
        serde_json::from_str::<Value>(product[3].as_str().unwrap()).unwrap()["origin"] == "Japan"
    );
    assert!(product[4].as_str().unwrap().starts_with("iVBORw0KGgo"), "a picture in base64");
    for nullable in [
        "customers.birth_date",
        "sessions.customer_id",
        "orders.coupon",
        "reviews.body",
        "events.properties",
    ] {
        let (table, column) = nullable.split_once('.').unwrap();
        assert!(
            number(&format!("SELECT COUNT(*) - COUNT({column}) FROM {table}")) > 0.0,
            "{nullable}"
        );
    }
    let written: String = rows("SELECT body FROM reviews WHERE body IS NOT NULL")
        .concat()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    for sign in [
        "\u{202E}",
        "\u{1B}[31m",
        "ignore all previous instructions",
        "<script>",
        "DROP TABLE",
        "é",
        "ش",
    ] {
        assert!(written.contains(sign), "{sign:?}");
    }
}

#[test]
fn money_adds_up() {
    assert_eq!(
        number(
            "SELECT COUNT(*) FROM orders WHERE subtotal_cents - discount_cents + shipping_cents <> total_cents"
        ),
        0.0
    );
    let items = "SELECT COUNT(*) FROM orders o WHERE subtotal_cents <> (SELECT SUM(quantity * unit_price_cents) FROM order_items WHERE order_id = o.id)";
    assert_eq!(number(items), 0.0);
}

#[test]
fn it_is_shaped_like_a_shop() {
    assert_eq!(number("SELECT COUNT(DISTINCT event) FROM events"), 19.0);
    let visits = |event: &str| {
        number(&format!("SELECT COUNT(DISTINCT session_id) FROM events WHERE event = '{event}'"))
    };
    let funnel = [
        "page",
        "product_viewed",
        "product_added",
        "cart_viewed",
        "checkout_started",
        "payment_info_entered",
        "order_completed",
    ]
    .map(visits);
    assert!(funnel.windows(2).all(|step| step[0] > step[1] && step[1] > 0.0), "{funnel:?}");
    let of_month = |month: &str| {
        number(&format!("SELECT COUNT(*) FROM sessions WHERE started_at LIKE '{month}%'"))
    };
    assert!(of_month("2025-12") > 1.5 * of_month("2026-07"), "winter is the season for tea");
    let repeat = number("SELECT COUNT(*) FROM customers WHERE order_count > 1")
        / number("SELECT COUNT(*) FROM customers WHERE order_count > 0");
    assert!((0.1..0.8).contains(&repeat), "{repeat}");
    let returned = number("SELECT COUNT(*) FROM returns") / number("SELECT COUNT(*) FROM orders");
    assert!((0.01..0.15).contains(&returned), "{returned}");
    assert!(
        number("SELECT COUNT(*) FROM events WHERE occurred_at >= '2026-11-15T00:00:00Z'") > 100.0,
        "the last week has data"
    );
    assert_eq!(
        rows(
            "SELECT MIN(started_at) >= '2025-11-22T00:00:00Z', MAX(occurred_at) < '2026-11-22T00:00:00Z' FROM sessions, events WHERE session_id = sessions.id"
        )[0],
        [1, 1]
    );
    assert_eq!(
        number(
            "SELECT COUNT(*) FROM events WHERE length(occurred_at) <> 20 OR occurred_at NOT LIKE '____-__-__T__:__:__Z'"
        ),
        0.0,
        "times compare as text"
    );
}
