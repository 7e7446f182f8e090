//! A drawing as inline SVG: sizes, colours, marks.
//!
//! Every drawing is made for a few widths, of which the stylesheet shows the one that fits, so that its text is never shrunk. Colours are written as they are
//! on a light page; the stylesheet gives each of them its own value on a dark one.

use std::fmt::Write as _;

use askama::filters::{Escaper as _, Html};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Units of a drawing in a pixel of the stylesheet; a drawing has whole coordinates only.
pub(super) const UNIT: i32 = 4;

/// What is drawn on.
pub(super) type Area<'b> = DrawingArea<SVGBackend<'b>, Shift>;

/// Nothing can go wrong in memory, but the type says that it may.
pub(super) type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

pub(super) const TEXT: RGBColor = RGBColor(0x1a, 0x1f, 0x27);
pub(super) const QUIET: RGBColor = RGBColor(0x56, 0x5f, 0x6d);
pub(super) const LINE: RGBColor = RGBColor(0xe1, 0xe5, 0xea);
pub(super) const EDGE: RGBColor = RGBColor(0x86, 0x8f, 0x9d);
pub(super) const SURFACE: RGBColor = RGBColor(0xff, 0xff, 0xff);

/// Colours of series, which people tell apart whatever colours they see, each 3:1 against the ground; the last stands for all others.
pub(super) const SERIES: [RGBColor; 8] = [
    RGBColor(0x00, 0x6f, 0xb0),
    RGBColor(0xcc, 0x58, 0x00),
    RGBColor(0x00, 0x85, 0x60),
    RGBColor(0xa8, 0x4a, 0x86),
    RGBColor(0x7a, 0x63, 0x00),
    RGBColor(0x4b, 0x4e, 0xc4),
    RGBColor(0xb0, 0x24, 0x3c),
    RGBColor(0x76, 0x7f, 0x8c),
];

/// A width that a drawing is made for, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    /// The class that the stylesheet knows it by.
    pub(super) class: &'static str,
    pub(super) width: i32,
}

pub(super) const WIDE: Size = Size { class: "wide", width: 900 };
pub(super) const MIDDLE: Size = Size { class: "middle", width: 460 };
pub(super) const NARROW: Size = Size { class: "narrow", width: 312 };

/// A part of a drawing that says what it stands for when it is pointed at, in units.
#[derive(Debug)]
pub(super) struct Spot {
    pub(super) from: (i32, i32),
    pub(super) to: (i32, i32),
    pub(super) text: String,
}

/// Draws `width` by `height` pixels and gives the SVG, which `label` describes to those who do not see it.
pub(super) fn svg(
    size: Size,
    height: i32,
    label: &str,
    draw: impl FnOnce(&Area<'_>) -> Result<Vec<Spot>, DrawingAreaErrorKind<std::io::Error>>,
) -> String {
    let (width, height) = (size.width * UNIT, height * UNIT);
    let mut drawn = String::new();
    let extent = (width.unsigned_abs(), height.unsigned_abs());
    let area = SVGBackend::with_string(&mut drawn, extent).into_drawing_area();
    let spots = draw(&area).and_then(|spots| area.present().map(|()| spots));
    drop(area);
    let spots = spots.expect("a drawing is text put together in memory");
    // The element itself is written here, because the backend's has a fixed size and no name.
    let inside = drawn.split_once('>').map_or("", |(_, inside)| inside);
    let inside = inside.trim_end().strip_suffix("</svg>").unwrap_or_default();
    let mut text = format!(
        "<svg class=\"chart {}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\">{inside}",
        size.class,
        escaped(label),
    );
    for Spot { from, to, text: said } in spots {
        let _ = write!(
            text,
            "<rect class=\"spot\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{}</title></rect>",
            from.0,
            from.1,
            (to.0 - from.0).max(1),
            (to.1 - from.1).max(1),
            escaped(&said),
        );
    }
    text.push_str("</svg>");
    text
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    // Writing into memory cannot fail.
    let _ = Html.write_escaped_str(&mut escaped, text);
    escaped
}

/// Text of `pixels` height.
pub(super) fn words(
    area: &Area<'_>,
    text: &str,
    at: (i32, i32),
    pixels: i32,
    colour: RGBColor,
    (horizontal, vertical): (HPos, VPos),
) -> Drawn {
    // The backend writes text smaller by this factor than it is asked for.
    let size = f64::from(pixels * UNIT) * 1.24;
    let style = TextStyle::from(("sans-serif", size).into_font())
        .color(&colour)
        .pos(Pos::new(horizontal, vertical));
    area.draw(&Text::new(text.to_owned(), at, style))
}

/// Pixels that text takes, roughly and rather too many.
pub(super) fn width_of(text: &str, pixels: i32) -> i32 {
    let characters = i32::try_from(text.chars().count()).unwrap_or(i32::MAX / 1000);
    characters.saturating_mul(pixels) * 3 / 5
}

/// The mark of a series, of a shape of its own, centred on a point.
pub(super) fn mark(area: &Area<'_>, series: usize, (x, y): (i32, i32), radius: i32) -> Drawn {
    let fill = SERIES[series % SERIES.len()].filled();
    let r = radius;
    let corners: &[(i32, i32)] = match series % 6 {
        0 => return area.draw(&Circle::new((x, y), r, fill)),
        1 => &[(-1, -1), (1, -1), (1, 1), (-1, 1)],
        2 => &[(0, -1), (1, 1), (-1, 1)],
        3 => &[(0, -1), (1, 0), (0, 1), (-1, 0)],
        4 => &[(-1, -1), (1, -1), (0, 1)],
        _ => {
            return area.draw(&Rectangle::new(
                [(x - r / 2, y - r * 4 / 3), (x + r / 2, y + r * 4 / 3)],
                fill,
            ));
        }
    };
    let points: Vec<_> = corners.iter().map(|(dx, dy)| (x + dx * r, y + dy * r)).collect();
    area.draw(&Polygon::new(points, fill))
}

/// The mark of a series, for a legend.
pub(super) fn swatch(series: usize) -> String {
    small(|area, centre| mark(area, series, (centre, centre), 5 * UNIT))
}

/// A colour, for a legend whose entries say more than the colour.
pub(super) fn swatch_of_colour(colour: usize) -> String {
    small(|area, centre| {
        let (from, to) = (centre - 6 * UNIT, centre + 6 * UNIT);
        area.draw(&Rectangle::new([(from, from), (to, to)], SERIES[colour].filled()))
    })
}

fn small(draw: impl FnOnce(&Area<'_>, i32) -> Drawn) -> String {
    const SIDE: u32 = 64;
    let mut drawn = String::new();
    let area = SVGBackend::with_string(&mut drawn, (SIDE, SIDE)).into_drawing_area();
    let done = draw(&area, 32).and_then(|()| area.present());
    drop(area);
    done.expect("a drawing is text put together in memory");
    let inside = drawn.split_once('>').map_or("", |(_, inside)| inside);
    format!("<svg class=\"swatch\" viewBox=\"0 0 {SIDE} {SIDE}\" aria-hidden=\"true\">{inside}")
}
