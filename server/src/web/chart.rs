//! Charts as SVG, drawn on the server, so that they need no script.
//!
//! A chart is a picture with a description; whoever does not see it has the same rows as a table beside it. All text comes from people, tools and
//! warehouses: it is cleaned here and escaped where it is written.

mod axes;
mod bars;
mod canvas;
mod data;
mod lines;
mod pie;
pub(super) mod words;

use lookout_schema::{ChartType, RunDashboardPanelResult};

use self::canvas::{MIDDLE, NARROW, WIDE};
use self::data::Data;

/// A number, which exact types carry as text.
pub(super) fn number(cell: &serde_json::Value) -> Option<f64> {
    data::number(cell)
}

/// A chart, ready for a page.
#[derive(Debug)]
pub(super) struct Chart {
    /// The same picture for several widths; the stylesheet shows one.
    pub(super) pictures: Vec<String>,
    pub(super) legend: Vec<Key>,
    /// What is along which axis, when there is no legend that says it.
    pub(super) axes: Option<String>,
    pub(super) is_ring: bool,
    /// What is not drawn, in sentences.
    pub(super) remarks: Vec<String>,
}

/// An entry of a legend.
#[derive(Debug)]
pub(super) struct Key {
    /// An SVG element.
    pub(super) swatch: String,
    pub(super) name: String,
    /// The value, where the legend says it.
    pub(super) value: Option<String>,
    /// The share of the whole, where the legend says it.
    pub(super) share: Option<String>,
}

/// Draws a result, or says why there is nothing to draw. A wide chart has a picture for wide pages as well.
pub(super) fn chart(
    kind: &ChartType,
    title: &str,
    result: &RunDashboardPanelResult,
    is_wide: bool,
) -> Result<Chart, String> {
    let mut data = Data::of(result)?;
    if *kind == ChartType::Pie {
        return ring(title, &data);
    }
    let is_bar = *kind == ChartType::Bar;
    let is_area = *kind == ChartType::Area;
    if is_bar && !bars::stand(&data) && data.places.len() > bars::MOST_PLACES {
        let (most, all) = (bars::MOST_PLACES, data.places.len());
        data.remarks
            .push(format!("The first {most} of {all} are drawn; the table has all of them."));
    }
    let word = match kind {
        ChartType::Bar => "Bar chart",
        ChartType::Area => "Area chart",
        _ => "Line chart",
    };
    let label = described(word, title, &data);
    let sizes = if is_wide { &[WIDE, MIDDLE, NARROW][..] } else { &[MIDDLE, NARROW] };
    let picture = |size: &canvas::Size| match is_bar {
        true => bars::draw(&data, *size, &label),
        false => lines::draw(&data, *size, &label, is_area),
    };
    let pictures = sizes.iter().map(picture).collect();
    let is_one = data.series.len() == 1;
    let key = |(index, series): (usize, &data::Series)| Key {
        swatch: canvas::swatch(index),
        name: series.name.clone(),
        value: None,
        share: None,
    };
    let legend =
        if is_one { Vec::new() } else { data.series.iter().enumerate().map(key).collect() };
    let axes = axes(title, &data).filter(|_| is_one);
    Ok(Chart { pictures, legend, axes, is_ring: false, remarks: data.remarks })
}

fn ring(title: &str, data: &Data) -> Result<Chart, String> {
    let slices = pie::slices(data)?;
    let listed: Vec<_> = slices
        .iter()
        .take(3)
        .map(|slice| format!("{} {}", slice.name, percent(slice.share)))
        .collect();
    let label = format!(
        "Pie chart: {}. {} by {}. {}{}.",
        words::plain(title),
        data.series[0].name,
        data.axis,
        listed.join(", "),
        if slices.len() > 3 { ", and more" } else { "" }
    );
    let values = words::even(&slices.iter().map(|slice| slice.value).collect::<Vec<_>>());
    let key = |(slice, value): (&pie::Slice, String)| Key {
        swatch: canvas::swatch_of_colour(slice.colour),
        name: slice.name.clone(),
        value: Some(value),
        share: Some(percent(slice.share)),
    };
    let mut remarks = data.remarks.clone();
    if data.series.len() > 1 {
        remarks.push(format!("Only {} is drawn; the table has every column.", data.series[0].name));
    }
    Ok(Chart {
        pictures: vec![pie::draw(&slices, &label)],
        legend: slices.iter().zip(values).map(key).collect(),
        axes: axes(title, data),
        is_ring: true,
        remarks,
    })
}

/// What is along which axis, unless the title says it already.
fn axes(title: &str, data: &Data) -> Option<String> {
    let axes = format!("{} by {}", data.series[0].name, data.axis);
    let is_said = axes.to_lowercase() == title.trim().to_lowercase();
    (!is_said).then_some(axes)
}

/// A share of a whole.
pub(super) fn percent(share: f64) -> String {
    format!("{}%", words::number(share * 100.0, 1))
}

