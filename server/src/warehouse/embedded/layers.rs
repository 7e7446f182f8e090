//! Each layer alone: the engine without the guard, and the guard before an engine without protection.
//!
//! The database holds a table that is not catalogued and a mark in it. Whatever the statement, the file keeps its bytes, no file appears beside it,
//! and the mark is never seen.

mod statements;

use std::{
    collections::BTreeSet,
    fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngSeed, TestRunner},
};
use rusqlite::Connection;
use tempfile::TempDir;

use super::{EmbeddedConfig, execute, functions, introspect, session::Session};
use crate::warehouse::{Guard, Outcome, Statement, WarehouseError, guard::SQLITE};

const MARK: &str = "CANARY-7f3a";
const DATA: &str = "CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT, total_cents INTEGER);
    INSERT INTO orders VALUES (1, 'Ada', 1250), (2, 'Bo', 399), (3, NULL, 0);
    CREATE TABLE events (id INTEGER PRIMARY KEY, name TEXT);
    INSERT INTO events VALUES (1, 'seen'), (2, 'bought');
    CREATE INDEX orders_by_name ON orders (name);
    CREATE VIEW named AS SELECT id, name FROM orders WHERE name IS NOT NULL;
    CREATE TABLE secrets (id INTEGER PRIMARY KEY, token TEXT DEFAULT 'CANARY-7f3a');
    INSERT INTO secrets VALUES (1, 'CANARY-7f3a');
    CREATE VIEW leak AS SELECT token AS name, id FROM secrets;";

struct Room {
    folder: TempDir,
    path: PathBuf,
    before: Vec<u8>,
    session: Session,
    guard: Guard,
}

impl Room {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.db");
        Connection::open(&path).unwrap().execute_batch(DATA).unwrap();
        let mut config = EmbeddedConfig::new("w", "W", &path);
        config.expose = Some(["orders", "events", "named"].map(str::to_owned).into());
        let catalogue = Arc::new(introspect::catalogue(&config).unwrap());
        let session = Session::open(&path, &catalogue).unwrap();
        let before = fs::read(&path).unwrap();
        Self { folder, path, before, session, guard: Guard::new(&SQLITE, catalogue) }
    }

    fn engine_alone(&self, sql: &str) -> Result<Outcome, WarehouseError> {
        self.session.begin(Instant::now() + Duration::from_millis(200), &Arc::default());
        execute::run(&self.session, &Statement::new(sql))
    }

    /// Every cell that an engine without any protection returns, as text.
    fn unprotected(&self, sql: &str) -> rusqlite::Result<String> {
        let connection = Connection::open(&self.path)?;
        let mut steps = 0;
        connection.progress_handler(
            1_000,
            Some(move || {
                steps += 1;
                steps > 2_000
            }),
        )?;
        let mut statement = connection.prepare(sql)?;
        let width = statement.column_count();
        let mut rows = statement.raw_query();
        let mut seen = String::new();
        while let Some(row) = rows.next()? {
            for index in 0..width {
                seen.push_str(&format!("{:?} ", row.get::<_, rusqlite::types::Value>(index)?));
            }
            if seen.len() > 10_000 {
                break;
            }
        }
        Ok(seen)
    }

    fn assert_untouched(&self, sql: &str) {
        assert!(fs::read(&self.path).unwrap() == self.before, "the file changed: {sql}");
        let files: BTreeSet<_> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(files.len(), 1, "a file appeared: {sql}: {files:?}");
    }
}

fn assert_unmarked(sql: &str, result: &Result<Outcome, WarehouseError>) {
    let told = match result {
        Ok(outcome) => format!("{:?} {:?}", outcome.columns, outcome.rows),
        Err(error) => format!("{error} {error:?}"),
    };
    assert!(!told.contains(MARK), "the mark was seen: {sql}: {told}");
}

