//! A read-only client does not call what writes, by type either.

use lookout_sdk::schema::SaveDashboard;
use lookout_sdk::{Client, ReadOnly};

fn save(client: &Client<ReadOnly>, dashboard: SaveDashboard) {
    drop(client.call(dashboard));
}

fn main() {}
