//! The guard gives a verdict on any text, soon and without running out of stack.

use std::time::Instant;

use proptest::prelude::*;

use super::guard::{check, code};

#[test]
fn size_and_nesting_never_exhaust_the_stack_or_the_clock() {
    let deep = |open: &str, close: &str, count: usize| {
        format!("SELECT {}1{}", open.repeat(count), close.repeat(count))
    };
    let started = Instant::now();
    for sql in [
        deep("(", ")", 24_000),
        deep("(", ")", 39),
        deep("((", "))", 19),
        deep("abs(", ")", 39),
        deep("(SELECT ", ")", 39),
        deep("(SELECT (", "))", 19),
        deep("- ", "", 24_000),
        deep("NOT ", "", 12_000),
        deep("CASE WHEN 1 THEN ", " END", 2_000),
        deep("1+", "", 24_000),
        deep("1 OR ", "", 9_000),
        deep("1 IS NULL IS NULL = ", "", 2_400),
        deep("1 UNION SELECT ", "", 3_200),
        deep("'a' || ", "", 7_000),
        format!("SELECT * FROM {}orders{}", "(".repeat(39), ")".repeat(39)),
        format!("SELECT * FROM {}orders{}", "(SELECT * FROM ".repeat(39), ")".repeat(39)),
        format!("SELECT * FROM orders {}", "JOIN events ".repeat(4_000)),
        format!("SELECT '{}'", "x".repeat(49_000)),
        format!("SELECT 1 IN ({}1)", "1,".repeat(24_000)),
        format!("SELECT {}", "a.".repeat(24_000)),
        format!("{}SELECT 1", "WITH x AS (".repeat(39)),
        "/*".repeat(25_000),
        "\"".repeat(49_999),
        "SELECT 1 ".to_owned() + &";".repeat(49_000),
        "x".repeat(50_001),
        "é".repeat(50_001),
    ] {
        let one = Instant::now();
        let _ = check(&sql);
        assert!(
            one.elapsed().as_millis() < 4_000,
            "{} took {:?}",
            sql.chars().take(40).collect::<String>(),
            one.elapsed()
        );
    }
    assert!(started.elapsed().as_secs() < 15, "{:?}", started.elapsed());
    assert_eq!(code(&"x".repeat(50_001)), "sql_syntax");
    assert_eq!(code("SELECT 1\0; DROP TABLE orders"), "sql_syntax");
    assert_eq!(code(""), "sql_syntax");
    assert_eq!(code(" ;; -- nothing"), "sql_syntax");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(20), ..ProptestConfig::default() })]

    #[test]
    fn any_text_gets_a_verdict_with_advice(text in "\\PC{0,200}") {
        if let Err(error) = check(&text) {
            let message = error.to_string();
            prop_assert!(message.ends_with('.') && message.chars().count() < 2_000, "{}", message);
        }
    }

    #[test]
    fn words_of_sql_in_any_order_pass_only_as_queries(words in prop::collection::vec(prop::sample::select(WORDS), 1..14)) {
        let sql = words.join(" ");
        if let Ok(checked) = check(&sql) {
            let first = sql.trim_start_matches(['(', ' ']).to_uppercase();
            prop_assert!(["SELECT", "WITH", "VALUES", "EXPLAIN", "FROM"].iter().any(|word| first.starts_with(word)), "{}", sql);
            prop_assert!(checked.tables.iter().all(|table| table == "main.orders" || table == "main.events"), "{}", sql);
        }
    }
}

const WORDS: &[&str] = &[
    "SELECT",
    "*",
    "FROM",
    "orders",
    "events",
    "secrets",
    "WHERE",
    "id",
    "=",
    "1",
    ",",
    "(",
    ")",
    "WITH",
    "x",
    "AS",
    "INTO",
    "DELETE",
    "INSERT",
    "UPDATE",
    "SET",
    "VALUES",
    "UNION",
    "ALL",
    "count",
    "load_extension",
    "'a'",
    ";",
    "EXPLAIN",
    "ANALYZE",
    "FOR",
    "LIMIT",
    "ORDER BY",
    "JOIN",
    "RETURNING",
    ":p",
];
