//! What clients discover (RFC 9728 section 3, RFC 8414 section 3).
//!
//! Everything is built from the configuration; the request has no influence.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use lookout_schema::{Scope, ScopeSet};
use serde_json::{Value, json};

use crate::App;
use crate::authority::Resource;
use crate::http::json;

pub(super) async fn whole_endpoint(State(app): State<Arc<App>>) -> Response {
    protected_resource(&app, Resource::Mcp)
}

pub(super) async fn readonly_endpoint(State(app): State<Arc<App>>) -> Response {
    protected_resource(&app, Resource::McpReadonly)
}

fn protected_resource(app: &App, resource: Resource) -> Response {
    let issuer = &app.authority.issuer;
    let name = match resource {
        Resource::Mcp => "Lookout",
        Resource::McpReadonly => "Lookout (read only)",
    };
    let document = json!({
        "resource": resource.uri(issuer),
        "authorization_servers": [issuer.as_str()],
        "scopes_supported": names(resource.scopes()),
        "bearer_methods_supported": ["header"],
        "resource_name": name,
    });
    json(StatusCode::OK, &document)
}

pub(super) async fn authorization_server(State(app): State<Arc<App>>) -> Response {
    let issuer = &app.authority.issuer;
    let auth_methods = json!(["none", "client_secret_basic", "client_secret_post"]);
    let mut document = json!({
        "issuer": issuer.as_str(),
        "authorization_endpoint": issuer.join("/oauth/authorize"),
        "token_endpoint": issuer.join("/oauth/token"),
        "registration_endpoint": issuer.join("/oauth/register"),
        "revocation_endpoint": issuer.join("/oauth/revoke"),
        "scopes_supported": names(ScopeSet::all()),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": auth_methods,
        "revocation_endpoint_auth_methods_supported": auth_methods,
        "authorization_response_iss_parameter_supported": true,
        "service_documentation": issuer.join("/settings/integrations"),
    });
    if app.config.client_documents.enabled {
        document["client_id_metadata_document_supported"] = true.into();
    }
    json(StatusCode::OK, &document)
}

fn names(scopes: ScopeSet) -> Value {
    scopes.iter().map(Scope::as_str).collect()
}
