//! The guard alone: no engine ever sees these statements.

use std::sync::Arc;

use lookout_server::warehouse::{
    Catalogue, Checked, ColumnDescription, Guard, NormalizedType, Table, TableDescription,
    TableKind, WarehouseError, catalogue::Fold, guard::SQLITE,
};

pub(super) fn catalogue(fold: Fold, names: &[(&str, &str)]) -> Arc<Catalogue> {
    let tables = names.iter().map(|(schema, name)| TableDescription {
        table: Table {
            schema: (*schema).to_owned(),
            name: (*name).to_owned(),
            qualified_name: format!("{schema}.{name}"),
            kind: TableKind::Table,
            comment: None,
            approximate_rows: None,
        },
        columns: vec![ColumnDescription {
            name: "id".to_owned(),
            type_name: "INTEGER".to_owned(),
            normalized_type: NormalizedType::Integer,
            nullable: Some(false),
            comment: None,
        }],
    });
    Arc::new(Catalogue::new(
        tables.collect(),
        names.first().map(|(schema, _)| (*schema).to_owned()),
        fold,
    ))
}

fn guard() -> Guard {
    Guard::new(&SQLITE, catalogue(Fold::Insensitive, &[("main", "orders"), ("main", "events")]))
}

pub(super) fn check(sql: &str) -> Result<Checked, WarehouseError> {
    guard().check(sql)
}

pub(super) fn code(sql: &str) -> &'static str {
    check(sql).map_or_else(|error| error.code(), |_| "accepted")
}

#[test]
fn analytical_queries_pass() {
    for sql in [
        "SELECT 1",
        "select count(*), sum(id) from Orders where id between 1 and 9;",
        "VALUES (1, 'a'), (2, 'b')",
        "WITH recent AS (SELECT * FROM orders), both AS (SELECT * FROM recent UNION ALL SELECT * FROM events) SELECT COUNT(*) FROM both",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT i FROM n",
        "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT i FROM n",
        "SELECT id, ROW_NUMBER() OVER (PARTITION BY id ORDER BY id DESC) AS nth FROM orders",
        "SELECT COUNT(*) FILTER (WHERE id > 1) FROM orders GROUP BY id HAVING COUNT(*) > 1 ORDER BY 1 DESC NULLS LAST LIMIT 5 OFFSET 2",
        "SELECT strftime('%Y-%m', id), CAST(id AS TEXT), CASE WHEN id IS NULL THEN 'x' ELSE id || 'y' END FROM main.orders",
        "SELECT o.id FROM orders AS o LEFT JOIN events e ON e.id = o.id WHERE EXISTS (SELECT 1 FROM events WHERE id = o.id)",
        "SELECT value FROM json_each('[1,2]')",
        "SELECT '{\"a\":1}' ->> '$.a', id NOT IN (1, 2), name LIKE '%;DROP%' FROM orders -- a comment; with a semicolon",
        "SELECT \"id\", [id], `id` FROM \"orders\" /* ; DELETE FROM orders */",
        "EXPLAIN QUERY PLAN SELECT * FROM orders",
        "SELECT substr('abc', 1, 2), trim('  x '), replace('a', 'b', 'c'), coalesce(NULL, 1), round(1.5), current_timestamp",
    ] {
        assert_eq!(code(sql), "accepted", "{sql}: {:?}", check(sql));
    }
}

