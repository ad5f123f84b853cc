//! One file per verb, and the choice among them.

pub(crate) mod add;
pub(crate) mod bench;
pub(crate) mod build;
pub(crate) mod compile_artifact;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod enable;
pub(crate) mod grant;
pub(crate) mod inspect;
pub(crate) mod install;
pub(crate) mod list;
pub(crate) mod logs;
pub(crate) mod man;
pub(crate) mod new;
pub(crate) mod pack;
pub(crate) mod permissions;
pub(crate) mod policy;
pub(crate) mod rebuild;
pub(crate) mod register;
pub(crate) mod remove;
pub(crate) mod repl;
pub(crate) mod revoke;
pub(crate) mod route;
pub(crate) mod schema;
pub(crate) mod secret;
pub(crate) mod secret_broker;
pub(crate) mod send;
pub(crate) mod storage;
pub(crate) mod test;
pub(crate) mod uninstall;
pub(crate) mod unregister;
pub(crate) mod verify;

use std::ffi::OsString;

use anyhow::Result;
use portcullis_core::caller::Caller;

use crate::arguments::{Arguments, Verb};
use crate::environment::Environment;
use crate::hand_over::hand_over;

/// Does what `arguments`, the whole of argv, ask for.
pub(crate) fn run(arguments: Vec<OsString>, environment: &Environment) -> Result<()> {
    if arguments.get(1..).is_some_and(Caller::looks_like_a_browser) {
        return hand_over(&arguments);
    }
    match Arguments::read(arguments)?.verb {
        Verb::New(arguments) => new::run(&arguments),
        Verb::Build(arguments) => build::run(&arguments, environment),
        Verb::Test(arguments) => test::run(&arguments),
        Verb::Bench(arguments) => bench::run(&arguments, environment),
        Verb::Add(arguments) => add::run(arguments, environment),
        Verb::List(arguments) => list::run(&arguments, environment),
        Verb::Remove(arguments) => remove::run(&arguments, environment),
        Verb::Verify => verify::run(environment),
        Verb::Route(route) => route::run(route, environment),
        Verb::Grant(arguments) => grant::run(&arguments, environment),
        Verb::Revoke(arguments) => revoke::run(&arguments, environment),
        Verb::Permissions(permissions) => permissions::run(&permissions, environment),
        Verb::Pack(arguments) => pack::run(&arguments),
        Verb::Schema => schema::run(),
        Verb::Inspect(arguments) => inspect::run(&arguments),
        Verb::Send(arguments) => send::run(&arguments, environment),
        Verb::Repl(arguments) => repl::run(&arguments, environment),
        Verb::Storage(storage) => storage::run(storage, environment),
        Verb::Policy(policy) => policy::run(&policy, environment),
        Verb::Enable(arguments) => enable::run(&arguments, environment),
        Verb::Install(arguments) => install::run(&arguments, environment),
        Verb::Uninstall(arguments) => uninstall::run(&arguments, environment),
        Verb::Register(arguments) => register::run(arguments, environment),
        Verb::Unregister(arguments) => unregister::run(&arguments, environment),
        Verb::Doctor(arguments) => doctor::run(&arguments, environment),
        Verb::Logs(arguments) => logs::run(&arguments, environment),
        Verb::Secret(secret) => secret::run(&secret, environment),
        Verb::Completions(arguments) => completions::run(&arguments),
        Verb::Man(arguments) => man::run(&arguments),
        Verb::SecretBroker(arguments) => secret_broker::run(&arguments, environment),
        Verb::Rebuild(arguments) => rebuild::run(&arguments, environment),
        Verb::CompileArtifact(arguments) => compile_artifact::run(&arguments),
    }
}
