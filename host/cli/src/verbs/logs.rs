//! `logs [-f] [--origin O] [--plugin P] [--json]`: what the hosts of this home have written in their log.
//!
//! The log is lines for people, and this reads them back: which extension's port a line is of stands in its span, which
//! plugin's among the fields at its end. A plugin can write whatever it likes in between, so nothing is ever taken from
//! there.

mod follow;
pub(super) mod line;

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use portcullis_core::caller::Origin;
use portcullis_core::home::Home;
use portcullis_core::names::{PluginName, escape};

use crate::environment::Environment;
use crate::output::Output;
use follow::Follower;
use line::Line;

/// Shows the log.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Goes on with what is written from now on, after the last lines that there are
    #[arg(short, long)]
    follow: bool,
    /// Only ports of this extension
    #[arg(long)]
    origin: Option<Origin>,
    /// Only lines about this plugin, or by it
    #[arg(long)]
    plugin: Option<PluginName>,
    /// Prints JSON: an object for each line
    #[arg(long)]
    json: bool,
}

/// How the files are called; a full one is called `portcullis.log.1`, an older one `.2`, and so on.
const FILE: &str = "portcullis.log";

/// How many of the lines that are there are shown before new ones are waited for.
const LINES_BEFORE: usize = 10;

pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<()> {
    let mut output = Output::new();
    let folder = match environment.home_if_any()? {
        Some(home) => home.logs(),
        None if arguments.follow => environment.home()?.logs(),
        None => environment.home_path()?.join("logs"),
    };
    let files = files_in(&folder);
    if !arguments.follow {
        if files.is_empty() && !arguments.json {
            return Ok(output.line(format!("nothing was logged yet in `{}`", folder.display()))?);
        }
        for file in files {
            let mut follower = Follower::at(file);
            while let Some(line) = follower.next_line()? {
                print(arguments, &line, &mut output)?;
            }
        }
        return Ok(());
    }
    let mut current = Follower::at(folder.join(FILE));
    let mut last = VecDeque::new();
    for file in files.into_iter().filter(|file| *file != folder.join(FILE)) {
        let mut older = Follower::at(file);
        while let Some(line) = older.next_line()? {
            keep(arguments, line, &mut last);
        }
    }
    while let Some(line) = current.next_line()? {
        keep(arguments, line, &mut last);
    }
    for line in last {
        print(arguments, &line, &mut output)?;
    }
    loop {
        let line = current.wait_for_line()?;
        print(arguments, &line, &mut output)?;
    }
}

/// The last `count` errors of this home's hosts, as they may be shown.
pub(super) fn last_errors(home: &Home, count: usize) -> Vec<String> {
    let mut last = VecDeque::new();
    for file in files_in(&home.logs()) {
        let mut follower = Follower::at(file);
        while let Ok(Some(text)) = follower.next_line() {
            let line = Line::read(&text);
            if line.level == "ERROR" {
                last.push_back(format!("{} {}", escape(line.time), escape(line.text)));
            }
            if last.len() > count {
                last.pop_front();
            }
        }
    }
    last.into()
}

/// The log's files, the oldest first.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let age = |path: &Path| -> Option<u32> {
        let name = path.file_name()?.to_str()?.strip_prefix(FILE)?;
        match name.strip_prefix('.') {
            None => name.is_empty().then_some(0),
            Some(number) => number.parse().ok(),
        }
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .filter_map(|entry| Some((age(&entry.path())?, entry.path())))
        .collect();
    files.sort_by(|one, other| other.cmp(one));
    files.into_iter().map(|(_, path)| path).collect()
}

fn keep(arguments: &Arguments, line: String, last: &mut VecDeque<String>) {
    if fits(arguments, &Line::read(&line)) {
        last.push_back(line);
        if last.len() > LINES_BEFORE {
            last.pop_front();
        }
    }
}

fn fits(arguments: &Arguments, line: &Line<'_>) -> bool {
    let is = |wanted: Option<&str>, found: Option<&str>| wanted.is_none() || wanted == found;
    is(
        arguments.origin.as_ref().map(Origin::as_str),
        line.port_field("origin"),
    ) && is(
        arguments.plugin.as_ref().map(PluginName::as_str),
        line.field("plugin"),
    )
}

fn print(arguments: &Arguments, text: &str, output: &mut Output) -> Result<()> {
    let line = Line::read(text);
    if !fits(arguments, &line) {
        return Ok(());
    }
    if arguments.json {
        return Ok(output.line(line.as_json())?);
    }
    // The host escapes what it writes; whatever else has got into the file must not move a cursor either.
    let safe: String = text
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    Ok(output.line(safe)?)
}
