//! Dates and times as warehouses write them, as numbers since the epoch.

const NANOS: i64 = 1_000_000_000;

/// An instant: seconds since 1970 in UTC, and what is behind them.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    pub(super) seconds: i64,
    pub(super) nanos: i64,
}

impl Moment {
    /// Microseconds since 1970, for a moment that has no finer part.
    pub(super) fn micros(self) -> i64 {
        self.seconds * 1_000_000 + self.nanos / 1000
    }

    /// Nanoseconds since 1970, if there is room for them.
    pub(super) fn nanos(self) -> Option<i64> {
        i64::try_from(i128::from(self.seconds) * i128::from(NANOS) + i128::from(self.nanos)).ok()
    }
}

/// Days since 1970 of `2026-01-31`.
pub(super) fn date(text: &str) -> Option<i32> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (year, month, day) = (digits(year, 4)?, digits(month, 2)?, digits(day, 2)?);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(is_leap),
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=longest).contains(&day) {
        return None;
    }
    // Years that begin in March have the leap day at their end; 0000-03-01 is 719,468 days before 1970.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days = 365 * year + leaps + (153 * month + 2) / 5 + day - 1 - 719_468;
    i32::try_from(days).ok()
}

/// Nanoseconds since midnight of `13:45:00` or `13:45:00.25`.
pub(super) fn time(text: &str) -> Option<i64> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = clock.split(':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
    let (hour, minute, second) = (digits(hour, 2)?, digits(minute, 2)?, digits(second, 2)?);
    let is_whole = parts.next().is_none() && (1..=9).contains(&fraction.len());
    if !is_whole || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let nanos = digits(&format!("{fraction:0<9}"), 9)?;
    Some((hour * 3600 + minute * 60 + second) * NANOS + nanos)
}

/// An instant of RFC 3339.
pub(super) fn timestamp(text: &str) -> Option<Moment> {
    let (day, rest) = text.split_once(['T', 't', ' '])?;
    let offset_at = rest.find(['Z', 'z', '+', '-'])?;
    let (clock, offset) = rest.split_at(offset_at);
    let offset = match offset.split_at(1) {
        ("Z" | "z", "") => 0,
        (sign @ ("+" | "-"), offset) => {
            let (hours, minutes) = offset.split_once(':')?;
            let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            (hours * 3600 + minutes * 60) * if sign == "-" { -1 } else { 1 }
        }
        _ => return None,
    };
    let (days, nanos) = (i64::from(date(day)?), time(clock)?);
    Some(Moment { seconds: days * 86_400 + nanos / NANOS - offset, nanos: nanos % NANOS })
}

fn digits(text: &str, count: usize) -> Option<i64> {
    let all = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_follow_each_other_for_eight_hundred_years() {
        let mut expected = date("1600-01-01").expect("a date");
        assert_eq!(date("1970-01-01"), Some(0));
        for year in 1600..2400 {
            for month in 1..=12 {
                // The longest that the calendar allows is the last that is read.
                let last =
                    (28..=31).rev().find(|day| date(&format!("{year}-{month:02}-{day}")).is_some());
                for day in 1..=last.expect("a last day") {
                    assert_eq!(date(&format!("{year}-{month:02}-{day:02}")), Some(expected));
                    expected += 1;
                }
            }
        }
        assert_eq!(expected, 157_054, "2400-01-01");
    }

    #[test]
    fn what_is_no_date_or_time_is_not_read() {
        for text in [
            "",
            "2026-1-1",
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-04-31",
            "infinity",
            "2026-01-01-01",
            "+026-01-01",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
        for text in [
            "",
            "24:00:00",
            "1:00:00",
            "00:60:00",
            "00:00:60",
            "00:00",
            "00:00:00.",
            "00:00:00.1234567890",
            "00:00:00.x",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
        for text in [
            "2026-01-01",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00+1",
            "2026-01-01T00:00:00Zz",
            "2026-01-01T00:00:00+24:00",
            "é",
        ] {
            assert!(timestamp(text).is_none(), "{text}");
        }
    }

    #[test]
    fn an_offset_is_taken_away_and_a_fraction_kept() {
        let read = |text| timestamp(text).map(|moment| (moment.seconds, moment.nanos));
        assert_eq!(read("1970-01-01T01:00:00+01:00"), Some((0, 0)));
        assert_eq!(read("1969-12-31 23:59:59.5-00:30"), Some((1799, 500_000_000)));
        assert_eq!(timestamp("1969-12-31T23:59:59.25Z").map(Moment::micros), Some(-750_000));
        assert_eq!(timestamp("9999-12-31T23:59:59Z").and_then(Moment::nanos), None);
        assert_eq!(time("13:45:00.25"), Some(49_500_250_000_000));
    }
}