/// What SQLite understands and a warehouse must not do.
const HOSTILE: &[&str] = &[
    "DELETE FROM orders",
    "INSERT INTO orders VALUES (9, 'x', 1)",
    "UPDATE orders SET name = 'x' RETURNING name",
    "WITH x AS (SELECT 1) INSERT INTO orders SELECT 9, 'x', 1 FROM x",
    "REPLACE INTO orders VALUES (1, 'x', 1)",
    "CREATE TABLE x (id)",
    "CREATE TEMP TABLE x AS SELECT * FROM secrets",
    "CREATE TEMP VIEW x AS SELECT * FROM secrets",
    "CREATE VIRTUAL TABLE x USING fts5(a)",
    "CREATE TRIGGER t AFTER INSERT ON orders BEGIN SELECT 1; END",
    "CREATE INDEX i ON orders (name)",
    "DROP TABLE orders",
    "ALTER TABLE orders RENAME TO x",
    "PRAGMA writable_schema = ON",
    "PRAGMA query_only = OFF",
    "PRAGMA table_info('secrets')",
    "PRAGMA user_version = 9",
    "PRAGMA journal_mode = WAL",
    "ATTACH DATABASE 'other.db' AS other",
    "ATTACH ':memory:' AS m",
    "DETACH main",
    "VACUUM",
    "VACUUM INTO 'copy.db'",
    "REINDEX",
    "ANALYZE",
    "BEGIN IMMEDIATE",
    "SAVEPOINT s",
    "SELECT load_extension('x')",
    "SELECT \"load_extension\"('x')",
    "SELECT fts3_tokenizer('x')",
    "SELECT readfile('/etc/passwd')",
    "SELECT writefile('x', 'y')",
    "SELECT sqlite_compileoption_get(1)",
    "SELECT zeroblob(1000)",
    "SELECT * FROM secrets",
    "SELECT token FROM \"secrets\"",
    "SELECT (SELECT token FROM main.secrets)",
    "SELECT COUNT(*) FROM secrets",
    "SELECT 1 FROM orders JOIN secrets",
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM secrets)",
    "WITH orders AS (SELECT * FROM secrets) SELECT * FROM orders",
    "WITH named AS (SELECT * FROM secrets) SELECT * FROM named",
    "SELECT name FROM leak",
    "SELECT * FROM sqlite_master",
    "SELECT COUNT(*) FROM sqlite_master",
    "SELECT sql FROM sqlite_schema",
    "SELECT * FROM sqlite_temp_master",
    "SELECT * FROM temp.sqlite_master",
    "SELECT * FROM pragma_table_info('secrets')",
    "SELECT COUNT(*) FROM pragma_table_list",
    "SELECT * FROM pragma_database_list",
    "SELECT * FROM dbstat",
    "SELECT * FROM sqlite_dbpage",
    "EXPLAIN DELETE FROM orders",
    "SELECT 1; DELETE FROM orders",
];

#[test]
fn the_engine_alone_refuses_what_is_not_reading_the_catalogue() {
    let room = Room::new();
    for sql in HOSTILE {
        let result = room.engine_alone(sql);
        assert!(result.is_err(), "{sql}: {result:?}");
        assert_unmarked(sql, &result);
        room.assert_untouched(sql);
    }
    // The same connection still answers what may be asked.
    assert_eq!(
        room.engine_alone("SELECT COUNT(*) FROM orders JOIN named USING (id)").unwrap().rows[0][0],
        2
    );
    assert!(
        room.engine_alone(
            "SELECT value, '{}' ->> '$', name LIKE 'A%' FROM json_each('[1]'), orders"
        )
        .is_ok()
    );
}

#[test]
fn the_guard_alone_refuses_the_same() {
    let room = Room::new();
    for sql in HOSTILE {
        assert!(room.guard.check(sql).is_err(), "{sql}");
    }
}

#[test]
fn no_generated_statement_gets_past_either_layer() {
    let room = Room::new();
    let config =
        Config { rng_seed: RngSeed::Fixed(24), failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let strategy = statements::statement();
    let (mut answered, mut accepted) = (0, 0);
    for _ in 0..1_500 {
        let sql = strategy.new_tree(&mut runner).unwrap().current();
        let result = room.engine_alone(&sql);
        assert_unmarked(&sql, &result);
        answered += usize::from(result.is_ok());
        if room.guard.check(&sql).is_ok() {
            // The engine may find the statement wrong; what counts is what it does when it does not.
            if let Ok(seen) = room.unprotected(&sql) {
                accepted += 1;
                assert!(!seen.contains(MARK), "the mark was seen: {sql}: {seen}");
            }
        }
        room.assert_untouched(&sql);
    }
    assert!(
        answered > 100 && accepted > 100,
        "too few statements mean anything: {answered} answered, {accepted} accepted"
    );
}

#[test]
fn the_generator_writes_statements_that_do_harm() {
    // Without either layer the same statements change the file and show the mark, or the property above would hold of nothing.
    let room = Room::new();
    let mut runner = TestRunner::new(Config {
        rng_seed: RngSeed::Fixed(24),
        failure_persistence: None,
        ..Config::default()
    });
    let strategy = statements::statement();
    let (mut shown, mut changed) = (0, 0);
    for _ in 0..300 {
        let sql = strategy.new_tree(&mut runner).unwrap().current();
        shown += usize::from(room.unprotected(&sql).is_ok_and(|seen| seen.contains(MARK)));
        changed += usize::from(fs::read(&room.path).unwrap() != room.before);
        fs::write(&room.path, &room.before).unwrap();
    }
    assert!(shown > 3 && changed > 3, "{shown} showed the mark, {changed} changed the file");
}

#[test]
fn every_listed_function_exists_in_the_engine() {
    let connection = Connection::open_in_memory().unwrap();
    functions::register(&connection).unwrap();
    let mut listed = connection.prepare("SELECT DISTINCT name FROM pragma_function_list").unwrap();
    let known: BTreeSet<String> =
        listed.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    let missing: Vec<_> = SQLITE.functions.iter().filter(|name| !known.contains(**name)).collect();
    assert!(missing.is_empty(), "{missing:?} are on the list and not in the engine");
    assert!(SQLITE.functions.is_sorted(), "the list is shown to people, so it is sorted");
}
