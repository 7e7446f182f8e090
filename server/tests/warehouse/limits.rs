//! Rows, bytes, time and concurrency are bounded whatever is asked.

use std::{
    task::{Context, Waker},
    time::{Duration, Instant},
};

use lookout_server::warehouse::{Statement, TruncationReason, Warehouse, WarehouseError};
use proptest::prelude::*;

use super::files::{Fixture, SHOP, runtime, shared};

/// Never ends by itself.
const ENDLESS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n";
const NUMBERS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, 'row ' || i AS name FROM n";

fn statement(sql: &str, max_rows: usize, max_bytes: usize) -> Statement {
    Statement { max_rows, max_bytes, ..Statement::new(sql) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(22), ..ProptestConfig::default() })]

    /// An endless result is cut at the first cap it meets, says which, and what is returned fits.
    #[test]
    fn results_stop_at_the_first_cap(max_rows in 1_usize..400, max_bytes in 60_usize..9_000) {
        let outcome = runtime().block_on(shared().warehouse.query(statement(NUMBERS, max_rows, max_bytes))).unwrap();
        let bytes = serde_json::to_string(&outcome.rows).unwrap().len();
        prop_assert!(outcome.row_count() <= max_rows && bytes <= max_bytes + 2, "{} rows, {} bytes", outcome.row_count(), bytes);
        let by_rows = outcome.row_count() == max_rows;
        prop_assert_eq!(outcome.truncated, Some(if by_rows { TruncationReason::RowLimit } else { TruncationReason::SizeLimit }));
        prop_assert!(outcome.rows.iter().enumerate().all(|(index, row)| row[0] == index + 1), "rows are a prefix");
    }
}

#[tokio::test]
async fn a_result_that_fits_exactly_is_whole() {
    let shop = Fixture::of(SHOP);
    assert_eq!(
        shop.warehouse.query(statement("SELECT id FROM orders", 3, 9_000)).await.unwrap().truncated,
        None
    );
    assert_eq!(
        shop.warehouse.query(statement("SELECT id FROM orders", 2, 9_000)).await.unwrap().truncated,
        Some(TruncationReason::RowLimit)
    );
}

#[tokio::test]
async fn one_row_beyond_the_size_is_an_error_and_not_an_empty_result() {
    let shop = Fixture::of(SHOP);
    let wide = format!("SELECT {}", vec!["printf('%.4000c', 'x')"; 40].join(", "));
    assert_eq!(
        shop.query(&wide).await.unwrap_err(),
        WarehouseError::ResultTooLarge { max_bytes: 40_000 }
    );
    let names = format!("SELECT 1 AS \"{}\"", "n".repeat(41_000));
    assert_eq!(shop.query(&names).await.unwrap_err().code(), "result_too_large");
    assert_eq!(
        shop.query("WITH RECURSIVE s(x) AS (SELECT 'double' UNION ALL SELECT x || x FROM s) SELECT MAX(length(x)) FROM s").await.unwrap_err().code(),
        "result_too_large"
    );
}

#[tokio::test]
async fn the_deadline_ends_every_kind_of_work() {
    let shop = Fixture::of(SHOP);
    let join = "SELECT COUNT(*) FROM orders a, orders b, orders c, orders d, orders e, orders f, orders g, orders h, orders i, orders j, orders k, orders l, orders m, orders n, orders o, orders p, orders q, orders r, orders s, orders t, orders u, orders v WHERE a.id + v.id < 0";
    let grow =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n) SELECT i FROM n ORDER BY -i";
    for sql in [ENDLESS, join, grow] {
        let started = Instant::now();
        let error = shop
            .warehouse
            .query(Statement { timeout: Duration::from_millis(300), ..Statement::new(sql) })
            .await
            .unwrap_err();
        assert_eq!(error.code(), "query_timeout", "{sql}");
        assert!(started.elapsed() < Duration::from_millis(1_300), "{sql}: {:?}", started.elapsed());
    }
    assert_eq!(shop.rows("SELECT 1").await[0][0], 1, "the connections are still good");
}

#[tokio::test]
async fn a_caller_that_goes_away_stops_its_statement_and_a_full_queue_refuses() {
    let shop = Fixture::configured(SHOP, |mut config| {
        config.max_concurrent = 1;
        config.max_queued = 1;
        config
    });
    let endless = || Statement { timeout: Duration::from_secs(50), ..Statement::new(ENDLESS) };
    let running = shop.warehouse.query(endless());
    let waiting = shop.warehouse.query(endless());
    let mut both = Box::pin(async { tokio::join!(running, waiting) });
    // Polled once, both have their places: one runs or is about to, and one waits.
    assert!(both.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let refused = shop.query("SELECT 1").await.unwrap_err();
    assert_eq!(refused, WarehouseError::TooManyConcurrentQueries);
    assert!(refused.is_retryable());
    drop(both);
    let started = Instant::now();
    assert_eq!(shop.rows("SELECT 1").await[0][0], 1);
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "the thread is free again after {:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn one_caller_leaves_connections_and_places_to_others() {
    let fixture = || {
        Fixture::configured(SHOP, |mut config| {
            config.max_concurrent = 2;
            config.max_queued = 6;
            config
        })
    };
    let statement = |caller: Option<&str>, sql: &str| Statement {
        timeout: Duration::from_secs(50),
        caller: caller.map(Into::into),
        ..Statement::new(sql)
    };
    for (flooding, refused) in [(Some("greedy"), 4), (None, 0)] {
        let shop = fixture();
        // As many statements as there are places.
        let mut flood: Vec<_> =
            (0..8).map(|_| shop.warehouse.query(statement(flooding, ENDLESS))).collect();
        let mut context = Context::from_waker(Waker::noop());
        let ready = flood
            .iter_mut()
            .filter_map(|one| one.as_mut().poll(&mut context).is_ready().then_some(()));
        assert_eq!(ready.count(), refused, "a caller has half of the places, the server all");
        let other = shop.warehouse.query(statement(Some("other"), "SELECT 1")).await;
        match flooding {
            Some(_) => assert_eq!(other.expect("half of the connections are left").row_count(), 1),
            None => assert_eq!(other.unwrap_err(), WarehouseError::TooManyConcurrentQueries),
        }
    }
}

#[tokio::test]
async fn waiting_counts_against_the_time_allowed() {
    let shop = Fixture::configured(SHOP, |mut config| {
        config.max_concurrent = 1;
        config
    });
    let running = shop
        .warehouse
        .query(Statement { timeout: Duration::from_secs(50), ..Statement::new(ENDLESS) });
    let late = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        shop.warehouse
            .query(Statement { timeout: Duration::from_millis(200), ..Statement::new("SELECT 1") })
            .await
    };
    tokio::select! {
        _ = running => panic!("an endless statement ended"),
        late = late => assert_eq!(late.unwrap_err(), WarehouseError::TooManyConcurrentQueries),
    }
}

#[tokio::test]
async fn every_execution_has_a_name_of_its_own() {
    let shop = Fixture::of(SHOP);
    let (a, b) = (shop.query("SELECT 1").await.unwrap(), shop.query("SELECT 1").await.unwrap());
    assert_ne!(a.statement_id, b.statement_id);
    assert!(a.statement_id.len() == 16 && a.elapsed > Duration::ZERO);
}
