//! The stylesheet.

use std::sync::LazyLock;

use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

const STYLESHEET: &str = include_str!("../../assets/lookout.css");
static STYLESHEET_TAG: LazyLock<String> =
    LazyLock::new(|| format!("\"{:08x}\"", crc32fast::hash(STYLESHEET.as_bytes())));

pub(super) async fn stylesheet(request: Request) -> Response {
    let tag = STYLESHEET_TAG.as_str();
    let headers = [
        (ETAG, tag),
        (CACHE_CONTROL, "no-cache"),
        (CONTENT_TYPE, "text/css; charset=utf-8"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    if has_tag(request.headers(), tag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, STYLESHEET).into_response()
}

fn has_tag(headers: &HeaderMap, tag: &str) -> bool {
    headers.get(IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes())
}
