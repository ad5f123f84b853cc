//! What may be typed: the verbs and their arguments.
//!
//! Only shapes, and values that have a checked type of their own. What they mean together is for each verb to say.

use clap::{Parser, Subcommand};

use crate::verbs::{
    add, compile_artifact, doctor, enable, inspect, list, policy, rebuild, remove, route, send,
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

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Stores a plugin and compiles it for this machine
    Add(add::Arguments),
    /// Lists the installed plugins
    List(list::Arguments),
    /// Removes a plugin; what it has stored stays
    Remove(remove::Arguments),
    /// Checks every installed plugin and its native code against their digests
    Verify,
    /// Adds, lists and removes routes: which plugin serves which extension
    #[command(subcommand)]
    Route(route::Route),
    /// Shows what a `.wasm` file is, without running or installing it
    Inspect(inspect::Arguments),
    /// Sends one message to the host as a browser would, and prints the answer
    Send(send::Arguments),
    /// Looks after `policy.toml`
    #[command(subcommand)]
    Policy(policy::Policy),
    /// Lets a plugin that has crashed too often be started again for an extension
    Enable(enable::Arguments),
    /// Finds out what is wrong on this machine
    Doctor(doctor::Arguments),
    /// Makes a plugin's native code again, where it needs to be
    #[command(hide = true)]
    Rebuild(rebuild::Arguments),
    /// Compiles one file within limits; started by `add` and `rebuild`
    #[command(hide = true)]
    CompileArtifact(compile_artifact::Arguments),
}
