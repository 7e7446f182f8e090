//! What a chart draws, read from the rows of a result.
//!
//! The first column that holds no numbers names the places along the axis; every column of numbers is a series. Rows of (place, name, number) are turned
//! into one series for each name.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use lookout_schema::{ResultColumn, RunDashboardPanelResult};
use serde_json::Value;

use super::words;

/// Most series that a chart tells apart.
pub(super) const MOST_SERIES: usize = 6;

/// A result as a chart sees it.
#[derive(Debug)]
pub(super) struct Data {
    /// What the places along the axis are.
    pub(super) axis: String,
    pub(super) places: Vec<Place>,
    /// Whether the places are moments, in order.
    pub(super) is_time: bool,
    /// Whether the places are numbers.
    pub(super) is_number: bool,
    pub(super) series: Vec<Series>,
    /// What is not drawn, in sentences.
    pub(super) remarks: Vec<String>,
}

/// A place along the axis.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Its name in full.
    pub(super) name: String,
    /// The moment, when places are moments.
    pub(super) moment: Option<DateTime>,
}

/// One series: a value for each place, or none.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) name: String,
    pub(super) values: Vec<Option<f64>>,
}

impl Data {
    /// The data of a result, or why there is nothing to draw.
    pub(super) fn of(result: &RunDashboardPanelResult) -> Result<Self, String> {
        if result.rows.is_empty() {
            return Err("The query returned no rows for these settings.".to_owned());
        }
        let (columns, rows) = (&result.columns, &result.rows);
        let is_number = |index: usize| holds_numbers(rows, index);
        let axis = (0..columns.len()).find(|&index| !is_number(index)).unwrap_or(0);
        let numbers: Vec<usize> =
            (0..columns.len()).filter(|&index| index != axis && is_number(index)).collect();
        let names: Vec<usize> =
            (0..columns.len()).filter(|&index| index != axis && !is_number(index)).collect();
        if numbers.is_empty() {
            let message = if columns.len() == 1 && is_number(0) {
                "The query returned one column; a chart needs one for its axis as well."
            } else {
                "The query returned no column of numbers to draw."
            };
            return Err(message.to_owned());
        }
        let pivoted = match (names.as_slice(), numbers.as_slice()) {
            ([name], [number]) => pivot(rows, axis, *name, *number),
            _ => None,
        };
        let (keys, mut series) = pivoted.unwrap_or_else(|| {
            let keys = rows.iter().map(|row| row.get(axis).cloned().unwrap_or_default()).collect();
            let series = numbers.iter().map(|&index| Series {
                name: words::plain(&columns[index].name),
                values: rows.iter().map(|row| row.get(index).and_then(number)).collect(),
            });
            (keys, series.collect())
        });
        let mut remarks = Vec::new();
        keep_largest(&mut series, &mut remarks);
        if series.iter().flat_map(|series| &series.values).flatten().any(|value| value.abs() > 1e15)
        {
            return Err("The numbers are too large to draw; the table has them.".to_owned());
        }
        if series.iter().all(|series| series.values.iter().all(Option::is_none)) {
            return Err("Every value is empty for these settings.".to_owned());
        }
        let mut data = Self {
            axis: words::plain(&columns[axis].name),
            is_time: false,
            is_number: is_number(axis),
            places: keys.iter().map(place).collect(),
            series,
            remarks,
        };
        data.order_by_time(&columns[axis]);
        Ok(data)
    }

    /// Puts places that are moments in order, and leaves out what has none.
    fn order_by_time(&mut self, axis: &ResultColumn) {
        let known = self.places.iter().filter(|place| place.moment.is_some()).count();
        let named = self.places.iter().filter(|place| place.name != words::NOTHING).count();
        if self.is_number || known == 0 || known != named {
            return;
        }
        let mut order: Vec<usize> =
            (0..self.places.len()).filter(|&index| self.places[index].moment.is_some()).collect();
        order.sort_by_key(|&index| self.places[index].moment);
        let left_out = self.places.len() - order.len();
        if left_out > 0 {
            self.remarks.push(format!(
                "{left_out} without {} {} not drawn.",
                words::plain(&axis.name),
                if left_out == 1 { "is" } else { "are" }
            ));
        }
        self.places = order.iter().map(|&index| self.places[index].clone()).collect();
        for series in &mut self.series {
            series.values = order.iter().map(|&index| series.values[index]).collect();
        }
        self.is_time = true;
    }

    /// The smallest and the largest value.
    pub(super) fn bounds(&self) -> (f64, f64) {
        let values = self.series.iter().flat_map(|series| &series.values).flatten();
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &value| {
            (low.min(value), high.max(value))
        })
    }

    /// Whether every value is whole.
    pub(super) fn is_whole(&self) -> bool {
        let mut values = self.series.iter().flat_map(|series| &series.values).flatten();
        values.all(|value| value.fract() == 0.0)
    }
}

