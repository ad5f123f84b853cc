//! `route add|list|set|remove`: which plugin serves which extension.

mod add;
mod choice;
mod condition;
mod limit;
mod list;
mod remove;
mod set;

pub(crate) use add::{Routed, routed};
pub(crate) use choice::Choice;

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
    /// Sets limits of a route
    #[command(visible_alias = "edit")]
    Set(set::Arguments),
    /// Takes a route out of the policy
    Remove(remove::Arguments),
}

pub(crate) fn run(route: Route, environment: &Environment) -> Result<()> {
    match route {
        Route::Add(arguments) => add::run(arguments, environment),
        Route::List(arguments) => list::run(&arguments, environment),
        Route::Set(arguments) => set::run(&arguments, environment),
        Route::Remove(arguments) => remove::run(&arguments, environment),
    }
}
