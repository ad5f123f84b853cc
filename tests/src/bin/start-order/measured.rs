//! From a build with names to the list.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use portcullis_tests::{Home, ORIGIN, cargo, encode, guests, programs};

use crate::steps;
use crate::symbols::Symbols;

/// Where the list is, from the workspace on.
const LIST: &str = "host/runtime/start.order";

/// A little longer than the host waits before it keeps anything of a policy that has changed: what is listed is the
/// start of a home that is settled.
const SETTLED: Duration = Duration::from_millis(2500);

/// Measures, and writes the list.
pub(crate) fn write() -> Result<()> {
    cargo::show_progress();
    programs::profile_or("release");
    let home = Home::new();
    home.add("echo", &guests::echo());
    home.route(ORIGIN, "echo");
    thread::sleep(SETTLED);

    let program = programs::host_with_names();
    let order = cargo::root().join(LIST);
    // Once as ever, after which what the policy says for this extension is kept in the home.
    let plain = command(&program, &home)?.status()?;
    ensure!(plain.success(), "the host ended with {plain}");
    let symbols = Symbols::of(&program)?;
    let names = names(&program, &home, &symbols)?;
    fs::write(&order, text(&names)).with_context(|| format!("failed to write `{LIST}`"))?;
    let (count, bytes) = (names.len(), symbols.bytes(&names));
    writeln!(
        io::stdout().lock(),
        "{count} functions, {bytes} bytes, are needed for a start: {LIST}"
    )?;
    Ok(())
}

/// The functions, each once, by their first instruction.
fn names<'a>(program: &Path, home: &Home, symbols: &'a Symbols) -> Result<Vec<&'a str>> {
    let mut seen = HashSet::new();
    let mut names = Vec::new();
    let mut last = 0..0;
    let ended = steps::each(command(program, home)?, program, |address| {
        // Most steps stay within a function.
        if last.contains(&address) {
            return;
        }
        if let Some((extent, name)) = symbols.at(address) {
            last = extent;
            if seen.insert(name) {
                names.push(name);
            }
        }
    })?;
    ensure!(
        ended == 0,
        "the host ended with {ended} when it was watched"
    );
    Ok(names)
}

/// The host as a browser starts it, with one message in its input and the end after it.
fn command(program: &Path, home: &Home) -> Result<Command> {
    let input = home.beside().join("input");
    fs::write(&input, encode("\"ping\""))?;
    let output: PathBuf = home.beside().join("output");
    let mut command = Command::new(program);
    command
        .arg(ORIGIN)
        .env("PORTCULLIS_HOME", home.path())
        .env_remove("PORTCULLIS_LOG")
        .stdin(fs::File::open(&input)?)
        .stdout(fs::File::create(&output)?)
        .stderr(Stdio::null());
    Ok(command)
}

fn text(names: &[&str]) -> String {
    let mut text = names.join("\n");
    text.push('\n');
    text
}
