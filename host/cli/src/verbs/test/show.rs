//! The report: for people a line for each case, what went otherwise, and a table of what was used; or all of it as JSON.

use std::time::Duration;

use anyhow::Result;
use portcullis_core::names::misleads;
use serde_json::{Value, json};

use super::play::{Failure, Fault};
use super::{Outcome, Report, time};
use crate::output::Output;
use crate::transcript::Difference;
use crate::verbs::logs::line::Line;

/// The longest message that is shown in full, in characters.
const WIDEST: usize = 400;

/// The longest name of a case in the table, in characters: it stands in full above.
const WIDEST_NAME: usize = 24;

/// The limits that the table has, which is as wide as a screen. The others are in the JSON.
const SHOWN: [&str; 7] = [
    "init",
    "cpu-per-call",
    "wall-per-call",
    "memory",
    "storage",
    "storage-keys",
    "log-rate",
];

/// Prints the report. Returns how many cases have failed.
pub(super) fn report(files: &[Report], json: bool) -> Result<usize> {
    let all = files.iter().flat_map(|file| &file.cases);
    let failed = all.clone().filter(|case| case.has_failed()).count();
    let mut output = Output::new();
    if json {
        let report = json!({
            "passed": all.count() - failed,
            "failed": failed,
            "files": files.iter().map(file_as_json).collect::<Vec<_>>(),
        });
        output.line(report)?;
        return Ok(failed);
    }
    for file in files {
        output.line(printable(&file.path.to_string_lossy()))?;
        for case in &file.cases {
            show_case(&mut output, case)?;
        }
    }
    output.line("")?;
    let mut rows = vec![headings()];
    rows.extend(all.clone().map(row));
    rows.extend(all.clone().next().map(limits));
    output.table(&rows)?;
    output.line("")?;
    output.line(format!("{} passed, {failed} failed", all.count() - failed))?;
    Ok(failed)
}

fn headings() -> Vec<String> {
    let words = ["case", "time"].into_iter().chain(SHOWN);
    words.map(str::to_owned).collect()
}

fn row(case: &Outcome) -> Vec<String> {
    let mut row = vec![short(&case.name), shown(case.played.time)];
    row.extend(SHOWN.iter().map(|key| {
        let mut amounts = case.used.amounts.iter();
        let amount = amounts.find(|amount| amount.key == *key);
        amount.map_or_else(String::new, |amount| amount.shown())
    }));
    row
}

/// A case's name in its row.
fn short(name: &str) -> String {
    let name = printable(name);
    match name.char_indices().nth(WIDEST_NAME) {
        Some((at, _)) => format!("{}…", &name[..at]),
        None => name,
    }
}

/// The last row: how much there is of each.
fn limits(case: &Outcome) -> Vec<String> {
    let mut row = vec!["of".to_owned(), String::new()];
    row.extend(SHOWN.iter().map(|key| {
        let mut amounts = case.used.amounts.iter();
        let amount = amounts.find(|amount| amount.key == *key);
        amount.map_or_else(String::new, |amount| amount.limit_shown())
    }));
    row
}

