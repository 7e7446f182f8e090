//! Removing dead rows, in the background.

use std::sync::Arc;
use std::time::Duration;

use crate::App;

const EVERY: Duration = Duration::from_secs(300);

pub(super) async fn sweep_now_and_then(app: Arc<App>) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        if let Err(error) = app.sweep().await {
            tracing::warn!(%error, "dead rows were not removed");
        }
    }
}
