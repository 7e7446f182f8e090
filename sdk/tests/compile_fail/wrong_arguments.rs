//! A call takes the arguments of its tool.

use lookout_sdk::Client;
use lookout_sdk::schema::ListTables;

fn by_name(client: &Client) {
    drop(client.query_warehouse(ListTables::new()));
}

fn by_type(client: &Client) {
    drop(client.call("query_warehouse"));
}

fn set() -> ListTables {
    ListTables::new().limit("10")
}

fn main() {}
