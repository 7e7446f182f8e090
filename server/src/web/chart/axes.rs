//! Where values and places lie, and how an axis names them.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{self, Area, Drawn, EDGE, LINE, QUIET, Size, UNIT};
use super::data::Data;
use super::words;

/// Pixels of the text of axes.
pub(super) const SMALL: i32 = 12;

/// The range of an axis of values and its marks.
#[derive(Debug, PartialEq)]
pub(super) struct Scale {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) marks: Vec<f64>,
    step: f64,
}

impl Scale {
    /// A range of round numbers around these, with about `count` marks. `is_whole` keeps marks between whole numbers away.
    pub(super) fn around(low: f64, high: f64, count: u8, is_whole: bool) -> Self {
        let (low, high) = if low < high {
            (low, high)
        } else if low == 0.0 {
            (0.0, 1.0)
        } else {
            (low.min(0.0), high.max(0.0))
        };
        let rough = (high - low) / f64::from(count.max(1));
        let magnitude = 10_f64.powf(rough.log10().floor());
        let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|factor| factor * magnitude);
        let step = steps.into_iter().find(|step| *step >= rough * 0.999).unwrap_or(rough);
        let step = if is_whole { step.max(1.0) } else { step };
        let (first, last) = ((low / step).floor(), (high / step).ceil());
        let mut marks = Vec::new();
        let mut index = first;
        while index <= last && marks.len() < 20 {
            marks.push(index * step);
            index += 1.0;
        }
        Self { low: first * step, high: last * step, marks, step }
    }

    /// The words for a mark.
    pub(super) fn words(&self, mark: f64) -> String {
        words::mark(mark, self.step, self.high.abs().max(self.low.abs()))
    }
}

/// A field with places from left to right and values from bottom to top, in units.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) left: i32,
    pub(super) right: i32,
    pub(super) top: i32,
    pub(super) bottom: i32,
    scale: Scale,
    /// Where each place lies, from 0 to 1.
    positions: Vec<f64>,
}