#[test]
fn whatever_is_more_than_a_query_is_refused() {
    for sql in [
        "DELETE FROM orders",
        "INSERT INTO orders VALUES (1)",
        "UPDATE orders SET id = 1",
        "REPLACE INTO orders VALUES (1)",
        "CREATE TABLE t (id INTEGER)",
        "CREATE TABLE t AS SELECT 1",
        "DROP TABLE orders",
        "ALTER TABLE orders ADD COLUMN x",
        "PRAGMA writable_schema = ON",
        "ATTACH DATABASE '/tmp/x.db' AS x",
        "BEGIN",
        "COMMIT",
        "SAVEPOINT s",
        "ANALYZE",
        "SELECT * INTO copy FROM orders",
        "SELECT * FROM orders FOR UPDATE",
        "EXPLAIN ANALYZE SELECT * FROM orders",
        "EXPLAIN DELETE FROM orders",
        "SET search_path = x",
        "CALL f()",
        "COPY orders TO '/tmp/x'",
        "WITH x AS (DELETE FROM orders RETURNING id) SELECT * FROM x",
        "WITH x AS (SELECT 1) DELETE FROM orders",
        "WITH x AS (SELECT 1) INSERT INTO orders SELECT * FROM x",
        "SELECT * FROM (WITH x AS (INSERT INTO orders VALUES (1) RETURNING id) SELECT * FROM x)",
        "SELECT (WITH x AS (UPDATE orders SET id = 1 RETURNING id) SELECT id FROM x)",
    ] {
        // Some of these are no SQLite at all, which is a refusal too.
        assert!(
            matches!(code(sql), "read_only_violation" | "sql_syntax"),
            "{sql}: {:?}",
            check(sql)
        );
    }
    for sql in [
        "DELETE FROM orders",
        "DROP TABLE orders",
        "PRAGMA user_version",
        "ATTACH DATABASE 'x' AS x",
        "WITH x AS (SELECT 1) DELETE FROM orders",
    ] {
        assert_eq!(code(sql), "read_only_violation", "{sql}: {:?}", check(sql));
    }
    for sql in ["VACUUM", "VACUUM INTO '/tmp/x'", "DETACH x", "REINDEX", "DO $$ BEGIN END $$"] {
        assert_ne!(code(sql), "accepted", "{sql}");
    }
}

#[test]
fn a_second_statement_is_refused_however_it_is_hidden() {
    for sql in [
        "SELECT 1; SELECT 2",
        "SELECT 1;\n--x\nDROP TABLE orders",
        "SELECT 1;;SELECT 2",
        "SELECT 1/* ; */; DELETE FROM orders",
    ] {
        assert_eq!(code(sql), "multiple_statements", "{sql}: {:?}", check(sql));
    }
    assert_eq!(code("SELECT 1 ; -- the end"), "accepted");
}

#[test]
fn only_catalogued_tables_are_read_at_any_depth() {
    for place in [
        "SELECT * FROM {}",
        "SELECT (SELECT 1 FROM {})",
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM orders JOIN {} ON true)",
        "SELECT 1 FROM orders, {}",
        "WITH x AS (SELECT * FROM {}) SELECT * FROM x",
        "SELECT 1 UNION SELECT 2 UNION SELECT 3 FROM {}",
        "SELECT * FROM (orders CROSS JOIN {})",
        "SELECT id FROM orders ORDER BY (SELECT 1 FROM {})",
        "SELECT id FROM orders LIMIT (SELECT 1 FROM {})",
        "SELECT id IN (SELECT 1 FROM {}) FROM orders",
        "SELECT COUNT(*) FILTER (WHERE (SELECT 1 FROM {})) OVER (ORDER BY id) FROM orders",
        "VALUES ((SELECT 1 FROM {}))",
    ] {
        for table in [
            "sqlite_master",
            "sqlite_schema",
            "SQLITE_MASTER",
            "\"sqlite_master\"",
            "main.sqlite_master",
            "pragma_table_list",
            "secrets",
            "'/etc/passwd'",
            "dbstat",
            "json_each",
        ] {
            let sql = place.replace("{}", table);
            assert_eq!(code(&sql), "table_not_found", "{sql}: {:?}", check(&sql));
        }
        for function in [
            "pragma_table_info('orders')",
            "readfile('/etc/passwd')",
            "generate_series(1, 9)",
            "fsdir('.')",
        ] {
            let sql = place.replace("{}", function);
            assert_eq!(code(&sql), "function_not_allowed", "{sql}: {:?}", check(&sql));
        }
        assert_eq!(code(&place.replace("{}", "events")), "accepted", "{place}");
    }
    assert_eq!(code("SELECT * FROM temp.sqlite_master"), "schema_not_found");
}

