//! Arguments are not written out: they may gain a member.

use lookout_sdk::schema::QueryWarehouse;

fn query() -> QueryWarehouse {
    QueryWarehouse { max_rows: 10, ..QueryWarehouse::new("select 1") }
}

fn main() {}