impl Field {
    /// A field for `data`. Points of lines lie at their moment; bars have a stretch for each place.
    pub(super) fn new(
        data: &Data,
        size: Size,
        height: i32,
        scale: Scale,
        has_stretches: bool,
    ) -> Self {
        let widest =
            scale.marks.iter().map(|mark| canvas::width_of(&scale.words(*mark), SMALL)).max();
        let count = i32::try_from(data.places.len()).unwrap_or(i32::MAX);
        let positions = if has_stretches {
            (0..count).map(|index| (f64::from(index) + 0.5) / f64::from(count)).collect()
        } else {
            positions(data, count)
        };
        Self {
            left: (widest.unwrap_or_default() + 10) * UNIT,
            right: (size.width - 14) * UNIT,
            top: 10 * UNIT,
            bottom: (height - 26) * UNIT,
            scale,
            positions,
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a position within the drawing")]
    pub(super) fn x(&self, place: usize) -> i32 {
        let share = self.positions.get(place).copied().unwrap_or_default();
        self.left + (share * f64::from(self.right - self.left)).round() as i32
    }

    #[expect(clippy::cast_possible_truncation, reason = "a position within the drawing")]
    pub(super) fn y(&self, value: f64) -> i32 {
        let share = (value - self.scale.low) / (self.scale.high - self.scale.low);
        self.bottom - (share * f64::from(self.bottom - self.top)).round() as i32
    }

    /// The line that areas and bars stand on.
    pub(super) fn base(&self) -> i32 {
        self.y(0.0_f64.clamp(self.scale.low, self.scale.high))
    }

    /// Draws the lines across, their words, and the names of places that find room.
    pub(super) fn draw(&self, area: &Area<'_>, data: &Data) -> Drawn {
        for &mark in &self.scale.marks {
            let y = self.y(mark);
            let colour = if y == self.base() { EDGE } else { LINE };
            area.draw(&PathElement::new(
                vec![(self.left, y), (self.right, y)],
                colour.stroke_width(4),
            ))?;
            let at = (self.left - 6 * UNIT, y);
            canvas::words(
                area,
                &self.scale.words(mark),
                at,
                SMALL,
                QUIET,
                (HPos::Right, VPos::Center),
            )?;
        }
        self.name_places(area, data)
    }

    fn name_places(&self, area: &Area<'_>, data: &Data) -> Drawn {
        let names: Vec<String> =
            names(data).into_iter().map(|name| words::short(&name, 14)).collect();
        let widest = names.iter().map(|name| canvas::width_of(name, SMALL)).max().unwrap_or(0);
        let (gap, half) = ((widest + 12) * UNIT, widest * UNIT / 2);
        let mut free = 0;
        let mut before: Option<&str> = None;
        for (place, name) in names.iter().enumerate() {
            // A name at the edge is moved inwards.
            let x = self.x(place).clamp(half, (self.right + 12 * UNIT - half).max(half));
            if x - half < free || before == Some(name) {
                continue;
            }
            canvas::words(
                area,
                name,
                (x, self.bottom + 8 * UNIT),
                SMALL,
                QUIET,
                (HPos::Center, VPos::Top),
            )?;
            free = x - half + gap;
            before = Some(name);
        }
        Ok(())
    }
}

/// Where points lie: at their moments, otherwise one after the other.
#[expect(clippy::cast_precision_loss, reason = "seconds of a calendar are far below 2^53")]
fn positions(data: &Data, count: i32) -> Vec<f64> {
    let even = || -> Vec<f64> {
        let last = f64::from((count - 1).max(1));
        let middle = if count == 1 { 0.5 } else { 0.0 };
        (0..count).map(|index| f64::from(index) / last + middle).collect()
    };
    if !data.is_time {
        return even();
    }
    let second = |index: usize| {
        let moment = data.places[index].moment?;
        let zoned = moment.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(zoned.timestamp().as_second() as f64)
    };
    let seconds: Option<Vec<f64>> = (0..data.places.len()).map(second).collect();
    let Some(seconds) = seconds else { return even() };
    let (Some(first), Some(last)) = (seconds.first(), seconds.last()) else { return even() };
    if last <= first {
        return even();
    }
    seconds.iter().map(|second| (second - first) / (last - first)).collect()
}

/// The names of places on an axis: moments as short as their span allows.
fn names(data: &Data) -> Vec<String> {
    let moments: Vec<_> = data.places.iter().filter_map(|place| place.moment).collect();
    let (Some(first), Some(last), true) = (moments.first(), moments.last(), data.is_time) else {
        return data.places.iter().map(|place| place.name.clone()).collect();
    };
    let days = first.until(*last).map_or(0, |span| span.get_days());
    let is_months = data.places.iter().all(|place| place.name.len() == 7);
    let is_days = data.places.iter().all(|place| place.name.len() <= 10);
    let format = match () {
        () if is_months || days > 400 => "%b %Y",
        () if is_days || days > 2 => "%-d %b",
        () => "%H:%M",
    };
    moments.iter().map(|moment| moment.strftime(format).to_string()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Scale;

    #[test]
    fn marks_are_round_numbers() {
        let marks = |low, high, whole| Scale::around(low, high, 4, whole).marks;
        assert_eq!(marks(0.0, 97.0, false), [0.0, 25.0, 50.0, 75.0, 100.0]);
        assert_eq!(marks(0.0, 2.0, true), [0.0, 1.0, 2.0]);
        assert_eq!(marks(5.0, 5.0, false), [0.0, 2.0, 4.0, 6.0]);
        assert_eq!(marks(-3.0, 4.0, false), [-4.0, -2.0, 0.0, 2.0, 4.0]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_value_lies_on_the_axis(low in -1e15..1e15_f64, span in 0.0..1e15_f64, whole: bool) {
            let scale = Scale::around(low, low + span, 4, whole);
            prop_assert!(scale.low < scale.high && scale.low <= low && scale.high >= low + span);
            prop_assert!((2..=20).contains(&scale.marks.len()));
        }
    }
}
