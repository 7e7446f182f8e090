//! What writes cannot be given a read-only client, in a task of its own either.

use lookout_sdk::schema::SaveDashboard;
use lookout_sdk::{Client, ReadOnly, Writes};

async fn save(client: Client<impl Writes>, dashboard: SaveDashboard) {
    let _saved = client.save_dashboard(dashboard).await;
}

fn spawn(client: Client<ReadOnly>, dashboard: SaveDashboard) {
    tokio::spawn(save(client, dashboard));
}

fn main() {}
