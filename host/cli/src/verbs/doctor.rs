//! `doctor [--json] [--fix] [--sandbox] [FILE.json…]`: what is wrong on this machine, in the words of the browser that
//! trips over it, with the place and the mend.
//!
//! The deciding choice: it does what a browser does, in that browser's order, up to the first thing that the browser
//! would object to. What it mends is what `register` would write again; a manifest that is not ours is only talked about.

mod files;
mod finding;
mod home;
mod hosts;
mod launcher;
mod mend;
mod programs;
mod routes;
mod second_line;
mod walk;

use std::path::PathBuf;

use anyhow::{Result, bail};
use portcullis_core::names::{HostName, PluginName};
use portcullis_core::policy::Policy;
use portcullis_sandbox::PROGRAM_VERSION;
use serde_json::json;

use crate::environment::Environment;
use crate::output::Output;
pub(crate) use finding::Findings;

/// Finds out what is wrong.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Manifests to look at, of whatever host, instead of the machine
    #[arg(value_name = "FILE.json")]
    files: Vec<PathBuf>,
    /// Mends what is ours
    #[arg(long, conflicts_with_all = ["files", "sandbox"])]
    fix: bool,
    /// Only checks the confinement by the operating system
    #[arg(long, conflicts_with = "files")]
    sandbox: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<()> {
    if arguments.sandbox {
        return second_line::show(arguments.json);
    }
    let mut mended = Vec::new();
    let findings = if arguments.files.is_empty() {
        let mut findings = examine(environment)?;
        if arguments.fix && !findings.fixes().is_empty() {
            mended = mend::all(&findings.fixes(), environment)?;
            // What was mended may have hidden something.
            findings = examine(environment)?;
        }
        findings
    } else {
        files::check(&arguments.files, environment)?
    };
    let mut output = Output::new();
    let broken = findings.broken();
    if arguments.json {
        output.line(serde_json::to_string_pretty(&json!({
            "version": PROGRAM_VERSION,
            "home": environment.home_path()?.display().to_string(),
            "broken": broken,
            "mended": mended,
            "findings": findings.as_json(),
        }))?)?;
    } else {
        for what in &mended {
            output.line(format!("mended: {what}"))?;
        }
        findings.print(&mut output)?;
    }
    drop(output);
    let fixable = findings.fixes().len();
    let hint = if fixable > 0 && !arguments.fix {
        "; `portcullis doctor --fix` mends what is ours"
    } else {
        ""
    };
    match broken {
        0 => Ok(()),
        1 => bail!("1 thing is broken{hint}"),
        count => bail!("{count} things are broken{hint}"),
    }
}

/// What there is to say of these hosts and of one plugin, and nothing else.
pub(crate) fn of_hosts(
    environment: &Environment,
    hosts: &[HostName],
    plugin: &PluginName,
) -> Result<Findings> {
    let mut findings = examine(environment)?;
    findings.keep_only(hosts, &format!("plugin `{plugin}`"));
    Ok(findings)
}

/// Looks at everything.
fn examine(environment: &Environment) -> Result<Findings> {
    let mut findings = Findings::default();
    programs::check(&mut findings);
    let home = home::check(environment, &mut findings)?;
    let policy = home
        .as_ref()
        .map_or_else(Policy::default, |home| home.policy.clone());
    hosts::check(environment, home.as_ref(), &mut findings)?;
    second_line::check(&policy, &mut findings);
    if let Some(home) = &home {
        home::check_log(&home.home, &mut findings);
    }
    Ok(findings)
}
