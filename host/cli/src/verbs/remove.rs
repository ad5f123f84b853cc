//! `remove NAME [--purge]`: takes a plugin out. What it has stored stays, under its installation number, unless it is
//! purged: then everything goes that was ever kept under this name.

use anyhow::{Result, bail};
use portcullis_core::home::lock::Lock;
use portcullis_core::home::{data, store};
use portcullis_core::names::PluginName;

use crate::environment::Environment;
use crate::output::Output;
use crate::{installation, policy_file};

/// Removes a plugin.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The plugin
    name: PluginName,
    /// Deletes what it has kept, for every extension; also what a plugin of this name left that was removed before
    #[arg(long)]
    purge: bool,
}

pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<()> {
    let Arguments { name, purge } = arguments;
    let home = environment.home()?;
    let lock = installation::lock(&home, "remove")?;
    let mut list = Lock::load(&home)?;
    if list.find(name).is_none() {
        if *purge && let deleted @ 1.. = data::purge(&lock, name)? {
            return Ok(Output::new().line(purged(name, deleted))?);
        }
        bail!("{}", installation::not_installed(name, &list));
    }
    // A policy that cannot be read may route to it.
    let (_, policy) = policy_file::read(&home)?;
    let commands: Vec<String> = policy
        .routes()
        .iter()
        .filter(|route| route.plugin == *name)
        .map(|route| format!("\n  {}", policy_file::removal_command(route)))
        .collect();
    if !commands.is_empty() {
        bail!(
            "cannot remove `{name}`: the policy routes to it; first run{}",
            commands.concat()
        );
    }
    list.remove(name);
    list.save(&lock)?;
    store::sweep(&lock, &list);
    let mut output = Output::new();
    output.line(format!("removed `{name}`"))?;
    if *purge {
        let deleted = data::purge(&lock, name)?;
        output.line(purged(name, deleted))?;
    }
    Ok(())
}

pub(super) fn purged(name: &PluginName, deleted: usize) -> String {
    match deleted {
        0 => format!("`{name}` had kept nothing"),
        1 => format!("deleted what `{name}` had kept for one extension"),
        _ => format!("deleted what `{name}` had kept, {deleted} folders"),
    }
}
