//! Shares of a whole, as a ring. Its legend says every share, so nothing is told by colour alone.

use std::f64::consts::TAU;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{self, NARROW, QUIET, SERIES, SURFACE, TEXT, UNIT};
use super::data::Data;
use super::words;

/// Most slices with a name of their own.
const MOST_SLICES: usize = 7;

/// A slice.
#[derive(Debug)]
pub(super) struct Slice {
    pub(super) name: String,
    pub(super) value: f64,
    /// Of the whole, 0 to 1.
    pub(super) share: f64,
    /// Its colour: the last one for what is put together.
    pub(super) colour: usize,
}

/// The slices of the first series, or why it has none.
pub(super) fn slices(data: &Data) -> Result<Vec<Slice>, String> {
    let Some(series) = data.series.first() else {
        return Err("There is nothing to draw.".to_owned());
    };
    let values = || series.values.iter().map(|value| value.unwrap_or(0.0));
    if values().any(|value| value < 0.0) {
        return Err("A pie cannot show values below zero; the table has them.".to_owned());
    }
    let whole: f64 = values().sum();
    if whole <= 0.0 {
        return Err("Every value is zero for these settings.".to_owned());
    }
    let mut all: Vec<(String, f64)> =
        data.places.iter().map(|place| place.name.clone()).zip(values()).collect();
    all.sort_by(|left, right| right.1.total_cmp(&left.1));
    let rest = if all.len() > MOST_SLICES + 1 { all.split_off(MOST_SLICES) } else { Vec::new() };
    let slice = |(colour, (name, value)): (usize, (String, f64))| Slice {
        name,
        value,
        share: value / whole,
        colour: colour.min(SERIES.len() - 1),
    };
    let mut slices: Vec<Slice> = all.into_iter().enumerate().map(slice).collect();
    if !rest.is_empty() {
        let value = rest.iter().map(|(_, value)| value).sum();
        let name = format!("{} others", rest.len());
        slices.push(slice((SERIES.len() - 1, (name, value))));
    }
    Ok(slices)
}

/// The ring, with the whole in its middle.
pub(super) fn draw(slices: &[Slice], label: &str) -> String {
    const SIDE: i32 = 220;
    let size = canvas::Size { class: "ring", width: SIDE };
    const { assert!(SIDE <= NARROW.width, "a ring fits every page") };
    let centre = f64::from(SIDE * UNIT / 2);
    let (outer, inner) = (centre * 0.96, centre * 0.62);
    #[expect(clippy::cast_possible_truncation, reason = "a position within the drawing")]
    let point = |turn: f64, radius: f64| {
        let angle = turn * TAU;
        (
            (centre + radius * angle.sin()).round() as i32,
            (centre - radius * angle.cos()).round() as i32,
        )
    };
    canvas::svg(size, SIDE, label, |area| {
        let mut turn = 0.0;
        for slice in slices {
            let arc = |radius: f64| {
                // A point for each degree or so.
                let steps = ((slice.share * 360.0).ceil() as u16).max(1);
                let at = move |step| turn + slice.share * f64::from(step) / f64::from(steps);
                (0..=steps).map(move |step| point(at(step), radius))
            };
            let mut points: Vec<_> = arc(outer).collect();
            points.extend(arc(inner).collect::<Vec<_>>().into_iter().rev());
            area.draw(&Polygon::new(points, SERIES[slice.colour].filled()))?;
            turn += slice.share;
        }
        let mut turn = 0.0;
        for slice in slices.iter().filter(|_| slices.len() > 1) {
            let edge = vec![point(turn, inner), point(turn, outer)];
            area.draw(&PathElement::new(edge, SURFACE.stroke_width(2 * UNIT.unsigned_abs())))?;
            turn += slice.share;
        }
        let whole = slices.iter().map(|slice| slice.value).sum::<f64>();
        let middle = SIDE * UNIT / 2;
        let style = (HPos::Center, VPos::Center);
        let places = if whole.abs() >= 1000.0 { 0 } else { 2 };
        canvas::words(
            area,
            &words::number(whole, places),
            (middle, middle - 6 * UNIT),
            20,
            TEXT,
            style,
        )?;
        canvas::words(area, "in total", (middle, middle + 14 * UNIT), 12, QUIET, style)?;
        Ok(Vec::new())
    })
}
