//! What was typed, and what of it is done.

use std::io::{self, Write as _};
use std::time::Instant;

use anyhow::{Result, ensure};
use clap::{Parser, Subcommand};
use portcullis_tests::{cargo, programs};

use crate::modes::Mode;
use crate::peers::Company;
use crate::report::{self, Load};
use crate::row::{self, Row};
use crate::setup::{Effort, Setup};
use crate::{machine, ratios, targets};

/// Measures portcullis-host against other hosts, as a browser meets them.
///
/// The programs are built with cargo's release profile; `PORTCULLIS_TEST_PROFILE=dev` takes the debug build, whose
/// ratios mean nothing.
#[derive(Parser)]
#[command(name = "benchmark")]
struct Arguments {
    #[command(subcommand)]
    task: Option<Task>,

    /// Fewer rounds: for a look while working.
    #[arg(long)]
    quick: bool,

    /// Measures this alone; can be given more than once.
    #[arg(long, value_name = "MODE")]
    only: Vec<Mode>,

    /// The hosts to measure beside ours.
    #[arg(long, value_name = "WHICH", default_value = "targets")]
    peers: Company,

    /// Prints every row as one JSON value in place of tables.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Subcommand)]
enum Task {
    /// Measures everything against everybody, and writes the report, the picture, the ratios and the README's table.
    Report,
    /// Measures quickly what the committed ratios tell of, and says what has grown. Never fails on a number.
    Check,
}

/// Measures as the arguments say, and prints or writes.
pub(crate) fn run() -> Result<()> {
    let arguments = Arguments::parse();
    cargo::show_progress();
    programs::profile_or("release");
    match arguments.task {
        None => print(arguments),
        Some(Task::Report) => {
            let before = machine::load();
            let rows = measure(&Setup::new(Company::All, arguments.effort())?, Mode::all())?;
            let after = machine::load();
            report::write(&rows, &Load { before, after })?;
            write!(
                io::stdout().lock(),
                "{}\nThe report is {}.\n",
                targets::table(&rows),
                report::REPORT
            )?;
            Ok(())
        }
        Some(Task::Check) => {
            let committed = ratios::committed()?;
            ensure!(
                !committed.is_empty(),
                "no ratios are committed: run `cargo bench-report`"
            );
            let rows = measure(&Setup::new(Company::Reference, Effort::Quick)?, CHECKED)?;
            let comparison = ratios::comparison(&committed, &ratios::of(&rows));
            write!(io::stdout().lock(), "{comparison}")?;
            Ok(())
        }
    }
}

/// Everything that a target tells of and that needs no other peer than the reference.
const CHECKED: &[Mode] = &[
    Mode::Start,
    Mode::Trip,
    Mode::Inbound,
    Mode::Memory,
    Mode::Routes,
    Mode::Idle,
    Mode::Protections,
];

fn print(arguments: Arguments) -> Result<()> {
    let setup = Setup::new(arguments.peers, arguments.effort())?;
    let modes = match arguments.only.as_slice() {
        [] => Mode::all(),
        chosen => chosen,
    };
    let mut rows = Vec::new();
    for mode in modes {
        let of_mode = measure(&setup, &[*mode])?;
        if !arguments.json {
            write!(io::stdout().lock(), "{}", row::table(*mode, &of_mode))?;
        }
        rows.extend(of_mode);
    }
    let mut out = io::stdout().lock();
    if arguments.json {
        serde_json::to_writer(&mut out, &rows)?;
        writeln!(out)?;
        return Ok(());
    }
    writeln!(
        out,
        "{}\nLoad average {:.1}.",
        targets::table(&rows),
        machine::load()
    )?;
    Ok(())
}

fn measure(setup: &Setup, modes: &[Mode]) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for mode in modes {
        let began = Instant::now();
        let measured = mode.measure(setup)?;
        rows.extend(measured);
        progress(&format!(
            "measured: {} ({:.0?})",
            mode.title(),
            began.elapsed()
        ));
    }
    Ok(rows)
}

impl Arguments {
    fn effort(&self) -> Effort {
        if self.quick {
            Effort::Quick
        } else {
            Effort::Full
        }
    }
}

/// One line for whoever waits.
fn progress(line: &str) {
    // With no stderr left there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "{line}");
}
