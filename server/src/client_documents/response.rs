//! What the headers of a document say about it.

use std::ops::RangeInclusive;

/// Whether this is a media type of JSON: `application/json`, or one that ends in `+json` (RFC 6839 section 3.1).
#[must_use]
pub fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_token = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    match essence.strip_prefix("application/") {
        Some("json") => true,
        Some(name) => name.strip_suffix("+json").is_some_and(is_token),
        None => false,
    }
}

/// For how many seconds a document holds, within `bounds`: its `max-age` (RFC 9111 section 5.2.2.1), or the least when it says nothing usable.
#[must_use]
pub fn fresh_for(cache_control: &str, bounds: &RangeInclusive<i64>) -> i64 {
    let mut longest = None;
    for directive in cache_control.split(',') {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "no-store" | "no-cache" => return *bounds.start(),
            "max-age" => {
                let digits = value.trim().trim_matches('"');
                let is_number =
                    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
                // More digits than fit are a very long time.
                let seconds = if is_number { digits.parse().unwrap_or(i64::MAX) } else { 0 };
                // Of several the shortest counts.
                longest = Some(longest.map_or(seconds, |before: i64| before.min(seconds)));
            }
            _ => {}
        }
    }
    longest.unwrap_or_default().clamp(*bounds.start(), *bounds.end())
}
