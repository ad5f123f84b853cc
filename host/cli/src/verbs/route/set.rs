//! `route set ORIGIN PLUGIN [--host-name NAME] [--when POINTER=VALUE]… --limit KEY=VALUE…`: the limits of a route.

use anyhow::Result;

use super::choice::Choice;
use super::limit::{self, Limit};
use crate::environment::Environment;
use crate::installation;
use crate::output::Output;
use crate::policy_file::{self, grants};

/// Sets limits of a route.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    route: Choice,
    /// A limit, for example `memory=256MiB`; without a value the policy's default holds again
    #[arg(long = "limit", value_name = "KEY=VALUE", required = true)]
    limits: Vec<Limit>,
}

pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<()> {
    let limits = limit::together(&arguments.limits)?;
    let home = environment.home()?;
    let lock = installation::lock(&home, "route set")?;
    let (text, policy) = policy_file::read(&home)?;
    let (place, route) = arguments.route.find(&policy, "route set", " --limit …")?;
    policy_file::save(&lock, &grants::with_limits(&text, place, &limits)?)?;
    let mut output = Output::new();
    for (key, value) in limits {
        let what = match value {
            Some(value) => format!("`{key}` is {value}"),
            None => format!("`{key}` is the default again"),
        };
        output.line(format!(
            "{what} for `{}` and `{}`",
            route.origin, route.plugin
        ))?;
    }
    Ok(())
}
