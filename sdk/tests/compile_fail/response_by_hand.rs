//! Only a request makes a response: there is no constructor, and no copy of one.

use lookout_sdk::auth::{AuthorizationRequest, AuthorizationResponse};

fn forged(code: String) -> AuthorizationResponse {
    AuthorizationResponse(code)
}

fn copied(response: &AuthorizationResponse) -> AuthorizationResponse {
    response.clone()
}

fn answered_twice(request: AuthorizationRequest, query: &str) {
    request.receive(query).ok();
    request.receive(query).ok();
}

fn main() {}
