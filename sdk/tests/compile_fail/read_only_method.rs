//! A read-only client has no `save_dashboard`.

use lookout_sdk::schema::SaveDashboard;
use lookout_sdk::{Client, ReadOnly};

async fn save(client: Client<ReadOnly>, dashboard: SaveDashboard) {
    let _saved = client.save_dashboard(dashboard).await;
}

fn main() {}
