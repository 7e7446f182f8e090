//! Dashboards over the shop, in Lookout's document shape.

use serde_json::Value;

/// The dashboards: `slug`, `title`, `description` and `spec` of each.
///
/// Queries name the bounds of the time range as `{{time_range_start}}` (included) and `{{time_range_end}}` (excluded) without quotes; they stand for
/// RFC 3339 text.
#[must_use]
pub fn dashboards() -> Vec<Value> {
    [
        include_str!("dashboards/checkout-funnel.json"),
        include_str!("dashboards/customers-and-returns.json"),
        include_str!("dashboards/tea-leafs-revenue-report.json"),
    ]
    .map(|document| {
        serde_json::from_str(document)
            .expect("the dashboards beside this module are well formed, which a test reads")
    })
    .into()
}
