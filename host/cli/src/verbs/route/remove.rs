//! `route remove ORIGIN [PLUGIN] [--host-name NAME] [--when POINTER=VALUE]… [--all]`: takes a route out.
//!
//! What is left out is not compared, unless that leaves several: then a route with the plugin and exactly the
//! conditions that were typed is the one. Where there is none, nothing is removed: which one was meant decides what an
//! extension may do.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use portcullis_core::caller::Origin;
use portcullis_core::names::{HostName, PluginName};
use portcullis_core::policy::Route;
use portcullis_core::protocol::pointer::{Pointer, Scalar};

use super::condition::{self, Condition};
use crate::environment::Environment;
use crate::output::Output;
use crate::{installation, policy_file};

/// Takes a route out of the policy.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The extension
    origin: Origin,
    /// Only a route to this plugin
    plugin: Option<PluginName>,
    /// Only a route for this host name
    #[arg(long, value_name = "NAME")]
    host_name: Option<HostName>,
    /// Only a route with exactly these conditions
    #[arg(long, value_name = "POINTER=VALUE")]
    when: Vec<Condition>,
    /// Removes all routes that fit
    #[arg(long)]
    all: bool,
}

pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<()> {
    let when = condition::together(&arguments.when)?;
    let home = environment.home()?;
    let lock = installation::lock(&home, "route remove")?;
    let (mut text, policy) = policy_file::read(&home)?;
    let mut fitting: Vec<(usize, &Route)> = policy
        .routes()
        .iter()
        .enumerate()
        .filter(|(_, route)| fits(arguments, &when, route))
        .collect();
    if fitting.len() > 1
        && !arguments.all
        && let Some(exact) = fitting
            .iter()
            .position(|(_, route)| is_exactly(arguments, &when, route))
    {
        fitting = vec![fitting[exact]];
    }
    match fitting.len() {
        0 => bail!(
            "no route of `{}` fits: `portcullis route list` shows what there is",
            arguments.origin
        ),
        1 => {}
        _ if arguments.all => {}
        count => {
            let commands: Vec<String> = fitting
                .iter()
                .map(|(_, route)| format!("\n  {}", policy_file::removal_command(route)))
                .collect();
            bail!(
                "{count} routes fit: remove them all with `--all`, or one with{}",
                commands.concat()
            );
        }
    }
    // From the last one, so that the places of the others stay what they are.
    for (place, _) in fitting.iter().rev() {
        text = policy_file::without_route(&text, *place)?;
    }
    policy_file::save(&lock, &text)?;
    let mut output = Output::new();
    for (_, route) in fitting {
        output.line(format!(
            "`{}` is no longer routed to `{}`",
            route.origin, route.plugin
        ))?;
    }
    Ok(())
}

fn fits(arguments: &Arguments, when: &BTreeMap<Pointer, Scalar>, route: &Route) -> bool {
    route.origin == arguments.origin
        && arguments
            .plugin
            .as_ref()
            .is_none_or(|plugin| route.plugin == *plugin)
        && (arguments.host_name.is_none() || route.host_name == arguments.host_name)
        && (when.is_empty() || route.when == *when)
}

/// Whether the route is what was typed and nothing more. The policy has at most one such route.
fn is_exactly(arguments: &Arguments, when: &BTreeMap<Pointer, Scalar>, route: &Route) -> bool {
    arguments.plugin.as_ref() == Some(&route.plugin)
        && arguments.host_name == route.host_name
        && *when == route.when
}
