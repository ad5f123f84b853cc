//! Measures a plugin of each language, made by `portcullis new` and built by `portcullis build`, and prints the table of
//! the README.
//!
//! `PORTCULLIS_TEST_PROFILE=release cargo run -p portcullis-tests --bin languages` for numbers that mean something. The
//! handler that answers `"ping"` is what every language has; it does next to nothing, so what is measured is the
//! language's own engine and the host around it.
//!
//! The deciding choice: medians of few rounds, since the artifact of a large language is compiled once and then only
//! mapped; what a first start after a boot costs, with nothing in the page cache, is not seen here.

use std::fs;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use portcullis_tests::languages::Project;
use portcullis_tests::{Browser, ORIGIN, programs};

/// The languages, as `--lang` takes them and as people write them.
const LANGUAGES: [(&str, &str); 5] = [
    ("rust", "Rust"),
    ("js", "JavaScript"),
    ("ts", "TypeScript"),
    ("python", "Python"),
    ("c", "C"),
];

/// Starts that are measured: enough for a median that a busy moment does not move.
const STARTS: usize = 21;

/// Round trips that are measured on one port, after as many that are not.
const ROUND_TRIPS: usize = 500;

const MESSAGE: &str = "\"ping\"";

pub(crate) fn print() -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(
        output,
        "| Language | Command | `.wasm` | Artifact | Start → first reply | Warm round trip |"
    )?;
    writeln!(output, "|---|---|---|---|---|---|")?;
    for (language, shown) in LANGUAGES {
        let project = built(language);
        let wasm = fs::metadata(project.component())?.len();
        writeln!(
            output,
            "| {shown} | `portcullis new NAME --lang {language}` | {} | {} | {:.1} ms | {:.0} µs |",
            size(wasm),
            size(project.artifact_size()),
            first_reply(&project).as_secs_f64() * 1e3,
            round_trip(&project).as_secs_f64() * 1e6,
        )?;
        output.flush()?;
    }
    writeln!(
        output,
        "\nMedians of {STARTS} starts and {ROUND_TRIPS} round trips, profile `{}`.",
        programs::profile()
    )
}

/// A project that is built, added and routed.
fn built(language: &str) -> Project {
    let project = Project::new(language, "handler");
    project.run(["build"]);
    project.run(["add", &format!("target/{}.wasm", project.name())]);
    project.run(["route", "add", ORIGIN, project.name()]);
    project
}

/// From starting the process to the first answer.
fn first_reply(project: &Project) -> Duration {
    median((0..STARTS).map(|_| {
        let start = Instant::now();
        let mut port = Browser::chromium(&project.home).start();
        port.ask(MESSAGE);
        start.elapsed()
    }))
}

/// From a message to its answer, on a port that has answered many.
fn round_trip(project: &Project) -> Duration {
    let mut port = Browser::chromium(&project.home).start();
    for _ in 0..ROUND_TRIPS {
        port.ask(MESSAGE);
    }
    median((0..ROUND_TRIPS).map(|_| {
        let start = Instant::now();
        port.ask(MESSAGE);
        start.elapsed()
    }))
}

fn median(times: impl Iterator<Item = Duration>) -> Duration {
    let mut times: Vec<Duration> = times.collect();
    times.sort();
    times[times.len() / 2]
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} KB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}
