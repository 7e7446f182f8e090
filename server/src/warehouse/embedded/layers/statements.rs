//! Statements of every kind, most of them valid and many of them hostile.

use proptest::{prelude::*, sample::select};

const READABLE: &[&str] = &["orders", "events", "named", "main.orders", "\"orders\"", "[events]"];
const FORBIDDEN: &[&str] = &[
    "secrets",
    "main.secrets",
    "\"secrets\"",
    "leak",
    "sqlite_master",
    "main.sqlite_schema",
    "pragma_table_info('secrets')",
    "pragma_table_list",
    "dbstat",
];
const CALLS: &[&str] = &[
    "upper",
    "length",
    "abs",
    "max",
    "count",
    "coalesce",
    "quote",
    "hex",
    "typeof",
    "load_extension",
    "sqlite_version",
    "changes",
];
const COLUMNS: &[&str] = &["id", "name", "*", "token", "sql", "rowid", "1", "'x'", "NULL"];

fn relation() -> impl Strategy<Value = String> {
    prop_oneof![4 => select(READABLE), 2 => select(FORBIDDEN), 1 => Just("json_each('[1,2]')"), 1 => Just("x")].prop_map(str::to_owned)
}

fn query() -> BoxedStrategy<String> {
    let simple = (select(COLUMNS), relation())
        .prop_map(|(column, relation)| format!("SELECT {column} FROM {relation}"));
    simple
        .prop_recursive(4, 24, 3, |inner| {
            prop_oneof![
                (select(COLUMNS), inner.clone())
                    .prop_map(|(column, query)| format!("SELECT {column} FROM ({query}) AS x")),
                (select(CALLS), inner.clone(), relation()).prop_map(
                    |(call, query, relation)| format!("SELECT {call}(({query})) FROM {relation}")
                ),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("WITH x AS ({a}) {b}")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!(
                    "WITH orders AS ({a}), x AS (SELECT * FROM orders) {b}"
                )),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} UNION ALL {b}")),
                (select(COLUMNS), relation(), relation(), inner.clone()).prop_map(
                    |(column, a, b, query)| format!(
                        "SELECT {column} FROM {a} AS a, {b} AS b WHERE EXISTS ({query})"
                    )
                ),
                (relation(), inner.clone()).prop_map(|(relation, query)| format!(
                    "SELECT 1 FROM {relation} ORDER BY ({query}) LIMIT 3"
                )),
                (relation(), inner).prop_map(|(relation, query)| format!(
                    "SELECT COUNT(*) FILTER (WHERE ({query})) FROM {relation}"
                )),
            ]
        })
        .boxed()
}

/// One text to hand to a warehouse.
pub(super) fn statement() -> BoxedStrategy<String> {
    let table = prop_oneof![select(READABLE), Just("secrets")];
    let write = prop_oneof![
        table.clone().prop_map(|table| format!("DELETE FROM {table}")),
        (table.clone(), query()).prop_map(|(table, query)| format!("INSERT INTO {table} {query}")),
        table.clone().prop_map(|table| format!("INSERT INTO {table} (id) VALUES (77) RETURNING *")),
        (table.clone(), query())
            .prop_map(|(table, query)| format!("UPDATE {table} SET name = ({query})")),
        (table.clone(), query())
            .prop_map(|(table, query)| format!("WITH x AS ({query}) DELETE FROM {table}")),
        query().prop_map(|query| format!("CREATE TABLE fresh AS {query}")),
        query().prop_map(|query| format!("CREATE TEMP TABLE fresh AS {query}")),
        table.prop_map(|table| format!("DROP TABLE {table}")),
        select(&[
            "PRAGMA user_version = 7",
            "VACUUM",
            "VACUUM INTO '/nowhere/copy.db'",
            "ATTACH '/nowhere/other.db' AS o",
            "PRAGMA journal_mode = WAL",
            "BEGIN EXCLUSIVE"
        ])
        .prop_map(str::to_owned),
    ];
    let one = prop_oneof![3 => query(), 1 => write];
    let dressed = (
        one,
        select(&["", "EXPLAIN ", "EXPLAIN QUERY PLAN ", "/* x */ ", "-- y\n", "(", ";"]),
        any::<u8>(),
    )
        .prop_map(|(sql, prefix, dress)| {
            // Most statements stay as they are.
            if dress < 40 { format!("{prefix}{sql}") } else { sql }
        });
    (dressed.clone(), dressed, any::<u8>())
        .prop_map(
            |(first, second, both)| if both < 25 { format!("{first}; {second}") } else { first },
        )
        .boxed()
}
