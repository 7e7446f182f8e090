//! Dates as HTTP writes them (RFC 9110 section 5.6.7), in the one form that senders must use.

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Seconds since the year 0 of `Sun, 06 Nov 1994 08:49:37 GMT`; good for differences.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let (_, rest) = text.split_once(", ")?;
    let [day, month, year, time, "GMT"] = rest.split(' ').collect::<Vec<_>>()[..] else {
        return None;
    };
    let month = MONTHS.iter().position(|name| *name == month)?;
    let number = |text: &str, most: u64| text.parse::<u64>().ok().filter(|value| *value <= most);
    let (day, year) = (number(day, 31)?, number(year, 9999)?);
    let [hours, minutes, seconds] = time.split(':').collect::<Vec<_>>()[..] else { return None };
    let time = number(hours, 23)? * 3600 + number(minutes, 59)? * 60 + number(seconds, 60)?;
    // Years that begin in March end with the leap day, so a month begins after the same number of days in each.
    let shifted = (month as u64 + 10) % 12;
    let year = year.checked_sub(u64::from(month < 2))?;
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (shifted * 153 + 2) / 5 + day;
    Some(days * 86_400 + time)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn dates_are_as_far_apart_as_they_are() {
        let apart = |from: &str, to: &str| seconds(to).unwrap() - seconds(from).unwrap();
        let first = "Thu, 01 Jan 1970 00:00:00 GMT";
        assert_eq!(apart(first, "Sun, 06 Nov 1994 08:49:37 GMT"), 784_111_777);
        assert_eq!(apart(first, "Tue, 29 Feb 2000 00:00:01 GMT"), 951_782_401);
        assert_eq!(apart("Wed, 28 Feb 2024 23:59:59 GMT", "Fri, 01 Mar 2024 00:00:00 GMT"), 86_401);
    }
}
