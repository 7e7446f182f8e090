//! What every route shares: bounded bodies, forms, cookies, response headers, and the checks before any route is chosen.
//!
//! No response of this server is an error page of a library: faults of the database are 503 with `Retry-After`, and nothing internal is shown.

pub mod address;
pub mod depth;
pub mod guard;
pub mod health;
pub mod rates;
mod visits;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, LOCATION, REFERRER_POLICY,
    RETRY_AFTER, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use http_body_util::BodyExt as _;
use serde_json::Value;

use crate::authority::parameters::Parameters;
use crate::web::script_integrity;

/// Bytes of a form that are read.
pub const LARGEST_FORM: usize = 64 * 1024;

/// Parameters of a form or a query.
pub const LARGEST_PARAMETERS: usize = 200;

/// What a page may load and where its forms may go: this server only.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// More bytes than the route takes.
    #[error("the body is larger than this endpoint takes")]
    TooLarge,
    /// The connection ended within the body.
    #[error("the body ended early")]
    Broken,
    /// It took too long.
    #[error("the body took too long to arrive")]
    Slow,
    /// Bodies of others fill the memory for them.
    #[error("the server is busy; try again")]
    Crowded,
    /// It is compressed or otherwise encoded.
    #[error("the body has a Content-Encoding; send it as it is")]
    Encoded,
    /// The `Content-Type` is not the expected one.
    #[error("the Content-Type is not what this endpoint takes")]
    WrongType,
    /// A form with more parameters than anybody needs.
    #[error("the form has more than 200 parameters")]
    TooManyParameters,
}

impl BodyError {
    /// The status and a sentence for it.
    #[must_use]
    pub fn explain(self) -> (StatusCode, String) {
        let status = match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Crowded => StatusCode::SERVICE_UNAVAILABLE,
            Self::Encoded => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Broken | Self::WrongType | Self::TooManyParameters => StatusCode::BAD_REQUEST,
        };
        (status, self.to_string())
    }
}

/// The body of a request, of `media_type` and at most `most` bytes.
pub async fn body(
    request: Request,
    media_type: &str,
    most: usize,
) -> Result<(Parts, Vec<u8>), BodyError> {
    let (parts, body) = request.into_parts();
    let is_expected =
        content_type(&parts).is_some_and(|given| given.eq_ignore_ascii_case(media_type));
    if !is_expected {
        return Err(BodyError::WrongType);
    }
    Ok((parts, bounded(body, most).await?))
}

/// At most `most` bytes of a body, which was read before a route was chosen: within a time, and of what is too large no more than it takes to know.
pub async fn bounded(mut body: Body, most: usize) -> Result<Vec<u8>, BodyError> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            error.into_inner().downcast().map_or(BodyError::Broken, |error| *error)
        })?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > most {
            return Err(BodyError::TooLarge);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// Reads a form.
pub async fn form(request: Request) -> Result<(Parts, Parameters), BodyError> {
    let (parts, bytes) = body(request, "application/x-www-form-urlencoded", LARGEST_FORM).await?;
    if bytes.iter().filter(|&&byte| byte == b'&').count() >= LARGEST_PARAMETERS {
        return Err(BodyError::TooManyParameters);
    }
    Ok((parts, Parameters::parse(&bytes)))
}

fn content_type(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or(value).trim())
}

/// A header that is there once and is text.
#[must_use]
pub fn header<'p>(parts: &'p Parts, name: &HeaderName) -> Option<&'p str> {
    let mut values = parts.headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then(|| value.to_str().ok()).flatten()
}

/// The value of a cookie.
#[must_use]
pub fn cookie<'p>(parts: &'p Parts, name: &str) -> Option<&'p str> {
    let headers = parts.headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
    headers
        .flat_map(|header| header.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// A JSON document.
#[must_use]
pub fn json(status: StatusCode, document: &Value) -> Response {
    response(status, "application/json", document.to_string())
}

/// A JSON document that nobody may keep.
#[must_use]
pub fn private_json(status: StatusCode, document: &Value) -> Response {
    let mut response = json(status, document);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert("pragma", HeaderValue::from_static("no-cache"));
    response
}

/// A page.
#[must_use]
pub fn html(status: StatusCode, page: String) -> Response {
    page_with_policy(status, page, PAGE_POLICY)
}

/// A page that may run this server's script as well, by its hash.
#[must_use]
pub fn html_with_script(status: StatusCode, page: String) -> Response {
    let policy = format!("{PAGE_POLICY}; script-src '{}'", script_integrity());
    page_with_policy(status, page, &policy)
}

/// A page whose form leads to another origin: browsers apply `form-action` to the redirect after the form as well.
#[must_use]
pub fn html_leading_to(page: String, source: &str) -> Response {
    page_with_policy(StatusCode::OK, page, &format!("{PAGE_POLICY} {source}"))
}

fn page_with_policy(status: StatusCode, page: String, policy: &str) -> Response {
    let mut response = response(status, "text/html; charset=utf-8", page);
    let headers = response.headers_mut();
    let policy = HeaderValue::from_str(policy).unwrap_or(HeaderValue::from_static(PAGE_POLICY));
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A redirect that is followed with GET. `location` is an address that the caller has validated.
#[must_use]
pub fn see_other(location: &str) -> Response {
    let mut response = response(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", String::new());
    let headers = response.headers_mut();
    match HeaderValue::from_str(location) {
        Ok(location) => headers.insert(LOCATION, location),
        Err(_) => headers.insert(LOCATION, HeaderValue::from_static("/")),
    };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// Lines of text.
#[must_use]
pub fn text(status: StatusCode, text: impl Into<String>) -> Response {
    response(status, "text/plain; charset=utf-8", text.into())
}

/// Marks a response as "try again in a moment".
#[must_use]
pub fn retry_later(mut response: Response, seconds: u32) -> Response {
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

fn response(status: StatusCode, media_type: &'static str, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
