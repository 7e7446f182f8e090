//! A request that nobody answered cannot be finished.

use lookout_sdk::Client;
use lookout_sdk::auth::AuthorizationRequest;

async fn impatient(client: Client, request: AuthorizationRequest) {
    client.finish_sign_in(request).await.ok();
}

fn main() {}
