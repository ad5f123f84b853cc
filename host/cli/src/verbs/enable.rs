//! `enable ORIGIN PLUGIN`: lifts the quarantine of a plugin that has crashed too often for one extension.

use anyhow::Result;
use portcullis_core::caller::Origin;
use portcullis_core::home::crashes;
use portcullis_core::names::PluginName;

use crate::environment::Environment;
use crate::installation;
use crate::output::Output;

/// Lets a plugin be started again for an extension.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The extension: `chrome-extension://ID/` or a Mozilla add-on id
    origin: Origin,
    /// The plugin
    plugin: PluginName,
}

pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<()> {
    let Arguments { origin, plugin } = arguments;
    let home = environment.home()?;
    let lock = installation::lock(&home, "enable")?;
    let said = if crashes::lift(&lock, origin, plugin)? {
        format!(
            "`{plugin}` may be started again for `{origin}`; ports that are open notice when they are opened anew"
        )
    } else {
        format!("`{plugin}` was not in quarantine for `{origin}`")
    };
    Ok(Output::new().line(said)?)
}
