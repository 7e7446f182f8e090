//! One page of a list.

/// Cuts what was fetched to one page: `limit + 1` elements were asked for, so one too many means that there is another page.
///
/// `cursor` makes the cursor from the last element of this page.
pub(super) fn cut<T>(
    mut fetched: Vec<T>,
    limit: i64,
    cursor: impl FnOnce(&T) -> String,
) -> (Vec<T>, Option<String>) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if fetched.len() <= limit {
        return (fetched, None);
    }
    fetched.truncate(limit);
    let next = fetched.last().map(cursor);
    (fetched, next)
}

/// The words of a search.
pub(super) fn words(search: Option<&str>) -> Vec<String> {
    search.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

/// An instant as RFC 3339 in UTC.
pub(crate) fn rfc3339(milliseconds: i64) -> String {
    jiff::Timestamp::from_millisecond(milliseconds).unwrap_or_default().to_string()
}
