//! The committed ratios, and how a run compares with them.
//!
//! Ratios and not times: a machine may be twice as slow as another, and the ratio of two hosts on it stays nearly the
//! same. Nearly, so nothing fails on it: the check tells what has grown, and a person looks.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{fs, io};

use anyhow::{Context as _, Result};
use portcullis_tests::cargo;

use crate::row::Row;
use crate::targets::TARGETS;

/// How much larger than the committed one a ratio may be before it is named: a quarter. Quick runs on a machine that
/// others use move by up to a sixth; what is worth a look, a page parsed twice or a buffer copied once more, by half.
pub(crate) const TOLERANCE: f64 = 1.25;

/// What was measured of each target, by its key.
pub(crate) type Ratios = BTreeMap<String, f64>;

/// Of these rows, rounded to thousandths, since more is noise.
pub(crate) fn of(rows: &[Row]) -> Ratios {
    let measured = TARGETS.iter().filter_map(|target| {
        let value = target.measured(rows)?;
        Some((target.key.to_owned(), (value * 1000.0).round() / 1000.0))
    });
    measured.collect()
}

/// The committed ones; none before the first report.
pub(crate) fn committed() -> Result<Ratios> {
    let text = match fs::read_to_string(file()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Ratios::new()),
        text => text.with_context(|| format!("failed to read `{}`", shown()))?,
    };
    serde_json::from_str(&text).with_context(|| format!("`{}` is damaged", shown()))
}

/// Writes them to where the committed ones are.
pub(crate) fn write(ratios: &Ratios) -> Result<()> {
    let mut text = serde_json::to_string_pretty(ratios)?;
    text.push('\n');
    fs::write(file(), text).with_context(|| format!("failed to write `{}`", shown()))
}

/// What a person is told who wants to know whether something has grown.
pub(crate) fn comparison(before: &Ratios, now: &Ratios) -> String {
    let mut text = String::from("\n| Work | committed | now | |\n|---|---:|---:|---|\n");
    let mut grown = 0;
    for target in TARGETS {
        let (Some(&before), Some(&now)) = (before.get(target.key), now.get(target.key)) else {
            continue;
        };
        let word = if now > before * TOLERANCE {
            grown += 1;
            "**has grown**"
        } else {
            ""
        };
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {word} |",
            target.work,
            target.show(before),
            target.show(now)
        );
    }
    let percent = (TOLERANCE - 1.0) * 100.0;
    let _ = match grown {
        0 => writeln!(text, "\nNothing has grown by more than {percent:.0} %."),
        _ => writeln!(
            text,
            "\n{grown} of them grew by more than {percent:.0} %. Measure again on a quiet machine, by \
             `cargo bench-report`, before you believe it."
        ),
    };
    text
}

fn file() -> PathBuf {
    cargo::root().join(shown())
}

fn shown() -> &'static str {
    "tests/bench/ratios.json"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_grown_is_named_and_nothing_else() {
        let ratios = |start: f64, idle: f64| {
            Ratios::from([
                ("start".to_owned(), start),
                ("idle-wake-ups".to_owned(), idle),
            ])
        };
        let cases = [
            (ratios(1.0, 0.0), ratios(1.2, 0.0), 0),
            (ratios(1.0, 0.0), ratios(0.5, 0.0), 0),
            (ratios(1.0, 0.0), ratios(1.3, 0.0), 1),
            (ratios(1.0, 0.0), ratios(1.3, 1.0), 2),
            (ratios(1.0, 0.0), Ratios::new(), 0),
        ];
        for (before, now, expected) in cases {
            let text = comparison(&before, &now);
            assert_eq!(text.matches("**has grown**").count(), expected, "{text}");
        }
    }
}