/// What a chart shows, for those who do not see it.
fn described(word: &str, title: &str, data: &Data) -> String {
    let ends = match (data.places.first(), data.places.last()) {
        (Some(first), Some(last)) if data.places.len() > 1 => {
            format!(
                "{} values of {} from {} to {}",
                data.places.len(),
                data.axis,
                first.name,
                last.name
            )
        }
        (Some(only), _) => format!("one value of {}, {}", data.axis, only.name),
        _ => String::new(),
    };
    let series = |series: &data::Series| {
        let values = series.values.iter().flatten();
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &value| {
            (low.min(value), high.max(value))
        });
        if low > high {
            return format!("{} has no values", series.name);
        }
        format!("{} from {} to {}", series.name, words::rounded(low), words::rounded(high))
    };
    let series: Vec<_> = data.series.iter().map(series).collect();
    format!("{word}: {}. {ends}; {}.", words::plain(title), series.join("; "))
}

#[cfg(test)]
mod tests {
    use lookout_schema::{ChartType, RunDashboardPanelResult};
    use serde_json::{Value, json};

    use super::chart;

    /// A result with these columns and rows.
    pub(super) fn result(columns: &[&str], rows: &Value) -> RunDashboardPanelResult {
        let column = |name: &&str| json!({ "name": name, "type": "", "normalized_type": "other" });
        serde_json::from_value(json!({
            "bytes_scanned": null, "columns": columns.iter().map(column).collect::<Vec<_>>(), "dashboard_id": "d", "elapsed_ms": 1,
            "executed_sql": "", "hints": [], "panel": { "id": "p", "title": "P", "type": "chart" }, "parameters_used": {},
            "resolved_time_range": null, "row_count": rows.as_array().map_or(0, Vec::len), "rows": rows, "statement_id": "s", "steps": null,
            "truncated": false, "truncation_reason": null, "value": null, "warehouse_id": "w",
        }))
        .expect("a result")
    }

    const KINDS: [ChartType; 4] =
        [ChartType::Area, ChartType::Bar, ChartType::Line, ChartType::Pie];

    #[test]
    fn no_text_leaves_its_place_in_a_picture() {
        let evil = "</text><script>alert(1)</script>\" onload='x' &amp; \u{202e}gnp";
        let rows = json!([[evil, "<b>", 1], [evil, "c\"", 2], ["z", "<b>", 3]]);
        for kind in KINDS {
            let columns = [evil, "name<i>", "n\"><script>"];
            let drawn = chart(&kind, evil, &result(&columns, &rows), true).expect("it is drawn");
            for picture in &drawn.pictures {
                assert!(!picture.contains("<script") && !picture.contains("<b>"), "{picture}");
                assert!(!picture.contains('\u{202e}'), "{picture}");
                assert!(!picture.contains("<i>") && !picture.contains(" style="), "{picture}");
                let elements = picture.matches('<').count();
                assert_eq!(elements, picture.matches('>').count(), "{picture}");
            }
        }
    }

    #[test]
    fn a_picture_says_what_it_shows() {
        let rows = json!([["2026-01-01", 5], ["2026-01-02", null], ["2026-01-03", 1234.5]]);
        let drawn = chart(&ChartType::Line, "Sales", &result(&["day", "revenue"], &rows), true)
            .expect("it is drawn");
        assert_eq!(drawn.pictures.len(), 3);
        let label = "role=\"img\" aria-label=\"Line chart: Sales. 3 values of day from 2026-01-01 to 2026-01-03; revenue from 5 to 1,234.5.\"";
        assert!(drawn.pictures.iter().all(|picture| picture.contains(label)), "{drawn:?}");
        assert_eq!(
            drawn.pictures[0]
                .matches("<polyline fill=\"none\" opacity=\"1\" stroke=\"#006FB0\"")
                .count(),
            2,
            "the gap stays"
        );
    }

    #[test]
    fn strange_numbers_are_drawn_or_refused_but_break_nothing() {
        let odd = [
            json!(0),
            json!(-0.0),
            json!(1e15),
            json!(-1e15),
            json!(1e-300),
            json!(null),
            json!("007"),
            json!(f64::MIN_POSITIVE),
        ];
        for kind in KINDS {
            for first in &odd {
                for second in &odd {
                    let rows = json!([["2026-01-01", first], ["2026-01-01", second]]);
                    if let Ok(drawn) = chart(&kind, "t", &result(&["x", "y"], &rows), true) {
                        assert!(drawn.pictures.iter().all(|picture| !picture.contains("NaN")));
                    }
                    let rows = json!([["a", first], ["b", second]]);
                    let _ = chart(&kind, "t", &result(&["x", "y"], &rows), true);
                }
            }
        }
    }

    #[test]
    fn many_categories_are_cut_and_that_is_said() {
        let rows: Vec<_> =
            (0..57).map(|index| json!([format!("category {index}"), index])).collect();
        let rows = Value::from(rows);
        let bar = chart(&ChartType::Bar, "t", &result(&["c", "n"], &rows), false).expect("bars");
        assert_eq!(bar.remarks, ["The first 20 of 57 are drawn; the table has all of them."]);
        let pie = chart(&ChartType::Pie, "t", &result(&["c", "n"], &rows), false).expect("a pie");
        assert_eq!(pie.legend.last().map(|key| key.name.as_str()), Some("50 others"));
    }

    #[test]
    fn a_chart_looks_as_it_did() {
        let rows = json!([["2026-01", 120, 80], ["2026-02", 90, null], ["2026-03", 140, 60]]);
        let drawn =
            chart(&ChartType::Bar, "Orders", &result(&["month", "first", "repeat"], &rows), false)
                .expect("it is drawn");
        insta::assert_snapshot!(drawn.pictures[1].replace("><", ">\n<"));
    }
}
