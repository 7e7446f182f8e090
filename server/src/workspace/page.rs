//! One page of a list.

use serde::Serialize;

/// JSON that the elements of one page may take, in octets, so that a page of long elements ends early instead of failing.
const MAX_PAGE: usize = 40_000;

/// Cuts what was fetched to one page: at most `limit` elements, and as many as fit.
///
/// `limit + 1` elements were asked for, so one too many means that there is another page. `cursor` makes the cursor from the last element that was
/// kept, and `written` what the element becomes.
pub(super) fn cut<T, W: Serialize>(
    fetched: Vec<T>,
    limit: i64,
    cursor: impl Fn(&T) -> String,
    written: impl Fn(T) -> W,
) -> (Vec<W>, Option<String>) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut page = Vec::new();
    let mut room = MAX_PAGE;
    let mut last = None;
    for element in fetched {
        let next = cursor(&element);
        let element = written(element);
        let length = serde_json::to_string(&element).map_or(0, |text| text.len());
        if page.len() == limit || (length > room && !page.is_empty()) {
            return (page, last);
        }
        room = room.saturating_sub(length);
        page.push(element);
        last = Some(next);
    }
    (page, None)
}

/// The words of a search.
pub(super) fn words(search: Option<&str>) -> Vec<String> {
    search.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

/// An instant as RFC 3339 in UTC.
pub(crate) fn rfc3339(milliseconds: i64) -> String {
    jiff::Timestamp::from_millisecond(milliseconds).unwrap_or_default().to_string()
}
