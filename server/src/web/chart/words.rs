//! Numbers, cells and names as people read them.

use lookout_schema::inert;
use serde_json::Value;

/// What stands for no value.
pub(crate) const NOTHING: &str = "(empty)";

/// Longest name on a chart, in characters.
const LONGEST: usize = 120;

/// A name on one line, without characters that reorder or hide what is around it.
pub(crate) fn plain(text: &str) -> String {
    let shown: String = text.chars().take(LONGEST).map(inert::shown).collect();
    if text.chars().nth(LONGEST).is_some() { format!("{shown}…") } else { shown }
}

/// A cell as a name.
pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Null => NOTHING.to_owned(),
        Value::String(text) if text.trim().is_empty() => NOTHING.to_owned(),
        Value::String(text) => plain(text),
        other => other.to_string(),
    }
}

/// The first `most` characters of a name, with a mark where it was cut.
pub(crate) fn short(name: &str, most: usize) -> String {
    if name.chars().nth(most).is_none() {
        return name.to_owned();
    }
    let kept: String = name.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// A number with its digits in groups and at most this many places.
pub(crate) fn number(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    let text = match text.split_once('.') {
        Some((whole, fraction)) => {
            let fraction = fraction.trim_end_matches('0');
            if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
        }
        None => text,
    };
    let text = if text == "-0" { "0".to_owned() } else { text };
    grouped(&text)
}

/// A number with as many places as tell it from its neighbours.
pub(crate) fn rounded(value: f64) -> String {
    let places = match value.abs() {
        0.0 => 0,
        large if large >= 0.01 => 2,
        small => {
            let zeros = (-small.log10()).ceil().clamp(0.0, 300.0);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 300")]
            let zeros = zeros as usize;
            zeros + 2
        }
    };
    number(value, places.min(12))
}

/// Numbers of one kind, all with the same number of places: those that the longest of them needs, at most two.
pub(crate) fn even(values: &[f64]) -> Vec<String> {
    let needs = |value: &f64, places: usize| {
        let shown: f64 = format!("{value:.places$}").parse().unwrap_or(*value);
        (shown - value).abs() > 1e-9 * value.abs().max(1.0)
    };
    if values.iter().any(|value| *value != 0.0 && value.abs() < 0.01) {
        return values.iter().copied().map(rounded).collect();
    }
    let places = (0..2).find(|&places| !values.iter().any(|value| needs(value, places)));
    let places = places.unwrap_or(2);
    values.iter().map(|value| grouped(&format!("{value:.places$}"))).collect()
}

/// Decimal digits in groups of three, exactly as many as there were.
pub(crate) fn grouped(digits: &str) -> String {
    let (sign, rest) = match digits.strip_prefix('-') {
        Some(rest) => ("\u{2212}", rest),
        None => ("", digits),
    };
    let (whole, fraction) = match rest.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (rest, None),
    };
    if whole.is_empty() || !rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return digits.to_owned();
    }
    let mut text = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

/// A number on an axis whose marks are `step` apart and reach to `largest`.
pub(crate) fn mark(value: f64, step: f64, largest: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")];
    let (unit, suffix) = UNITS
        .into_iter()
        .find(|(unit, _)| largest >= *unit && (*unit > 1e3 || largest >= 1e4))
        .unwrap_or((1.0, ""));
    let step = step / unit;
    let places = (0..9).find(|&places| {
        let shifted = step * 10_f64.powi(places);
        (shifted - shifted.round()).abs() < 1e-6 * shifted.max(1.0)
    });
    let places = usize::try_from(places.unwrap_or(9)).unwrap_or_default();
    let text = number(value / unit, places);
    if text == "0" { text } else { format!("{text}{suffix}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_and_none_is_lost() {
        for (digits, shown) in [
            ("1", "1"),
            ("1234", "1,234"),
            ("-1234567.050", "\u{2212}1,234,567.050"),
            ("9007199254740993", "9,007,199,254,740,993"),
            ("1e21", "1e21"),
            ("", ""),
        ] {
            assert_eq!(grouped(digits), shown);
        }
    }

    #[test]
    fn marks_of_an_axis_are_short_and_differ() {
        assert_eq!(mark(2500.0, 2500.0, 10_000.0), "2.5k");
        assert_eq!(mark(5000.0, 2500.0, 9000.0), "5,000");
        assert_eq!(mark(0.25, 0.25, 1.0), "0.25");
        assert_eq!(mark(0.0, 1e6, 4e6), "0");
        assert_eq!(mark(3e6, 1e6, 4e6), "3M");
    }

    #[test]
    fn numbers_beside_each_other_have_the_same_places() {
        assert_eq!(even(&[17_257.65, 14_172.9, 3.0]), ["17,257.65", "14,172.90", "3.00"]);
        assert_eq!(even(&[1.0, 2000.0]), ["1", "2,000"]);
        assert_eq!(even(&[0.001, 5.0]), ["0.001", "5"]);
    }

    #[test]
    fn numbers_keep_the_places_that_matter() {
        assert_eq!(rounded(1234.5), "1,234.5");
        assert_eq!(rounded(0.000_123_4), "0.000123");
        assert_eq!(rounded(-0.0), "0");
    }

    #[test]
    fn a_name_cannot_reorder_what_is_around_it() {
        assert_eq!(plain("a\u{202e}b\nc"), "a\u{fffd}b c");
        assert_eq!(plain(&"x".repeat(500)).chars().count(), 121);
    }
}
