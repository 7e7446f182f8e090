//! Both folders of migrations make the same logical schema.

#![allow(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::collections::BTreeSet;

use lookout_server::store;

use crate::{Opened, cluster};

/// `table.column type null?` of every column.
type Columns = BTreeSet<String>;

fn of_sqlite(opened: &Opened) -> Columns {
    let database = rusqlite::Connection::open(store::file(opened.folder.path())).unwrap();
    let mut columns = database
        .prepare(
            "select m.name, c.name, lower(c.type), c.\"notnull\" or c.pk > 0 from sqlite_schema m join pragma_table_info(m.name) c
             where m.type = 'table' and m.name not like 'sqlite_%' and m.name not like '_sqlx_%'",
        )
        .unwrap();
    let rows = columns.query_map([], |row| {
        let (table, column): (String, String) = (row.get(0)?, row.get(1)?);
        let (kind, filled): (String, bool) = (row.get(2)?, row.get(3)?);
        Ok(format!("{table}.{column} {kind} {filled}"))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn of_postgres(opened: &Opened) -> Columns {
    let rows = cluster::shared().unwrap().query(
        opened.address.as_ref().unwrap(),
        "select table_name, column_name, data_type, is_nullable, coalesce(collation_name, '') from information_schema.columns
         where table_schema = 'public' and table_name not like '\\_sqlx\\_%'",
    );
    let kind = |column: &str, name: &str| {
        match name {
            "bigint" => "integer",
            // What SQLite keeps as 0 and 1.
            "boolean" => "integer",
            "bytea" => "blob",
            "text" => "text",
            other => panic!("{column} is {other}"),
        }
        .to_owned()
    };
    rows.unwrap()
        .into_iter()
        .map(|row| {
            let row: Vec<String> = row.into_iter().map(Option::unwrap).collect();
            assert!(row[2] != "text" || row[4] == "C", "{row:?} is compared as a language would");
            format!("{}.{} {} {}", row[0], row[1], kind(&row[1], &row[2]), row[3] == "NO")
        })
        // SQLite has it without saying so: the rowid.
        .filter(|column| !column.starts_with("grants.made "))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_columns_are_the_same_and_text_is_compared_by_bytes() {
    let Some(postgres) = Opened::postgres().await else { return };
    let sqlite = Opened::sqlite().await;
    let (one, other) = (of_sqlite(&sqlite), of_postgres(&postgres));
    let only_here: Vec<_> = one.difference(&other).collect();
    let only_there: Vec<_> = other.difference(&one).collect();
    assert!(
        only_here.is_empty() && only_there.is_empty(),
        "SQLite: {only_here:?}\nPostgreSQL: {only_there:?}"
    );
    assert!(one.len() > 80, "{one:?}");
}
