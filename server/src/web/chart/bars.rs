//! Bars: upright over moments and numbers, lying under names, which have room there.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::axes::{Field, Scale};
use super::canvas::{self, Area, Drawn, EDGE, QUIET, SERIES, Size, Spot, TEXT, UNIT};
use super::data::{Data, Series};
use super::lines::said;
use super::words;

/// Most places that lying bars are drawn for.
pub(super) const MOST_PLACES: usize = 20;

/// Whether the bars of `data` stand.
pub(super) const fn stand(data: &Data) -> bool {
    data.is_time || data.is_number
}

pub(super) fn draw(data: &Data, size: Size, label: &str) -> String {
    if stand(data) { upright(data, size, label) } else { lying(data, size, label) }
}

fn upright(data: &Data, size: Size, label: &str) -> String {
    let height = if size == canvas::WIDE { 280 } else { 230 };
    let (low, high) = data.bounds();
    let scale = Scale::around(low.min(0.0), high.max(0.0), 4, data.is_whole());
    let field = Field::new(data, size, height, scale, true);
    let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX).max(1);
    let stretch = (field.right - field.left) / count(data.places.len());
    let group = (stretch * 3 / 4).clamp(1, 56 * UNIT * count(data.series.len()));
    let bar = (group / count(data.series.len())).max(1);
    canvas::svg(size, height, label, |area| {
        field.draw(area, data)?;
        let mut spots = Vec::new();
        for place in 0..data.places.len() {
            let left = field.x(place) - group / 2;
            for (index, series) in data.series.iter().enumerate() {
                let Some(value) = series.values[place] else { continue };
                let left = left + bar * count(index + 1) - bar;
                // A gap between neighbours, where there is room for one.
                let gap = if bar > 6 * UNIT && data.series.len() > 1 { UNIT } else { 0 };
                let (y, base) = (field.y(value), field.base());
                let corners = [(left, y.min(base)), (left + bar - gap, y.max(base))];
                area.draw(&Rectangle::new(corners, SERIES[index].filled()))?;
            }
            if data.places.len() <= 130 {
                let (from, to) = (field.x(place) - stretch / 2, field.x(place) + stretch / 2);
                let text = said(data, place);
                spots.push(Spot { from: (from, field.top), to: (to, field.bottom), text });
            }
        }
        Ok(spots)
    })
}

/// Pixels of a name, of a bar, and between places.
const NAME: i32 = 20;
const BAR: i32 = 12;
const BETWEEN: i32 = 12;

fn lying(data: &Data, size: Size, label: &str) -> String {
    let places = data.places.len().min(MOST_PLACES);
    let series = i32::try_from(data.series.len()).unwrap_or(1);
    let each = NAME + (BAR + 3) * series + BETWEEN;
    let height = each * i32::try_from(places).unwrap_or(1) - BETWEEN + 4;
    let (low, high) = data.bounds();
    let (low, high) = (low.min(0.0), high.max(0.0));
    let span = if high > low { high - low } else { 1.0 };
    let width = f64::from(size.width * UNIT);
    #[expect(clippy::cast_possible_truncation, reason = "a position within the drawing")]
    let x = |value: f64| ((value - low) / span * width).round() as i32;
    let figures = values(data, places);
    canvas::svg(size, height, label, |area| {
        let mut spots = Vec::new();
        for (place, figures) in figures.iter().enumerate() {
            let top = each * i32::try_from(place).unwrap_or(0) * UNIT;
            head(area, data, figures, place, size, top)?;
            for (index, series) in data.series.iter().enumerate() {
                let y = top + (NAME + (BAR + 3) * i32::try_from(index).unwrap_or(0)) * UNIT;
                let bottom = y + BAR * UNIT;
                let from = x(0.0);
                area.draw(&PathElement::new(
                    vec![(from, y), (from, bottom)],
                    EDGE.stroke_width(4),
                ))?;
                if let Some(value) = series.values[place] {
                    let (start, end) = (from.min(x(value)), from.max(x(value)));
                    let corners = [(start, y), (end, bottom)];
                    area.draw(&Rectangle::new(corners, SERIES[index].filled()))?;
                }
            }
            let bottom = top + (each - BETWEEN) * UNIT;
            spots.push(Spot {
                from: (0, top),
                to: (size.width * UNIT, bottom),
                text: said(data, place),
            });
        }
        Ok(spots)
    })
}

/// The values of each place in words.
fn values(data: &Data, places: usize) -> Vec<String> {
    let words = |series: &Series| {
        let known: Vec<f64> = series.values[..places].iter().copied().flatten().collect();
        let mut words = words::even(&known).into_iter();
        let word = |value: &Option<f64>| value.and_then(|_| words.next());
        let word = series.values[..places].iter().map(word);
        word.map(|word| word.unwrap_or_else(|| "–".to_owned())).collect::<Vec<_>>()
    };
    let series: Vec<_> = data.series.iter().map(words).collect();
    let joined = |place: usize| {
        series.iter().map(|words| words[place].as_str()).collect::<Vec<_>>().join(" · ")
    };
    (0..places).map(joined).collect()
}

/// The name of a place, and its values at the other end.
fn head(area: &Area<'_>, data: &Data, values: &str, place: usize, size: Size, top: i32) -> Drawn {
    let values = words::short(values, usize::try_from(size.width / 12).unwrap_or(20));
    let room = size.width - canvas::width_of(&values, 13) - 16;
    let most = usize::try_from(room * 5 / (13 * 3)).unwrap_or(4).max(4);
    let name = words::short(&data.places[place].name, most);
    let y = top + (NAME / 2 - 1) * UNIT;
    canvas::words(area, &name, (0, y), 13, TEXT, (HPos::Left, VPos::Center))?;
    let end = (size.width * UNIT, y);
    canvas::words(area, &values, end, 13, QUIET, (HPos::Right, VPos::Center))
}
