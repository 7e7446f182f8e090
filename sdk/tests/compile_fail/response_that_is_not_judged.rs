//! What arrived at the redirect URI is no response before it was judged to be one.

use lookout_sdk::Client;
use lookout_sdk::auth::AuthorizationRequest;

async fn careless(client: Client, request: AuthorizationRequest, query: &str) {
    client.finish_sign_in(request.receive(query)).await.ok();
}

fn main() {}
