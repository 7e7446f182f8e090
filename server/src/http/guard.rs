//! Checks before any route is chosen, and the headers of browser clients.
//!
//! A request that names another host is answered 421, so that a page which points its own name at this address (DNS rebinding) reaches nothing.
//! Addresses that this server writes come from the configuration, never from a request.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, HOST, STRICT_TRANSPORT_SECURITY,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use super::text;
use crate::App;

/// Refuses requests to other hosts.
pub async fn host_is_ours(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut hosts = request.headers().get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok().map(str::to_ascii_lowercase),
        _ => return text(StatusCode::BAD_REQUEST, "the request needs one Host header\n"),
    };
    let is_ours = |host: &str| app.config.hosts.iter().any(|ours| ours == host);
    let target_is_ours =
        request.uri().authority().is_none_or(|authority| is_ours(authority.as_str()));
    if !target_is_ours || !host.as_deref().is_some_and(is_ours) {
        return text(
            StatusCode::MISDIRECTED_REQUEST,
            "this server does not answer for that host\n",
        );
    }
    let mut response = next.run(request).await;
    if app.config.public_url.is_https {
        let year = HeaderValue::from_static("max-age=31536000");
        response.headers_mut().entry(STRICT_TRANSPORT_SECURITY).or_insert(year);
    }
    response
}

/// Lets pages of any origin read the response, without credentials.
pub async fn readable_from_anywhere(request: Request, next: Next) -> Response {
    let mut response = if request.method() == Method::OPTIONS {
        let mut response = text(StatusCode::NO_CONTENT, "");
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
        headers.insert(
            ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("authorization, content-type, mcp-protocol-version"),
        );
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        response
    } else {
        next.run(request).await
    };
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}
