//! `policy check`: whether the policy holds together, and whether the plugins and folders in it are there. `policy
//! explain`: what it allows.

mod explain;
mod folders;

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use clap::Subcommand;
use portcullis_core::home::forbidden::Forbidden;
use portcullis_core::home::lock::Lock;
use portcullis_core::home::machine_wide;

use crate::environment::Environment;
use crate::output::Output;
use crate::policy_file;

/// What to do with the policy.
#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Checks `policy.toml` and `plugins.lock`
    Check,
    /// Says whether something would be allowed, and which line of which file says so
    Explain(explain::Arguments),
}

pub(crate) fn run(policy: &Policy, environment: &Environment) -> Result<()> {
    match policy {
        Policy::Check => check(environment),
        Policy::Explain(arguments) => explain::run(arguments, environment),
    }
}

fn check(environment: &Environment) -> Result<()> {
    let mut output = Output::new();
    // Without this one nobody is served, whatever stands in the user's.
    machine_wide::load(&machine_wide::file()?)?;
    let Some(home) = environment.home_if_any()? else {
        let path = environment.home_path()?;
        return Ok(output.line(format!(
            "there is no policy: no home at `{}`",
            path.display()
        ))?);
    };
    let (_, policy) = policy_file::read(&home)?;
    let list = Lock::load(&home)?;
    let path = home.policy_file();
    let at = |line: usize, problem: &str| format!("{}:{line}:1: {problem}", path.display());
    let mut problems = Vec::new();
    for route in policy.routes() {
        let plugin = &route.plugin;
        if list.find(plugin).is_none() {
            let problem = format!(
                "the plugin `{plugin}` is not installed: add it with `portcullis add FILE.wasm --name {plugin}`, \
                 or remove the route"
            );
            problems.push(at(route.line, &problem));
        }
        if route.grant.folders.is_empty() {
            continue;
        }
        let forbidden = Forbidden::of(&home, environment.surroundings());
        if let Err((line, error)) = folders::check(&forbidden, route) {
            problems.push(at(line, &format!("{:#}", anyhow::Error::from(error))));
        }
    }
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    let routed: BTreeSet<_> = policy.routes().iter().map(|route| &route.plugin).collect();
    Ok(output.line(format!(
        "policy is valid: {}, {}",
        counted(policy.routes().len(), "route"),
        counted(routed.len(), "plugin")
    ))?)
}

fn counted(count: usize, word: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {word}{plural}")
}
