//! F13: cookies, against a scan by bytes. Every line is a `Cookie` header.

use axum::http::header::COOKIE;
use axum::http::{HeaderValue, Request};
use lookout_server::http::cookie;

pub(crate) fn check(bytes: &[u8]) {
    let mut request = Request::new(());
    let mut lines = Vec::new();
    for line in bytes.split(|&byte| byte == b'\n') {
        let Ok(value) = HeaderValue::from_bytes(line) else { return };
        request.headers_mut().append(COOKIE, value);
        lines.push(line);
    }
    let (parts, ()) = request.into_parts();
    for name in ["sid", "__Host-sid"] {
        assert_eq!(
            cookie(&parts, name).map(str::as_bytes),
            scan(&lines, name.as_bytes()),
            "{name}"
        );
    }
}

fn scan<'l>(lines: &[&'l [u8]], name: &[u8]) -> Option<&'l [u8]> {
    for line in lines {
        // A header that is not visible ASCII is no text.
        if line.iter().any(|&byte| byte != b'\t' && !(0x20..0x7f).contains(&byte)) {
            continue;
        }
        for pair in line.split(|&byte| byte == b';') {
            let pair = pair.trim_ascii();
            if let Some(value) = pair.strip_prefix(name).and_then(|rest| rest.strip_prefix(b"=")) {
                return Some(value);
            }
        }
    }
    None
}