/// Keeps the series with the largest sums, in the order of the query.
fn keep_largest(series: &mut Vec<Series>, remarks: &mut Vec<String>) {
    if series.len() <= MOST_SERIES {
        return;
    }
    let total =
        |series: &Series| series.values.iter().flatten().map(|value| value.abs()).sum::<f64>();
    let mut totals: Vec<f64> = series.iter().map(total).collect();
    totals.sort_by(|left, right| right.total_cmp(left));
    let least = totals[MOST_SERIES - 1];
    let all = series.len();
    series.retain(|series| total(series) >= least);
    series.truncate(MOST_SERIES);
    remarks.push(format!(
        "The {MOST_SERIES} largest of {all} series are drawn; the table has all of them."
    ));
}

/// Series by name from rows of (place, name, number); `None` when a place has a name twice.
fn pivot(
    rows: &[Vec<Value>],
    axis: usize,
    name: usize,
    value: usize,
) -> Option<(Vec<Value>, Vec<Series>)> {
    let mut keys: Vec<Value> = Vec::new();
    let mut series: Vec<Series> = Vec::new();
    let mut filled = std::collections::HashSet::new();
    for row in rows {
        let (key, label) = (row.get(axis)?, words::cell(row.get(name)?));
        let place = keys.iter().position(|other| other == key).unwrap_or_else(|| {
            keys.push(key.clone());
            keys.len() - 1
        });
        let line = series.iter().position(|series| series.name == label).unwrap_or_else(|| {
            series.push(Series { name: label.clone(), values: Vec::new() });
            series.len() - 1
        });
        if !filled.insert((place, line)) {
            return None;
        }
        let values = &mut series[line].values;
        values.resize(values.len().max(place + 1), None);
        values[place] = row.get(value).and_then(number);
    }
    for series in &mut series {
        series.values.resize(keys.len(), None);
    }
    // With one name for each place, names describe places and are no series.
    (keys.len() < rows.len()).then_some((keys, series))
}

fn holds_numbers(rows: &[Vec<Value>], column: usize) -> bool {
    let mut cells =
        rows.iter().filter_map(|row| row.get(column)).filter(|cell| !cell.is_null()).peekable();
    cells.peek().is_some() && cells.all(|cell| number(cell).is_some())
}

/// A number, which exact types carry as text.
pub(super) fn number(cell: &Value) -> Option<f64> {
    let number = match cell {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) if text.bytes().all(|byte| b"+-.0123456789eE".contains(&byte)) => {
            text.parse().ok()?
        }
        _ => return None,
    };
    number.is_finite().then_some(number)
}

fn place(key: &Value) -> Place {
    Place { name: words::cell(key), moment: key.as_str().and_then(moment) }
}

/// Reads a month, a day or an instant.
fn moment(text: &str) -> Option<DateTime> {
    let bytes = text.as_bytes();
    if bytes.len() < 7 || !bytes[..4].iter().all(u8::is_ascii_digit) || bytes[4] != b'-' {
        return None;
    }
    if bytes.len() == 7 {
        return format!("{text}-01").parse::<jiff::civil::Date>().ok().map(DateTime::from);
    }
    let instant = text.parse::<jiff::Timestamp>().ok();
    instant
        .map(|instant| instant.to_zoned(TimeZone::UTC).datetime())
        .or_else(|| text.parse::<DateTime>().ok())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Data;

    /// The data of a result with these columns and rows.
    pub(in super::super) fn data(columns: &[&str], rows: &Value) -> Result<Data, String> {
        Data::of(&super::super::tests::result(columns, rows))
    }

    #[test]
    fn moments_are_put_in_order_and_gaps_stay() {
        let rows = json!([["2026-03", 3], ["2026-01", null], [null, 9], ["2026-02", "2.50"]]);
        let data = data(&["month", "n"], &rows).expect("there is something to draw");
        assert!(data.is_time);
        assert_eq!(data.series[0].values, [None, Some(2.5), Some(3.0)]);
        assert_eq!(data.remarks, ["1 without month is not drawn."]);
    }

    #[test]
    fn rows_of_place_name_and_number_become_series() {
        let rows = json!([["2026-01", "a", 1], ["2026-01", "b", 2], ["2026-02", "b", 3]]);
        let data = data(&["month", "channel", "n"], &rows).expect("there is something to draw");
        let series: Vec<_> =
            data.series.iter().map(|series| (series.name.as_str(), &series.values)).collect();
        assert_eq!(series, [("a", &vec![Some(1.0), None]), ("b", &vec![Some(2.0), Some(3.0)])]);
    }

    #[test]
    fn what_cannot_be_drawn_says_why() {
        for (columns, rows, part) in [
            (&["a", "b"][..], json!([]), "no rows"),
            (&["a", "b"], json!([["x", "y"]]), "no column of numbers"),
            (&["a"], json!([[1]]), "one column"),
            (&["a", "b"], json!([["x", 1e300]]), "too large"),
        ] {
            let problem = data(columns, &rows).expect_err("there is nothing to draw");
            assert!(problem.contains(part), "{problem}");
        }
    }
}