#[test]
fn only_listed_functions_are_called_at_any_depth() {
    let calls = [
        "load_extension('x')",
        "\"load_extension\"('x')",
        "LOAD_EXTENSION('x')",
        "readfile('x')",
        "writefile('x', 'y')",
        "edit('x')",
        "main.abs(1)",
        "zeroblob(9)",
        "ａbs(1)",
        "sqlite_version()",
        "last_insert_rowid()",
        "fts3_tokenizer('x')",
        "eval('x')",
    ];
    for place in [
        "SELECT {}",
        "SELECT abs(max({}))",
        "SELECT 1 FROM orders WHERE {} = 1",
        "SELECT 1 FROM orders GROUP BY {}",
        "SELECT 1 FROM orders ORDER BY {}",
        "SELECT 1 LIMIT {}",
        "SELECT CASE WHEN 1 THEN {} END",
        "SELECT sum(1) FILTER (WHERE {})",
        "SELECT sum(1) OVER (PARTITION BY {})",
        "SELECT sum(1) OVER w FROM orders WINDOW w AS (ORDER BY {})",
        "SELECT * FROM orders JOIN events ON {}",
        "SELECT * FROM json_each({})",
        "VALUES ({})",
        "SELECT {} -> '$'",
        "SELECT 1 IN ({}, 2)",
        "SELECT 1 BETWEEN 0 AND {}",
        "SELECT CAST({} AS TEXT)",
        "WITH x AS (SELECT {}) SELECT * FROM x",
    ] {
        for call in calls {
            let sql = place.replace("{}", call);
            assert_eq!(code(&sql), "function_not_allowed", "{sql}: {:?}", check(&sql));
        }
        let sql = place.replace("{}", "abs(1)");
        assert_eq!(code(&sql), "accepted", "{sql}: {:?}", check(&sql));
    }
    let message = check("SELECT load_extension('x')").unwrap_err().to_string();
    assert!(message.contains("load_extension") && message.contains("strftime"), "{message}");
}

#[test]
fn a_name_defined_by_with_is_known_only_where_it_is_in_scope() {
    for (sql, expected) in [
        ("WITH x AS (SELECT 1) SELECT * FROM x", "accepted"),
        ("WITH x AS (SELECT 1) SELECT * FROM (SELECT * FROM X)", "accepted"),
        ("WITH x AS (SELECT 1), y AS (SELECT * FROM x) SELECT * FROM y, x", "accepted"),
        ("SELECT (WITH x AS (SELECT 1) SELECT * FROM x), (SELECT * FROM x)", "table_not_found"),
        ("SELECT * FROM (WITH x AS (SELECT 1) SELECT * FROM x) JOIN x", "table_not_found"),
        ("WITH y AS (SELECT * FROM x), x AS (SELECT 1) SELECT * FROM y", "table_not_found"),
        ("WITH RECURSIVE y AS (SELECT * FROM x), x AS (SELECT 1) SELECT * FROM y", "accepted"),
        ("WITH x AS (SELECT 1) SELECT * FROM main.x", "table_not_found"),
        ("WITH a AS (WITH b AS (SELECT 1) SELECT * FROM b) SELECT * FROM b", "table_not_found"),
        ("WITH sqlite_master AS (SELECT 1) SELECT * FROM main.sqlite_master", "table_not_found"),
    ] {
        assert_eq!(code(sql), expected, "{sql}: {:?}", check(sql));
    }
}

#[test]
fn what_a_statement_uses_is_reported() {
    let checked = check("WITH x AS (SELECT :since AS since) SELECT * FROM orders, x, events WHERE id > :since AND id < :until").unwrap();
    assert_eq!(checked.parameters.into_iter().collect::<Vec<_>>(), ["since", "until"]);
    assert_eq!(checked.tables.into_iter().collect::<Vec<_>>(), ["main.events", "main.orders"]);
}

#[test]
fn placeholders_without_a_name_are_refused() {
    for sql in ["SELECT ?", "SELECT ?1", "SELECT $1", "SELECT @x", "SELECT $x"] {
        assert_eq!(code(sql), "sql_syntax", "{sql}: {:?}", check(sql));
    }
    assert_eq!(
        check("SELECT ':not_one', \":nor_this\", :this")
            .unwrap()
            .parameters
            .into_iter()
            .collect::<Vec<_>>(),
        ["this"]
    );
}

#[test]
fn a_mistake_is_pointed_at() {
    let error = check("SELECT id\nFROM orders\nWHERE AND 1").unwrap_err();
    let WarehouseError::SqlSyntax { position: Some(position), .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(position.line, 3, "{error}");
}
