//! `route add ORIGIN PLUGIN [--host-name NAME] [--when POINTER=VALUE]… [--limit KEY=VALUE]…`: lets an extension use a plugin.

use std::path::Path;

use anyhow::{Result, bail};
use portcullis_core::caller::Origin;
use portcullis_core::home::lock::Lock;
use portcullis_core::names::{HostName, PluginName};
use portcullis_core::policy::Policy;

use super::condition::{self, Condition};
use super::limit::{self, Limit};
use crate::environment::Environment;
use crate::installation;
use crate::output::Output;
use crate::policy_file::{self, NewRoute, grants};

/// Lets an extension use a plugin.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// `chrome-extension://<id>/`, or the id of a Mozilla add-on
    origin: Origin,
    /// The plugin
    plugin: PluginName,
    /// Only where the extension asked for this host name
    #[arg(long, value_name = "NAME")]
    host_name: Option<HostName>,
    /// Only messages that have this value at this JSON pointer, for example `/type=note`
    #[arg(long, value_name = "POINTER=VALUE")]
    when: Vec<Condition>,
    /// A limit of this route, for example `memory=256MiB`
    #[arg(long = "limit", value_name = "KEY=VALUE")]
    limits: Vec<Limit>,
}

pub(crate) fn run(arguments: Arguments, environment: &Environment) -> Result<()> {
    let limits = limit::together(&arguments.limits)?;
    let new = NewRoute {
        origin: arguments.origin,
        host_name: arguments.host_name,
        when: condition::together(&arguments.when)?,
        plugin: arguments.plugin,
    };
    let home = environment.home()?;
    let lock = installation::lock(&home, "route add")?;
    let list = Lock::load(&home)?;
    if list.find(&new.plugin).is_none() {
        bail!("{}", installation::not_installed(&new.plugin, &list));
    }
    let (text, policy) = policy_file::read(&home)?;
    let (origin, plugin) = (&new.origin, &new.plugin);
    let mut output = Output::new();
    let mut text = match routed(&text, &policy, &home.policy_file(), &new)? {
        Routed::New(text) => text,
        Routed::Already(_) => {
            return Ok(output.line(format!("`{origin}` is already routed to `{plugin}`"))?);
        }
    };
    if !limits.is_empty() {
        // The new route is the last one.
        text = grants::with_limits(&text, policy.routes().len(), &limits)?;
    }
    policy_file::save(&lock, &text)?;
    Ok(output.line(format!("routed `{origin}` to `{plugin}`"))?)
}

/// What a new route does to a policy.
pub(crate) enum Routed {
    /// The text with the route as its last one.
    New(String),
    /// The route is there, at this place among the routes.
    Already(usize),
}

/// Adds a route to `text`, which is `policy` and was read from `file`; an error where a route with the same conditions
/// leads to another plugin.
pub(crate) fn routed(text: &str, policy: &Policy, file: &Path, new: &NewRoute) -> Result<Routed> {
    let mut routes = policy.routes().iter();
    let Some(place) = routes.position(|route| new.has_conditions_of(route)) else {
        return Ok(Routed::New(policy_file::with_route(text, new)?));
    };
    let there = &policy.routes()[place];
    if there.plugin == new.plugin {
        return Ok(Routed::Already(place));
    }
    bail!(
        "`{}` is already routed to `{}` (line {} of `{}`); to change that, first run\n  {}",
        new.origin,
        there.plugin,
        there.line,
        file.display(),
        policy_file::removal_command(there)
    )
}
