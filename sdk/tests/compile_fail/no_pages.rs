//! Only what lists has pages.

use lookout_sdk::Client;
use lookout_sdk::schema::QueryWarehouse;

fn pages(client: Client) {
    let _pages = client.pages(QueryWarehouse::new("select 1"));
}

fn main() {}
