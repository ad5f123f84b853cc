//! `permissions show [ORIGIN [PLUGIN]]` and `permissions reset ORIGIN PLUGIN`: what was asked for, what was granted, and
//! whether it holds for the installed build.

mod show;

use anyhow::{Result, bail};
use clap::Subcommand;
use portcullis_core::caller::Origin;
use portcullis_core::names::PluginName;

use crate::environment::Environment;
use crate::installation;
use crate::output::Output;
use crate::policy_file::{self, grants};

/// What to do with permissions.
#[derive(Debug, Subcommand)]
pub(crate) enum Permissions {
    /// Shows what plugins ask for and have
    Show(show::Arguments),
    /// Takes everything away that was granted, settings and approval too, on every route of the two
    Reset(Reset),
}

/// Takes everything away that was granted.
#[derive(Debug, clap::Args)]
pub(crate) struct Reset {
    /// `chrome-extension://<id>/`, or the id of a Mozilla add-on
    origin: Origin,
    /// The plugin
    plugin: PluginName,
}

pub(crate) fn run(permissions: &Permissions, environment: &Environment) -> Result<()> {
    match permissions {
        Permissions::Show(arguments) => show::run(arguments, environment),
        Permissions::Reset(arguments) => reset(arguments, environment),
    }
}

fn reset(arguments: &Reset, environment: &Environment) -> Result<()> {
    let Reset { origin, plugin } = arguments;
    let home = environment.home()?;
    let lock = installation::lock(&home, "permissions reset")?;
    let (mut text, policy) = policy_file::read(&home)?;
    let mut count = 0;
    for (place, route) in policy.routes().iter().enumerate() {
        if route.origin == *origin && route.plugin == *plugin {
            text = grants::without_any_grant(&text, place)?;
            count += 1;
        }
    }
    if count == 0 {
        bail!(
            "`{origin}` is not routed to `{plugin}`: `portcullis route list` shows what there is"
        );
    }
    policy_file::save(&lock, &text)?;
    Ok(Output::new().line(format!(
        "nothing is granted to `{plugin}` for `{origin}` any more"
    ))?)
}
