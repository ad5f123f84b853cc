//! `remove NAME`: takes a plugin out. What it has stored stays, under its installation number.

use anyhow::{Result, bail};
use portcullis_core::home::lock::Lock;
use portcullis_core::home::store;
use portcullis_core::names::PluginName;

use crate::environment::Environment;
use crate::output::Output;
use crate::{installation, policy_file};

/// Removes a plugin.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The plugin
    name: PluginName,
}

pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<()> {
    let name = &arguments.name;
    let home = environment.home()?;
    let lock = installation::lock(&home, "remove")?;
    let mut list = Lock::load(&home)?;
    if list.find(name).is_none() {
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
    Ok(Output::new().line(format!("removed `{name}`"))?)
}
