//! A code is redeemed once.

use lookout_sdk::auth::AuthorizationResponse;
use lookout_sdk::Client;

async fn twice(client: Client, response: AuthorizationResponse) {
    client.finish_sign_in(response).await.ok();
    client.finish_sign_in(response).await.ok();
}

fn main() {}
