//! How stored values become JSON cells.

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use rusqlite::types::ValueRef;
use serde_json::Value;

use crate::warehouse::NormalizedType;

/// Largest integer that every JSON reader keeps exactly (RFC 8259 section 6).
const MAX_SAFE: u64 = (1 << 53) - 1;

/// What a declared type says about its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Declared {
    pub(super) normalized: NormalizedType,
    /// Decimal places of a `DECIMAL(p,s)`.
    places: Option<usize>,
}

impl Declared {
    /// Reads a declared type the way SQLite does: by the words it holds.
    pub(super) fn parse(declared: &str) -> Self {
        let upper = declared.to_ascii_uppercase();
        let word = upper.split(['(', ' ']).next().unwrap_or_default();
        let holds = |parts: &[&str]| parts.iter().any(|part| upper.contains(part));
        let normalized = match word {
            "BOOL" | "BOOLEAN" => NormalizedType::Boolean,
            "DECIMAL" | "NUMERIC" => NormalizedType::Decimal,
            "DATE" => NormalizedType::Date,
            "DATETIME" | "TIMESTAMP" | "TIMESTAMPTZ" => NormalizedType::Timestamp,
            "TIME" => NormalizedType::Time,
            "JSON" | "JSONB" => NormalizedType::Json,
            _ if holds(&["INT"]) => NormalizedType::Integer,
            _ if holds(&["CHAR", "CLOB", "TEXT", "UUID"]) => NormalizedType::String,
            _ if holds(&["BLOB", "BINARY", "BYTEA"]) => NormalizedType::Binary,
            _ if holds(&["REAL", "FLOA", "DOUB"]) => NormalizedType::Float,
            _ => NormalizedType::Other,
        };
        let arguments = upper
            .split_once('(')
            .and_then(|(_, rest)| rest.split_once(')'))
            .map(|(inside, _)| inside.split(','));
        let places = arguments
            .and_then(|mut arguments| arguments.nth(1)?.trim().parse().ok())
            .filter(|places| *places <= 30);
        Self {
            normalized,
            places: if normalized == NormalizedType::Decimal { places } else { None },
        }
    }
}

/// The storage class of a value, and the shared type that it means when nothing is declared.
pub(super) const fn storage_class(value: ValueRef<'_>) -> Option<(&'static str, NormalizedType)> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(_) => Some(("INTEGER", NormalizedType::Integer)),
        ValueRef::Real(_) => Some(("REAL", NormalizedType::Float)),
        ValueRef::Text(_) => Some(("TEXT", NormalizedType::String)),
        ValueRef::Blob(_) => Some(("BLOB", NormalizedType::Binary)),
    }
}

/// A cell and whether it was cut.
pub(super) fn convert(
    value: ValueRef<'_>,
    declared: Option<Declared>,
    max_chars: usize,
) -> (Value, bool) {
    let normalized = declared.map(|declared| declared.normalized);
    let cell = match (value, normalized) {
        (ValueRef::Null, _) => Value::Null,
        (ValueRef::Integer(number @ (0 | 1)), Some(NormalizedType::Boolean)) => {
            Value::Bool(number == 1)
        }
        (ValueRef::Integer(number), Some(NormalizedType::Decimal)) => {
            let places = declared.and_then(|declared| declared.places).unwrap_or(0);
            Value::String(if places == 0 {
                number.to_string()
            } else {
                format!("{number}.{:0places$}", 0)
            })
        }
        (ValueRef::Integer(number), _) if number.unsigned_abs() > MAX_SAFE => {
            Value::String(number.to_string())
        }
        (ValueRef::Integer(number), _) => Value::from(number),
        (ValueRef::Real(number), Some(NormalizedType::Decimal)) if number.is_finite() => {
            let places = declared.and_then(|declared| declared.places);
            Value::String(places.map_or_else(
                || number.to_string(),
                |places| unsigned_zero(format!("{number:.places$}")),
            ))
        }
        (ValueRef::Real(number), _) if number.is_finite() => Value::from(number),
        (ValueRef::Real(number), _) => {
            Value::String(if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned())
        }
        (ValueRef::Text(bytes), normalized) => {
            let text = String::from_utf8_lossy(bytes);
            if normalized == Some(NormalizedType::Timestamp) {
                return cut(&timestamp(&text), max_chars);
            }
            return cut(&text, max_chars);
        }
        (ValueRef::Blob(bytes), _) => {
            // Base64 makes four characters of three bytes; a cut at a whole group still decodes.
            let whole = max_chars / 4 * 3;
            let kept = if bytes.len().div_ceil(3) * 4 > max_chars {
                &bytes[..whole.min(bytes.len())]
            } else {
                bytes
            };
            return (Value::String(STANDARD.encode(kept)), kept.len() < bytes.len());
        }
    };
    (cell, false)
}

/// A negative amount that rounds to nothing is nothing.
fn unsigned_zero(text: String) -> String {
    if text.starts_with('-') && text.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.')) {
        text[1..].to_owned()
    } else {
        text
    }
}

fn cut(text: &str, max_chars: usize) -> (Value, bool) {
    match text.char_indices().nth(max_chars) {
        Some((end, _)) => (Value::String(text[..end].to_owned()), true),
        None => (Value::String(text.to_owned()), false),
    }
}

/// RFC 3339 in UTC. Text without an offset is in UTC, as SQLite's own functions have it; text that is no timestamp stays as it is.
fn timestamp(text: &str) -> String {
    let instant = text.parse::<Timestamp>().ok().or_else(|| {
        text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    });
    instant.map_or_else(|| text.to_owned(), |instant| instant.to_string())
}
