//! A measured line, and tables of such lines.

use std::fmt::Write as _;

use serde::Serialize;

use crate::modes::Mode;
use crate::statistics::{Samples, Summary};

/// What is counted in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum Unit {
    #[serde(rename = "us")]
    Microseconds,
    #[serde(rename = "KiB")]
    Kibibytes,
    #[serde(rename = "wake-ups")]
    WakeUps,
}

/// One subject in one case of one mode.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) mode: Mode,
    pub(crate) case: String,
    pub(crate) subject: String,
    pub(crate) unit: Unit,
    #[serde(flatten)]
    pub(crate) summary: Summary,
    /// Of the medians, to that of the case's reference.
    pub(crate) ratio: Option<f64>,
    /// Of the least values; where it is far from `ratio` the machine was busy.
    pub(crate) ratio_of_minima: Option<f64>,
    /// The median of the processor time for each message, or for each start, in microseconds.
    pub(crate) processor: Option<f64>,
    /// The median of the most memory that it had at once, in KiB.
    pub(crate) peak: Option<f64>,
}

/// What was measured of one subject.
#[derive(Debug, Default, Clone)]
pub(crate) struct Measured {
    pub(crate) values: Samples,
    pub(crate) processor: Samples,
    pub(crate) peak: Samples,
}

/// The rows of one case: subjects with what was measured of each, the one with the name `reference` being 1.
pub(crate) fn rows<'a>(
    mode: Mode,
    case: &str,
    unit: Unit,
    reference: &str,
    measured: impl IntoIterator<Item = (&'a str, &'a Measured)>,
) -> Vec<Row> {
    let summed: Vec<_> = measured
        .into_iter()
        .filter_map(|(name, measured)| Some((name, measured, measured.values.summary()?)))
        .collect();
    let base = summed.iter().find(|(name, ..)| *name == reference);
    let base = base.map(|&(_, _, summary)| summary);
    let row = |(name, measured, summary): &(&str, &Measured, Summary)| {
        let ratio = |value: f64, base: f64| (base > 0.0).then(|| value / base);
        Row {
            mode,
            case: case.to_owned(),
            subject: (*name).to_owned(),
            unit,
            summary: *summary,
            ratio: base.and_then(|base| ratio(summary.p50, base.p50)),
            ratio_of_minima: base.and_then(|base| ratio(summary.min, base.min)),
            processor: measured.processor.median(),
            peak: measured.peak.median(),
        }
    };
    summed.iter().map(row).collect()
}

/// The rows of one mode as a table in Markdown, a part for each case.
pub(crate) fn table(mode: Mode, rows: &[Row]) -> String {
    let mut text = format!("\n### {}\n", mode.title());
    let mut case = None;
    for row in rows {
        if case != Some(&row.case) {
            case = Some(&row.case);
            let unit = match row.unit {
                Unit::Microseconds => "µs",
                Unit::Kibibytes => "KiB",
                Unit::WakeUps => "wake-ups",
            };
            // Writing to a string cannot fail, here and below.
            let _ = write!(
                text,
                "\n{}, in {unit}:\n\n| | p50 | p90 | p99 | least | × | × of least | CPU, µs | peak, MiB |\n\
                 |---|---:|---:|---:|---:|---:|---:|---:|---:|\n",
                row.case
            );
        }
        let Summary {
            p50, p90, p99, min, ..
        } = row.summary;
        let places = usize::from(row.unit == Unit::Microseconds && p50 < 1000.0);
        let ratio = |ratio: Option<f64>| ratio.map_or(String::new(), |ratio| format!("{ratio:.2}"));
        let _ = writeln!(
            text,
            "| {} | {p50:.places$} | {p90:.places$} | {p99:.places$} | {min:.places$} | {} | {} | {} | {} |",
            row.subject,
            ratio(row.ratio),
            ratio(row.ratio_of_minima),
            row.processor
                .map_or(String::new(), |time| format!("{time:.1}")),
            row.peak
                .map_or(String::new(), |peak| format!("{:.1}", peak / 1024.0)),
        );
    }
    text
}
