//! `list [--json]`: what is installed.

use anyhow::Result;
use portcullis_core::home::lock::{Installed, Lock};
use portcullis_core::names::escape;
use serde_json::json;

use crate::environment::Environment;
use crate::output::{Output, size};

/// Lists the installed plugins.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Prints JSON: an array with an object for each plugin
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<()> {
    let lock = match environment.home_if_any()? {
        Some(home) => Lock::load(&home)?,
        None => Lock::default(),
    };
    let mut output = Output::new();
    if arguments.json {
        let plugins: Vec<_> = lock.plugins().iter().map(as_json).collect();
        return Ok(output.line(serde_json::to_string_pretty(&plugins)?)?);
    }
    if lock.plugins().is_empty() {
        let home = environment.home_path()?;
        return Ok(output.line(format!("no plugins are installed in `{}`", home.display()))?);
    }
    let headings = ["NAME", "SIZE", "SHA256", "INSTALLED", "FROM"]
        .map(str::to_owned)
        .to_vec();
    let rows = lock.plugins().iter().map(as_row);
    Ok(output.table(&std::iter::once(headings).chain(rows).collect::<Vec<_>>())?)
}

fn as_row(plugin: &Installed) -> Vec<String> {
    /// Enough to tell plugins apart by eye.
    const DIGITS: usize = 12;
    vec![
        plugin.name.to_string(),
        size(plugin.size),
        plugin.digest.to_string()[..DIGITS].to_owned(),
        plugin.installed.as_str().to_owned(),
        escape(&plugin.source),
    ]
}

fn as_json(plugin: &Installed) -> serde_json::Value {
    json!({
        "name": plugin.name,
        "number": plugin.number,
        "source": plugin.source,
        "sha256": plugin.digest,
        "size": plugin.size,
        "installed": plugin.installed.as_str(),
        "artifact": {
            "file": plugin.artifact.file_name(&plugin.digest),
            "sha256": plugin.artifact.digest,
            "size": plugin.artifact.size,
        },
    })
}
