//! F11: statements. What the guard passes is run by a SQLite without any barrier, and must change nothing.

use std::cell::OnceCell;
use std::sync::Arc;

use lookout_server::warehouse::catalogue::Fold;
use lookout_server::warehouse::guard::SQLITE;
use lookout_server::warehouse::{
    Catalogue, ColumnDescription, Guard, NormalizedType, Table, TableDescription, TableKind,
};
use rusqlite::Connection;

/// Steps of the engine's virtual machine after which a statement is interrupted.
const STEPS: i32 = 20_000;
const SCRATCH: &str = "create table orders (id integer primary key, status text, price real);
    insert into orders values (1, 'paid', 9.5), (2, 'open', 3), (3, null, null);
    create table events (id integer, name text);
    create table secrets (id integer, word text);
    insert into secrets values (1, 'tell nobody');";

thread_local! {
    static GUARD: OnceCell<Guard> = const { OnceCell::new() };
}

pub(crate) fn check(bytes: &[u8]) {
    let Ok(sql) = std::str::from_utf8(bytes) else { return };
    let passed = GUARD.with(|cell| cell.get_or_init(guard).check(sql).ok());
    let Some(passed) = passed else { return };
    assert!(
        passed.tables.iter().all(|table| ["main.orders", "main.events"].contains(&table.as_str()))
    );
    let scratch = Connection::open_in_memory().expect("a database in memory");
    scratch.execute_batch(SCRATCH).expect("a scratch database");
    let before = state(&scratch);
    let changes = scratch.total_changes();
    let _ = scratch.progress_handler(STEPS, Some(|| true));
    // A statement that passed may still fail: the guard knows no types. It must not change anything on the way.
    if let Ok(mut statement) = scratch.prepare(sql) {
        assert!(statement.readonly(), "{sql:?}");
        let mut rows = statement.raw_query();
        let mut seen = 0;
        while seen < 100 && matches!(rows.next(), Ok(Some(_))) {
            seen += 1;
        }
    }
    let _ = scratch.progress_handler(0, None::<fn() -> bool>);
    assert_eq!(scratch.total_changes(), changes, "{sql:?}");
    assert_eq!(state(&scratch), before, "{sql:?}");
}

/// Everything that there is in the database, and which databases there are.
fn state(scratch: &Connection) -> Vec<String> {
    let queries = [
        "select type || name || coalesce(sql, '') from sqlite_master order by 1",
        "select coalesce(id, '') || coalesce(status, '') || coalesce(price, '') from orders order by 1",
        "select coalesce(id, '') || coalesce(word, '') from secrets order by 1",
        "select count(*) || '' from events",
        "select name || file from pragma_database_list order by 1",
        "select user_version || '' from pragma_user_version",
    ];
    let mut all = Vec::new();
    for query in queries {
        let mut statement = scratch.prepare(query).expect("the tables are there still");
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).expect("rows");
        all.extend(rows.map(|row| row.expect("text")));
    }
    all
}

fn guard() -> Guard {
    let tables = ["orders", "events"].map(|name| TableDescription {
        table: Table {
            schema: "main".to_owned(),
            name: name.to_owned(),
            qualified_name: format!("main.{name}"),
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
    let catalogue = Catalogue::new(tables.into(), Some("main".to_owned()), Fold::Insensitive);
    Guard::new(&SQLITE, Arc::new(catalogue))
}
