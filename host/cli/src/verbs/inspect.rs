//! `inspect FILE.wasm [--json]`: what a file is, without running or installing it.
//!
//! Every name in it is its author's, and goes through `escape` in both forms of output.

use std::path::PathBuf;

use anyhow::{Context, Result};
use portcullis_sandbox::inspect::{Inspection, Item, Misfit, Mode, escape, inspect, misfits};
use serde_json::json;

use crate::output::{Output, size};
use crate::requests_table;
use crate::verbs::add;

/// Shows what a `.wasm` file is.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The component
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// The most imports, exports or functions that are listed. A person reads no more, and a file may have a million.
const MOST_LISTED: usize = 200;

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let file = arguments.file.display();
    let bytes = add::read(&arguments.file)?;
    let inspection = inspect(&bytes).with_context(|| format!("`{file}`"))?;
    let mut output = Output::new();
    if arguments.json {
        return Ok(output.line(serde_json::to_string_pretty(&as_json(&inspection))?)?);
    }
    let mode = inspection.mode.map_or("none", Mode::as_str);
    output.line(format!("mode     {mode}"))?;
    output.line(format!(
        "size     {} ({} bytes)",
        size(inspection.size),
        inspection.size
    ))?;
    output.line(format!("sha256   {}", inspection.digest))?;
    list(&mut output, "exports", &inspection.exports)?;
    list(&mut output, "imports", &inspection.imports)?;
    match &inspection.requests {
        None => output.line("requests  none: it does not say what it asks for")?,
        Some(requests) => {
            output.line("requests")?;
            requests_table::print(&mut output, requests)?;
            for misfit in misfits(&inspection, requests) {
                output.line(format!("  {misfit}"))?;
            }
        }
    }
    if inspection.refusals.is_empty() {
        return Ok(());
    }
    output.line("cannot be added, because it")?;
    for refusal in inspection.refusals.iter().take(MOST_LISTED) {
        output.line(format!("  {refusal}"))?;
    }
    if inspection.refusals.len() > MOST_LISTED {
        output.line(format!(" {}", more(inspection.refusals.len())))?;
    }
    Ok(())
}

fn list(output: &mut Output, title: &str, items: &[Item]) -> Result<()> {
    if items.is_empty() {
        return Ok(output.line(format!("{title}  none"))?);
    }
    output.line(title)?;
    for item in items.iter().take(MOST_LISTED) {
        let name = escape(&item.name);
        let functions: Vec<String> = item
            .functions
            .iter()
            .take(MOST_LISTED)
            .map(|function| escape(function))
            .collect();
        match functions.is_empty() {
            true => output.line(format!("  {name} ({})", item.kind.as_str()))?,
            false => {
                let rest = more(item.functions.len());
                output.line(format!("  {name}: {}{rest}", functions.join(", ")))?;
            }
        }
    }
    if items.len() > MOST_LISTED {
        output.line(format!(" {}", more(items.len())))?;
    }
    Ok(())
}

/// What is said of a list that was cut; nothing where it was not.
fn more(count: usize) -> String {
    match count.saturating_sub(MOST_LISTED) {
        0 => String::new(),
        rest => format!(" and {rest} more"),
    }
}

fn as_json(inspection: &Inspection) -> serde_json::Value {
    let items = |items: &[Item]| -> Vec<_> {
        items
            .iter()
            .map(|item| {
                let functions: Vec<_> = item.functions.iter().map(|name| escape(name)).collect();
                json!({
                    "name": escape(&item.name),
                    "kind": item.kind.as_str(),
                    "functions": functions,
                })
            })
            .collect()
    };
    let refusals: Vec<_> = inspection
        .refusals
        .iter()
        .map(ToString::to_string)
        .collect();
    let requests = inspection.requests.as_ref();
    let misfits = requests.map(|requests| misfits(inspection, requests));
    let misfits: Vec<_> = misfits.iter().flatten().map(Misfit::to_string).collect();
    json!({
        "mode": inspection.mode.map(Mode::as_str),
        "size": inspection.size,
        "sha256": inspection.digest,
        "exports": items(&inspection.exports),
        "imports": items(&inspection.imports),
        "requests": requests.map(requests_table::as_json),
        "misfits": misfits,
        "refusals": refusals,
    })
}
