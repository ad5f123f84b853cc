//! What may be typed: the verbs and their arguments.
//!
//! Only shapes, and values that have a checked type of their own. What they mean together is for each verb to say.

mod examples;

use std::ffi::OsString;

use clap::{Command, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

pub(crate) use examples::HEADING;

use crate::verbs::{
    add, bench, build, compile_artifact, completions, doctor, enable, grant, inspect, install,
    list, logs, man, new, pack, permissions, policy, rebuild, register, remove, repl, revoke,
    route, secret, secret_broker, send, storage, test, uninstall, unregister,
};

/// Runs WebAssembly plugins for browser extensions, and lets them do nothing that the policy does not grant.
#[derive(Debug, Parser)]
#[command(
    name = "portcullis",
    version,
    arg_required_else_help = true,
    propagate_version = true
)]
#[command(
    after_help = "PORTCULLIS_HOME chooses the home folder. Exit codes: 0 done, 1 refused or to be mended, \
                        2 wrong usage, 4 internal error."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

impl Arguments {
    /// Reads the whole of argv.
    ///
    /// # Errors
    ///
    /// The usage, or the help or version that was asked for.
    pub(crate) fn read(words: Vec<OsString>) -> clap::error::Result<Self> {
        let mut command = examples::add_to(Self::command());
        let matches = command.try_get_matches_from_mut(words)?;
        Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
    }
}

/// The definitions with their examples, without the verbs that only programs use: for what is generated from them.
pub(crate) fn visible() -> Command {
    let whole = examples::add_to(Arguments::command());
    let verbs: Vec<Command> = whole
        .get_subcommands()
        .filter(|verb| !verb.is_hide_set())
        .cloned()
        .collect();
    // A verb cannot be taken out of a command, so the frame is made again.
    let mut visible = Command::new("portcullis")
        .version(env!("CARGO_PKG_VERSION"))
        .propagate_version(true)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(verbs);
    if let Some(about) = whole.get_about() {
        visible = visible.about(about.clone());
    }
    if let Some(after) = whole.get_after_help() {
        visible = visible.after_help(after.clone());
    }
    visible
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Does everything that it takes for an extension to use a plugin, or nothing of it
    Install(install::Arguments),
    /// Takes a plugin away, with everything that leads to it
    Uninstall(uninstall::Arguments),
    /// Begins a plugin: writes a project that builds and has a test
    New(new::Arguments),
    /// Builds a plugin's project, and packs what it asks for
    Build(build::Arguments),
    /// Plays a plugin's transcripts through the real host, and reports what each case has used of its limits
    Test(test::Arguments),
    /// Measures how long a plugin takes to answer: from the program's start, and on an open port
    Bench(bench::Arguments),
    /// Stores a plugin and compiles it for this machine
    Add(add::Arguments),
    /// Lists the installed plugins
    List(list::Arguments),
    /// Removes a plugin; what it has stored stays, unless `--purge` says otherwise
    Remove(remove::Arguments),
    /// Checks every installed plugin and its native code against their digests
    Verify,
    /// Adds, lists and removes routes: which plugin serves which extension
    #[command(subcommand)]
    Route(route::Route),
    /// Gives a plugin powers for one extension
    Grant(grant::Arguments),
    /// Takes powers of a plugin away, for one extension
    Revoke(revoke::Arguments),
    /// Shows what plugins ask for and have, and takes everything away
    #[command(subcommand)]
    Permissions(permissions::Permissions),
    /// Writes into a component what it asks for
    Pack(pack::Arguments),
    /// Prints the JSON schema of `policy.toml`, for editors
    Schema,
    /// Shows what a `.wasm` file is, without running or installing it
    Inspect(inspect::Arguments),
    /// Sends one message to the host as a browser would, and prints the answer
    Send(send::Arguments),
    /// Talks to the host as a browser would, message by message
    Repl(repl::Arguments),
    /// Looks at what a plugin keeps for an extension, and mends it
    #[command(subcommand)]
    Storage(storage::Storage),
    /// Looks after `policy.toml`
    #[command(subcommand)]
    Policy(policy::Policy),
    /// Lets a plugin that has crashed too often be started again for an extension
    Enable(enable::Arguments),
    /// Tells browsers of a host, so that extensions can connect to it
    Register(register::Arguments),
    /// Takes a host away from browsers again
    Unregister(unregister::Arguments),
    /// Finds out what is wrong on this machine
    Doctor(doctor::Arguments),
    /// Shows what the hosts have logged
    Logs(logs::Arguments),
    /// Sets, lists and deletes the secrets that plugins may be granted
    #[command(subcommand)]
    Secret(secret::Secret),
    /// Prints what a shell needs to complete this program's verbs and options
    Completions(completions::Arguments),
    /// Prints the manual page of this program, or writes those of all verbs
    Man(man::Arguments),
    /// Fetches the secrets of one port; started by `portcullis-host`
    #[command(hide = true)]
    SecretBroker(secret_broker::Arguments),
    /// Makes a plugin's native code again, where it needs to be
    #[command(hide = true)]
    Rebuild(rebuild::Arguments),
    /// Compiles one file within limits; started by `add` and `rebuild`
    #[command(hide = true)]
    CompileArtifact(compile_artifact::Arguments),
}
