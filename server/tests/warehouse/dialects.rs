//! Another dialect is data: these rules are written here, from outside, and the guard holds them.

use lookout_server::warehouse::{Guard, catalogue::Fold, guard::Rules};
use sqlparser::dialect::PostgreSqlDialect;

use super::guard::catalogue;

static POSTGRES: Rules = Rules {
    name: "postgres",
    dialect: || Box::new(PostgreSqlDialect {}),
    functions: &["count", "date_trunc", "lower", "now", "sum"],
    table_functions: &["generate_series", "unnest"],
    explain: true,
    implicit_recursion: false,
};

fn code(sql: &str) -> &'static str {
    let tables = [
        ("public", "orders"),
        ("public", "Mixed"),
        ("crm", "accounts"),
        ("crm", "orders"),
        ("a", "twice"),
        ("b", "twice"),
    ];
    Guard::new(&POSTGRES, catalogue(Fold::Lower, &tables))
        .check(sql)
        .map_or_else(|error| error.code(), |_| "accepted")
}

#[test]
fn queries_pass() {
    for sql in [
        "SELECT date_trunc('month', created_at)::date, SUM(x) FROM orders GROUP BY 1",
        "SELECT * FROM crm.accounts a JOIN LATERAL (SELECT 1) b ON true",
        "SELECT * FROM ORDERS, \"Mixed\", \"orders\"",
        "SELECT * FROM generate_series(1, 3) AS n",
        "SELECT x AT TIME ZONE 'UTC', ARRAY[1, 2], INTERVAL '1 day' FROM orders WHERE x = ANY (ARRAY[1]) LIMIT :n",
        "EXPLAIN SELECT 1",
    ] {
        assert_eq!(code(sql), "accepted", "{sql}");
    }
}

#[test]
fn known_ways_around_a_guard_are_closed() {
    for sql in [
        "SELECT * FROM U&\"\\0070g_authid\"",
        "SELECT * FROM pg_catalog.pg_authid",
        "SELECT * FROM pg_authid",
        "SELECT * FROM Mixed",
        "SELECT * FROM \"ORDERS\"",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT * FROM pg_read_file('/etc/passwd')",
        "SELECT * FROM orders, LATERAL pg_read_file('/etc/passwd')",
        "SELECT * FROM ROWS FROM (pg_read_file('/etc/passwd'))",
        "SELECT pg_catalog.lower('x')",
        "SELECT evil.lower('x')",
        "SELECT \"pg_sleep\"(9)",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "SELECT nextval('s')",
        "SELECT lo_export(1, '/tmp/x')",
        "SELECT dblink('x', 'y')",
        "SELECT 'orders'::regclass",
        "SELECT CAST('x' AS evil.type)",
        "SELECT 1 OPERATOR(evil.+) 2",
        "SELECT * FROM orders FOR UPDATE",
        "SELECT * FROM orders FOR SHARE SKIP LOCKED",
        "SELECT * INTO copy FROM orders",
        "SELECT * INTO TEMP copy FROM orders",
        "CREATE TABLE x AS SELECT 1",
        "WITH x AS (DELETE FROM orders RETURNING *) SELECT * FROM x",
        "WITH x AS MATERIALIZED (UPDATE orders SET a = 1 RETURNING *) SELECT * FROM x",
        "WITH x AS (MERGE INTO orders USING crm.orders s ON true WHEN MATCHED THEN DELETE RETURNING *) SELECT * FROM x",
        "WITH pg_authid AS (SELECT * FROM pg_authid) SELECT * FROM pg_authid",
        "EXPLAIN ANALYZE DELETE FROM orders",
        "EXPLAIN (ANALYZE) SELECT 1",
        "EXPLAIN ANALYZE SELECT 1",
        "COPY orders TO PROGRAM 'sh'",
        "COPY (SELECT 1) TO '/tmp/x'",
        "DO $$ BEGIN DELETE FROM orders; END $$",
        "SET ROLE postgres",
        "SET transaction_read_only = off",
        "RESET ALL",
        "CALL p()",
        "PREPARE p AS DELETE FROM orders",
        "EXECUTE p",
        "DECLARE c CURSOR FOR SELECT 1",
        "LISTEN x",
        "NOTIFY x",
        "LOCK TABLE orders",
        "TRUNCATE orders",
        "GRANT ALL ON orders TO public",
        "COMMIT; DROP TABLE orders",
        "SELECT 1; COMMIT; DROP TABLE orders",
        "TABLE pg_authid",
        "SELECT * FROM twice",
        "SELECT * FROM nowhere.orders",
        "SHOW server_version",
        "LOAD 'x'",
        "VACUUM",
    ] {
        assert_ne!(code(sql), "accepted", "{sql}");
    }
    assert_eq!(code("SELECT * FROM twice"), "ambiguous_table");
    assert_eq!(code("SELECT * FROM nowhere.orders"), "schema_not_found");
}
