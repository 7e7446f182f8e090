//! Time ranges of dashboards: a preset or two instants, resolved in UTC to a half-open range.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan as _, Unit, Zoned};
use serde_json::Value;

use crate::mcp::cut;

/// Every preset.
///
/// `last_N_…` begins at the start of the day that many days, weeks or months ago and ends now; `previous_…` is the whole period before this one.
pub(crate) const PRESETS: [&str; 18] = [
    "today",
    "yesterday",
    "last_24_hours",
    "last_7_days",
    "last_14_days",
    "last_30_days",
    "last_90_days",
    "last_3_months",
    "last_6_months",
    "last_12_months",
    "this_week",
    "this_month",
    "this_quarter",
    "this_year",
    "previous_week",
    "previous_month",
    "previous_quarter",
    "previous_year",
];

/// A half-open range of instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    /// First instant inside.
    pub(crate) start: Timestamp,
    /// First instant after.
    pub(crate) end: Timestamp,
}

/// Reads a preset or `{start, end}`. The error says what may stand there.
pub(crate) fn resolve(value: &Value, now: Timestamp) -> Result<Range, String> {
    match value {
        Value::String(preset) => preset_range(preset, now).ok_or_else(|| {
            format!(
                "{:?} is not a time range; use {{\"start\", \"end\"}} or one of {}",
                cut(preset, 64),
                PRESETS.join(", ")
            )
        }),
        Value::Object(members) => {
            if let Some(unknown) =
                members.keys().find(|name| !matches!(name.as_str(), "start" | "end"))
            {
                return Err(format!(
                    "a time range has `start` and `end`, not {:?}",
                    cut(unknown, 64)
                ));
            }
            let instant = |name: &str| -> Result<Timestamp, String> {
                let text = members
                    .get(name)
                    .and_then(Value::as_str)
                    .ok_or_else(|| format!("`{name}` is RFC 3339 text"))?;
                // A date alone is its midnight; a time without an offset could be anywhere, so it is refused.
                let day = || {
                    let date = text.parse::<Date>().ok().filter(|date| date.to_string() == text)?;
                    date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
                };
                text.parse().ok().or_else(day).ok_or_else(|| {
                    format!(
                        "`{name}` is RFC 3339, such as 2026-01-31T00:00:00Z, not {:?}",
                        cut(text, 64)
                    )
                })
            };
            let (start, end) = (instant("start")?, instant("end")?);
            if start < end {
                Ok(Range { start, end })
            } else {
                Err("`start` lies before `end`".to_owned())
            }
        }
        _ => {
            Err("a time range is the name of a preset, or an object with `start` and `end`"
                .to_owned())
        }
    }
}

fn preset_range(preset: &str, now: Timestamp) -> Option<Range> {
    let now = now.round(Unit::Second).unwrap_or(now).to_zoned(TimeZone::UTC);
    let today = now.start_of_day().ok()?;
    let month = today.first_of_month().ok()?;
    let quarter = month.checked_sub((i64::from(month.month() - 1) % 3).months()).ok()?;
    let year = today.first_of_year().ok()?;
    let week = today.checked_sub(i64::from(today.weekday().to_monday_zero_offset()).days()).ok()?;
    let back = |from: &Zoned, span: Span| from.checked_sub(span).ok();
    let (start, end) = match preset {
        "today" => (today, now),
        "yesterday" => (back(&today, 1.day())?, today),
        "last_24_hours" => (back(&now, 24.hours())?, now),
        "last_7_days" => (back(&today, 7.days())?, now),
        "last_14_days" => (back(&today, 14.days())?, now),
        "last_30_days" => (back(&today, 30.days())?, now),
        "last_90_days" => (back(&today, 90.days())?, now),
        "last_3_months" => (back(&today, 3.months())?, now),
        "last_6_months" => (back(&today, 6.months())?, now),
        "last_12_months" => (back(&today, 12.months())?, now),
        "this_week" => (week, now),
        "this_month" => (month, now),
        "this_quarter" => (quarter, now),
        "this_year" => (year, now),
        "previous_week" => (back(&week, 1.week())?, week),
        "previous_month" => (back(&month, 1.month())?, month),
        "previous_quarter" => (back(&quarter, 3.months())?, quarter),
        "previous_year" => (back(&year, 1.year())?, year),
        _ => return None,
    };
    Some(Range { start: start.timestamp(), end: end.timestamp() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{PRESETS, resolve};

    fn range(value: &serde_json::Value) -> Result<(String, String), String> {
        let now = "2026-11-22T15:30:00Z".parse().expect("an instant");
        resolve(value, now).map(|range| (range.start.to_string(), range.end.to_string()))
    }

    #[test]
    fn presets_resolve_to_calendar_bounds_in_utc() {
        let pair = |start: &str, end: &str| Ok((start.to_owned(), end.to_owned()));
        assert_eq!(
            range(&json!("last_7_days")),
            pair("2026-11-15T00:00:00Z", "2026-11-22T15:30:00Z")
        );
        assert_eq!(
            range(&json!("this_week")),
            pair("2026-11-16T00:00:00Z", "2026-11-22T15:30:00Z")
        );
        assert_eq!(
            range(&json!("previous_quarter")),
            pair("2026-07-01T00:00:00Z", "2026-10-01T00:00:00Z")
        );
        assert_eq!(
            range(&json!("previous_year")),
            pair("2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z")
        );
    }

    #[test]
    fn every_preset_is_a_range_that_is_not_empty() {
        for preset in PRESETS {
            let (start, end) = range(&json!(preset)).expect("a preset resolves");
            assert!(start < end, "{preset}");
        }
    }

    #[test]
    fn what_is_not_a_range_is_refused_with_what_may_stand_there() {
        for (value, part) in [
            (json!("last_week"), "previous_week"),
            (json!(7), "preset"),
            (json!({ "start": "2026-01-02T00:00:00Z" }), "`end`"),
            (json!({ "start": "2026-01-02", "end": "2026-01-01" }), "before"),
            (json!({ "start": "2026-01-01T12:00:00", "end": "2026-01-02T12:00:00" }), "RFC 3339"),
            (json!({ "start": "2026-01-01[Europe/Berlin]", "end": "2026-01-02" }), "RFC 3339"),
            (json!({ "start": "yesterday", "end": "2026-01-01" }), "RFC 3339"),
            (json!({ "start": "2026-01-01", "end": "2026-01-02", "zone": "x" }), "zone"),
        ] {
            let problem = range(&value).expect_err("it is refused");
            assert!(problem.contains(part), "{problem}");
        }
    }
}
