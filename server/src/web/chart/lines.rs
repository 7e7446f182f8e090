//! Lines and areas over places.

use plotters::prelude::*;

use super::axes::{Field, Scale};
use super::canvas::{self, Area, Drawn, SERIES, Size, Spot, UNIT};
use super::data::{Data, Series};
use super::words;

/// Most points that say their value when they are pointed at.
const MOST_SPOTS: usize = 130;

pub(super) fn draw(data: &Data, size: Size, label: &str, is_area: bool) -> String {
    let height = if size == canvas::WIDE { 280 } else { 230 };
    let (low, high) = data.bounds();
    // A line may start above zero when it would be flat otherwise; an area stands on zero.
    let starts_above = !is_area && low > 0.0 && (high - low) < high * 0.25;
    let low = if starts_above { low } else { low.min(0.0) };
    let scale =
        Scale::around(low, high.max(if starts_above { high } else { 0.0 }), 4, data.is_whole());
    let field = Field::new(data, size, height, scale, false);
    canvas::svg(size, height, label, |area| {
        field.draw(area, data)?;
        if is_area {
            for (index, series) in data.series.iter().enumerate() {
                fill(area, &field, index, series)?;
            }
        }
        for (index, series) in data.series.iter().enumerate() {
            line(area, &field, index, series, data.series.len() > 1)?;
        }
        Ok(spots(&field, data))
    })
}

/// The runs of places that have a value.
fn runs(series: &Series) -> Vec<Vec<(usize, f64)>> {
    let mut runs = vec![Vec::new()];
    for (place, value) in series.values.iter().enumerate() {
        match value {
            Some(value) => runs.last_mut().expect("there is a run").push((place, *value)),
            None => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

fn fill(area: &Area<'_>, field: &Field, index: usize, series: &Series) -> Drawn {
    for run in runs(series) {
        let mut points: Vec<_> =
            run.iter().map(|(place, value)| (field.x(*place), field.y(*value))).collect();
        let (first, last) = (points[0].0, points[points.len() - 1].0);
        points.extend([(last, field.base()), (first, field.base())]);
        area.draw(&Polygon::new(points, SERIES[index].mix(0.16)))?;
    }
    Ok(())
}

fn line(area: &Area<'_>, field: &Field, index: usize, series: &Series, has_marks: bool) -> Drawn {
    // Marks of different series stand at different places where there are many.
    let every = (series.values.len() / 8).max(1);
    for run in runs(series) {
        let points: Vec<_> =
            run.iter().map(|(place, value)| (field.x(*place), field.y(*value))).collect();
        let is_alone = points.len() == 1;
        for (at, (place, _)) in points.iter().zip(&run) {
            if is_alone || (has_marks && place % every == (index * every / 6) % every) {
                canvas::mark(area, index, *at, 4 * UNIT)?;
            }
        }
        let style = SERIES[index].stroke_width(2 * UNIT.unsigned_abs());
        area.draw(&PathElement::new(points, style))?;
    }
    Ok(())
}

/// A stretch for each place that says its values.
fn spots(field: &Field, data: &Data) -> Vec<Spot> {
    let count = data.places.len();
    if count > MOST_SPOTS {
        return Vec::new();
    }
    let between = |left: usize, right: usize| i32::midpoint(field.x(left), field.x(right));
    (0..count)
        .map(|place| Spot {
            from: (if place == 0 { field.left } else { between(place - 1, place) }, field.top),
            to: (
                if place + 1 == count { field.right } else { between(place, place + 1) },
                field.bottom,
            ),
            text: said(data, place),
        })
        .collect()
}

/// A place with its values.
pub(super) fn said(data: &Data, place: usize) -> String {
    let value = |series: &Series| {
        let value = series.values[place].map_or_else(|| words::NOTHING.to_owned(), words::rounded);
        if data.series.len() == 1 { value } else { format!("{} {value}", series.name) }
    };
    let values: Vec<_> = data.series.iter().map(value).collect();
    format!("{}: {}", data.places[place].name, values.join(", "))
}
