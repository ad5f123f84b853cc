//! The picture of the report: four questions, each host a dot on a line of ratios.
//!
//! Dots and not bars, for the line is logarithmic, between hosts that are a hundred times apart, and a bar would have
//! to begin somewhere. Drawn in black on white, since a page may be light or dark.

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::modes::{Mode, memory, start, trip};
use crate::peers;
use crate::row::Row;

const WIDTH: u32 = 1000;

/// Of a line with one host.
const LINE: i32 = 20;

/// Above the lines of a panel, for its title, and below, for the scale.
const ABOVE: i32 = 44;
const BELOW: i32 = 40;

/// Left of the dots, for names; right of them, for the ratio in figures.
const LEFT: i32 = 190;
const RIGHT: i32 = 64;

const BLACK_INK: RGBColor = RGBColor(34, 34, 34);
const GREY_INK: RGBColor = RGBColor(190, 190, 190);
const OURS_INK: RGBColor = RGBColor(200, 60, 20);

/// One question: its heading, and hosts with their ratios.
struct Panel {
    title: &'static str,
    dots: Vec<(String, f64)>,
}

/// The picture as SVG, out of all rows of a run.
pub(crate) fn draw(rows: &[Row]) -> Result<String> {
    let panels = [
        panel(rows, "Start to first reply", Mode::Start, start::CASE),
        panel(
            rows,
            "Memory, each of 100 ports",
            Mode::Memory,
            &memory::ports(100),
        ),
        panel(
            rows,
            "Round trip of 64 bytes",
            Mode::Trip,
            &trip::pinned("64 B"),
        ),
        panel(
            rows,
            "Round trip of 1 MiB of small objects",
            Mode::Trip,
            &trip::pinned("1 MiB − 1"),
        ),
    ];
    let lines = |row: &[Panel]| -> Result<i32> {
        let most = row.iter().map(|panel| panel.dots.len()).max().unwrap_or(0);
        Ok(ABOVE + BELOW + LINE * i32::try_from(most)?)
    };
    let (above, below) = panels.split_at(2);
    let (upper, lower) = (lines(above)?, lines(below)?);
    let mut svg = String::new();
    {
        let size = (WIDTH, u32::try_from(upper + lower)?);
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let failed = |error| anyhow!("failed to draw: {error}");
        root.fill(&WHITE).map_err(failed)?;
        let (top, bottom) = root.split_vertically(upper);
        for (area, row) in [(top, above), (bottom, below)] {
            for (area, panel) in area.split_evenly((1, 2)).iter().zip(row) {
                draw_panel(area, panel).map_err(failed)?;
            }
        }
        root.present().map_err(failed)?;
    }
    svg.push('\n');
    Ok(svg)
}

fn panel(rows: &[Row], title: &'static str, mode: Mode, case: &str) -> Panel {
    let of_case = rows
        .iter()
        .filter(|row| row.mode == mode && row.case == case);
    let dots = of_case.filter_map(|row| Some((peers::title(&row.subject), row.ratio?)));
    let mut dots: Vec<_> = dots.collect();
    dots.sort_by(|(_, first), (_, second)| first.total_cmp(second));
    Panel { title, dots }
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), DrawingAreaErrorKind<<SVGBackend<'static> as DrawingBackend>::ErrorType>>;

fn text(size: i32, color: &RGBColor, side: HPos) -> TextStyle<'_> {
    let font = ("sans-serif", size).into_font();
    TextStyle::from(font)
        .color(color)
        .pos(Pos::new(side, VPos::Center))
}

fn draw_panel(area: &Area<'_>, panel: &Panel) -> Drawn {
    let scale = Scale::new(panel, i32::try_from(area.dim_in_pixel().0).unwrap_or(0));
    let count = i32::try_from(panel.dots.len()).unwrap_or(0);
    let bottom = ABOVE + count * LINE;
    area.draw_text(
        panel.title,
        &text(16, &BLACK_INK, HPos::Left),
        (12, ABOVE / 2),
    )?;
    for mark in scale.marks() {
        let at = scale.place(mark);
        let ink = if mark == 1.0 { BLACK_INK } else { GREY_INK };
        area.draw(&PathElement::new(vec![(at, ABOVE - 4), (at, bottom)], ink))?;
        area.draw_text(
            &format!("{mark} ×"),
            &text(12, &BLACK_INK, HPos::Center),
            (at, bottom + 12),
        )?;
    }
    for (line, (name, ratio)) in (0..).zip(&panel.dots) {
        let y = ABOVE + line * LINE + LINE / 2;
        let ink = if name.starts_with(peers::OUR_TITLE) {
            OURS_INK
        } else {
            BLACK_INK
        };
        area.draw_text(name, &text(13, &ink, HPos::Right), (LEFT - 10, y))?;
        let at = scale.place(*ratio);
        area.draw(&Circle::new((at, y), 5, ink.filled()))?;
        area.draw_text(&figure(*ratio), &text(12, &ink, HPos::Left), (at + 10, y))?;
    }
    Ok(())
}

/// Three digits at the most.
fn figure(ratio: f64) -> String {
    let places = match ratio {
        ratio if ratio < 10.0 => 2,
        ratio if ratio < 100.0 => 1,
        _ => 0,
    };
    format!("{ratio:.places$}")
}

/// From ratios to pixels.
struct Scale {
    least: f64,
    most: f64,
    width: f64,
}

impl Scale {
    fn new(panel: &Panel, width: i32) -> Self {
        let ratios = || panel.dots.iter().map(|(_, ratio)| *ratio);
        Self {
            least: ratios().fold(0.9, f64::min) * 0.9,
            most: ratios().fold(2.0, f64::max) * 1.1,
            width: f64::from((width - LEFT - RIGHT).max(1)),
        }
    }

    fn place(&self, ratio: f64) -> i32 {
        let part = (ratio / self.least).ln() / (self.most / self.least).ln();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a place in a picture is a small number"
        )]
        let place = (part * self.width).round() as i32;
        LEFT + place
    }

    /// The round ratios that are on the scale: all of 1, 2 and 5, or where these are too many, of 1.
    fn marks(&self) -> Vec<f64> {
        let tens = [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0];
        let factors: &[f64] = if self.most / self.least > 50.0 {
            &[1.0]
        } else {
            &[1.0, 2.0, 5.0]
        };
        let all = tens
            .iter()
            .flat_map(|ten| factors.iter().map(move |factor| ten * factor));
        all.filter(|mark| (self.least..=self.most).contains(mark))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{Measured, Unit, rows};
    use crate::setup::{OURS, REFERENCE};

    #[test]
    fn every_host_has_its_dot() {
        let mut ours = Measured::default();
        ours.values.push(90.0);
        let mut reference = Measured::default();
        reference.values.push(100.0);
        let measured = [(OURS, &ours), (REFERENCE, &reference)];
        let rows = rows(
            Mode::Start,
            start::CASE,
            Unit::Microseconds,
            REFERENCE,
            measured,
        );
        let svg = draw(&rows).expect("it can be drawn");
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(svg.contains("0.90") && svg.contains("1.00"), "{svg}");
    }
}
