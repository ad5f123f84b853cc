//! `route add|list|remove`: which plugin serves which extension.

mod add;
mod condition;
mod list;
mod remove;

use anyhow::Result;
use clap::Subcommand;

use crate::environment::Environment;

/// What to do with routes.
#[derive(Debug, Subcommand)]
pub(crate) enum Route {
    /// Lets an extension use a plugin
    Add(add::Arguments),
    /// Lists the routes of the policy
    List(list::Arguments),
    /// Takes a route out of the policy
    Remove(remove::Arguments),
}

pub(crate) fn run(route: Route, environment: &Environment) -> Result<()> {
    match route {
        Route::Add(arguments) => add::run(arguments, environment),
        Route::List(arguments) => list::run(&arguments, environment),
        Route::Remove(arguments) => remove::run(&arguments, environment),
    }
}
