//! The stylesheet, the script and the mark.

use std::sync::LazyLock;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

const SCRIPT: &str = include_str!("../../assets/lookout.js");

static SCRIPT_INTEGRITY: LazyLock<String> =
    LazyLock::new(|| format!("sha256-{}", STANDARD.encode(Sha256::digest(SCRIPT))));

/// The hash of the script as `integrity` and the content security policy have it (Subresource Integrity section 3.1).
pub(crate) fn script_integrity() -> &'static str {
    SCRIPT_INTEGRITY.as_str()
}

pub(super) async fn stylesheet(request: Request) -> Response {
    asset(&request, "text/css; charset=utf-8", include_str!("../../assets/lookout.css"))
}

pub(super) async fn script(request: Request) -> Response {
    asset(&request, "text/javascript; charset=utf-8", SCRIPT)
}

pub(super) async fn mark(request: Request) -> Response {
    asset(&request, "image/svg+xml", include_str!("../../assets/lookout.svg"))
}

fn asset(request: &Request, media_type: &'static str, text: &'static str) -> Response {
    let tag = format!("\"{:08x}\"", crc32fast::hash(text.as_bytes()));
    let is_known = request
        .headers()
        .get(IF_NONE_MATCH)
        .is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let headers = [
        (ETAG, tag.as_str()),
        (CACHE_CONTROL, "no-cache"),
        (CONTENT_TYPE, media_type),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    if is_known {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, text).into_response()
}
