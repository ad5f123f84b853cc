//! One file per verb, and the choice among them.

pub(crate) mod add;
pub(crate) mod compile_artifact;
pub(crate) mod doctor;
pub(crate) mod enable;
pub(crate) mod inspect;
pub(crate) mod list;
pub(crate) mod policy;
pub(crate) mod rebuild;
pub(crate) mod remove;
pub(crate) mod route;
pub(crate) mod send;
pub(crate) mod verify;

use std::ffi::OsString;

use anyhow::Result;
use clap::Parser;
use portcullis_core::caller::Caller;

use crate::arguments::{Arguments, Verb};
use crate::environment::Environment;
use crate::hand_over::hand_over;

/// Does what `arguments`, the whole of argv, ask for.
pub(crate) fn run(arguments: Vec<OsString>, environment: &Environment) -> Result<()> {
    if arguments.get(1..).is_some_and(Caller::looks_like_a_browser) {
        return hand_over(&arguments);
    }
    match Arguments::try_parse_from(arguments)?.verb {
        Verb::Add(arguments) => add::run(arguments, environment),
        Verb::List(arguments) => list::run(&arguments, environment),
        Verb::Remove(arguments) => remove::run(&arguments, environment),
        Verb::Verify => verify::run(environment),
        Verb::Route(route) => route::run(route, environment),
        Verb::Inspect(arguments) => inspect::run(&arguments),
        Verb::Send(arguments) => send::run(&arguments, environment),
        Verb::Policy(policy) => policy::run(&policy, environment),
        Verb::Enable(arguments) => enable::run(&arguments, environment),
        Verb::Doctor(arguments) => doctor::run(&arguments),
        Verb::Rebuild(arguments) => rebuild::run(&arguments, environment),
        Verb::CompileArtifact(arguments) => compile_artifact::run(&arguments),
    }
}