fn shown(duration: Duration) -> String {
    time(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}

fn show_case(output: &mut Output, case: &Outcome) -> Result<()> {
    let word = if case.has_failed() { "FAIL" } else { "ok  " };
    output.line(format!("  {word}  {}", printable(&case.name)))?;
    for failure in &case.played.failures {
        show_failure(output, failure)?;
    }
    if !case.has_failed() {
        return Ok(());
    }
    for text in telling_lines(&case.log) {
        for (place, line) in text.lines().enumerate() {
            let before = if place == 0 { "log: " } else { "     " };
            output.line(format!("        {before}{}", printable(line)))?;
        }
    }
    Ok(())
}

fn show_failure(output: &mut Output, failure: &Failure) -> Result<()> {
    let Failure { line, sent, what } = failure;
    let mut lines = Vec::new();
    if let Some(sent) = sent {
        lines.push(format!("  > {}", one_line(sent)));
    }
    let title = match what {
        Fault::Differs { frame, difference } => {
            let Difference { at, expected, came } = difference;
            let word = |value: &Option<String>| match value {
                Some(value) => one_line(value),
                None => "nothing".to_owned(),
            };
            let is_part = !at.is_empty();
            if is_part {
                lines.push(format!("  < {}", one_line(&frame.shown())));
            }
            lines.push(format!("  - {}", word(expected)));
            lines.push(format!("  + {}", word(came)));
            if is_part {
                format!("another message came, which differs at `{}`", printable(at))
            } else {
                "another message came".to_owned()
            }
        }
        Fault::Missing { expected, waited } => {
            lines.push(format!("  - {}", one_line(expected)));
            match waited {
                Some(waited) => format!("no message came within {}", shown(*waited)),
                None => "no message came before the port ended".to_owned(),
            }
        }
        Fault::Unexpected { frame } => {
            lines.push(format!("  + {}", one_line(&frame.shown())));
            "a message came that is not expected".to_owned()
        }
        Fault::Host { how, words } => {
            lines.extend(words.lines().map(|line| format!("    {}", printable(line))));
            format!("portcullis-host: {how}")
        }
    };
    output.line(format!("        line {line}: {title}"))?;
    for line in lines {
        output.line(format!("        {line}"))?;
    }
    Ok(())
}

/// Text on one line, cut where it is long.
fn one_line(text: &str) -> String {
    let line = printable(&text.replace('\n', " "));
    match line.char_indices().nth(WIDEST) {
        Some((at, _)) => format!("{}… ({} bytes)", &line[..at], text.len()),
        None => line,
    }
}

/// Text that does nothing to a terminal.
fn printable(text: &str) -> String {
    let safe = |character: char| {
        if misleads(character) {
            '\u{fffd}'
        } else {
            character
        }
    };
    text.chars().map(safe).collect()
}

/// What the log says of why something failed: the host's warnings and errors, whatever else it says of the plugin, and
/// the plugin's own words. A trap's many lines are one in the log.
fn telling_lines(log: &str) -> Vec<String> {
    let lines = log.lines().map(Line::read);
    let telling = lines.filter(|line| {
        let is_plugins = line.field("source").is_some();
        is_plugins || (line.level != "DEBUG" && line.field("plugin").is_some()) || is_alarm(line)
    });
    telling
        .map(|line| {
            let kind = line.field("kind").or(line.field("source"));
            let kind = kind.map(|kind| format!(" ({kind})")).unwrap_or_default();
            format!("{}{kind} {}", line.level, line.text.replace("\\n", "\n"))
        })
        .collect()
}

fn is_alarm(line: &Line<'_>) -> bool {
    matches!(line.level, "WARN" | "ERROR")
}

fn file_as_json(file: &Report) -> Value {
    json!({
        "file": file.path.display().to_string(),
        "cases": file.cases.iter().map(case_as_json).collect::<Vec<_>>(),
    })
}

fn case_as_json(case: &Outcome) -> Value {
    let log = if case.has_failed() {
        telling_lines(&case.log)
    } else {
        Vec::new()
    };
    json!({
        "name": case.name,
        "line": case.line,
        "passed": !case.has_failed(),
        "microseconds": u64::try_from(case.played.time.as_micros()).unwrap_or(u64::MAX),
        "used": case.used.as_json(),
        "failures": case.played.failures.iter().map(failure_as_json).collect::<Vec<_>>(),
        "log": log,
    })
}

fn failure_as_json(failure: &Failure) -> Value {
    let Failure { line, sent, what } = failure;
    let details = match what {
        Fault::Differs { frame, difference } => {
            let Difference { at, expected, came } = difference;
            json!({
                "kind": "differs", "at": at, "expected": expected, "came": came, "message": frame.json.to_string(),
            })
        }
        Fault::Missing { expected, waited } => {
            json!({ "kind": "missing", "expected": expected, "ended": waited.is_none() })
        }
        Fault::Unexpected { frame } => {
            json!({ "kind": "unexpected", "message": frame.json.to_string() })
        }
        Fault::Host { how, words } => json!({ "kind": "host", "how": how, "words": words }),
    };
    let mut failure = json!({ "line": line, "sent": sent });
    if let (Some(all), Value::Object(details)) = (failure.as_object_mut(), details) {
        all.extend(details);
    }
    failure
}
