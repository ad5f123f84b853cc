//! The report: everything that was measured, the targets, and the picture; and the part of the README that tells of it.
//!
//! One run writes all of it, so no number stands beside one of another day.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context as _, Result};
use portcullis_tests::{cargo, programs};

use crate::modes::Mode;
use crate::ratios::{self, Ratios};
use crate::row::{self, Row};
use crate::{machine, peers, plot, targets};

/// Where it is, from the folder of the workspace.
pub(crate) const REPORT: &str = "tests/bench/report.md";

const PLOT: &str = "tests/bench/plot.svg";

/// Between these two lines of the README is what a run writes.
const BEGIN: &str = "<!-- Written by `cargo bench-report`. -->";
const END: &str = "<!-- The end of what it writes. -->";

/// How busy the machine was, as the average number of processes that wanted to run.
pub(crate) struct Load {
    pub(crate) before: f64,
    pub(crate) after: f64,
}

/// Writes all the files.
pub(crate) fn write(rows: &[Row], load: &Load) -> Result<()> {
    let ratios = ratios::of(rows);
    fs::create_dir_all(cargo::root().join("tests/bench"))?;
    put(PLOT, &plot::draw(rows)?)?;
    put(REPORT, &report(rows, load)?)?;
    ratios::write(&ratios)?;
    let readme = read("README.md")?;
    put("README.md", &with_part(&readme, &readme_part(&ratios))?)
}

fn report(rows: &[Row], load: &Load) -> Result<String> {
    let mut text = format!(
        "# How fast Portcullis is\n\n\
         Written by `cargo bench-report` on {}. Do not edit: run it again.\n\n\
         Machine: {}. Load average {:.1} before and {:.1} after; above 1 or so p90 and p99 are mostly of \
         other programs.\n\n",
        machine::today(),
        machine::description(),
        load.before,
        load.after
    );
    for program in [programs::host(), programs::portcullis()] {
        let name = program.file_name().unwrap_or_default().display();
        let size = fs::metadata(program)?.len();
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(
            text,
            "* `{name}`: {}.{} MB",
            size / 1_000_000,
            size / 100_000 % 10
        );
    }
    text.push_str(
        "\nEverything is a ratio (×) to the host written by hand in Rust, in one run, with the hosts in a new order by \
         chance in each round. p50 is the median; *least* is the fastest of all, and where its ratio is far from that \
         of the medians the machine was busy. *CPU* is the processor time of one message or start, *peak* the most \
         resident memory. All protections are on unless a line says otherwise.\n\n## Targets\n",
    );
    text.push_str(&targets::table(rows));
    text.push_str("\n![Each host's ratio to the reference](plot.svg)\n\n## The hosts\n\n");
    text.push_str(&peers::list());
    text.push_str("\n## Everything that was measured\n");
    for mode in Mode::all() {
        let of_mode: Vec<Row> = rows
            .iter()
            .filter(|row| row.mode == *mode)
            .cloned()
            .collect();
        text.push_str(&row::table(*mode, &of_mode));
    }
    Ok(text)
}

/// What the README tells: the targets with what was measured; nothing where nothing was.
fn readme_part(ratios: &Ratios) -> String {
    if ratios.is_empty() {
        return String::new();
    }
    let measured = |key: &str| ratios.get(key).copied();
    format!(
        "\n![Each host's ratio to the reference]({PLOT})\n{}\n",
        targets::table_of(measured)
    )
}

fn with_part(readme: &str, part: &str) -> Result<String> {
    let missing =
        || format!("README.md has no place for the ratios, between `{BEGIN}` and `{END}`");
    let (before, rest) = readme.split_once(BEGIN).with_context(missing)?;
    let (_, after) = rest.split_once(END).with_context(missing)?;
    Ok(format!("{before}{BEGIN}\n{part}{END}{after}"))
}

fn read(name: &str) -> Result<String> {
    fs::read_to_string(cargo::root().join(name)).with_context(|| format!("failed to read `{name}`"))
}

fn put(name: &str, text: &str) -> Result<()> {
    fs::write(cargo::root().join(name), text).with_context(|| format!("failed to write `{name}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_tells_the_committed_ratios() {
        let readme = read("README.md").expect("there is a README");
        let ratios = ratios::committed().expect("ratios are committed");
        let written = with_part(&readme, &readme_part(&ratios)).expect("it has the place");
        assert!(
            readme == written,
            "README.md and tests/bench/ratios.json tell different ratios: run `cargo bench-report`"
        );
    }

    #[test]
    fn the_part_of_the_readme_is_replaced_and_nothing_else() {
        let readme = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let once = with_part(&readme, "new\n").expect("it has the place");
        assert_eq!(once, format!("a\n{BEGIN}\nnew\n{END}\nb\n"));
        assert_eq!(with_part(&once, "new\n").expect("it has the place"), once);
        assert!(with_part("no place", "new").is_err());
    }
}
