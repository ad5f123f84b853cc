//! `portcullis`: the program for people. It adds plugins and compiles them, routes origins to them, and acts as a
//! browser to try them out.
//!
//! The deciding choice: this program holds the compiler and everything else that `portcullis-host` must not, so that
//! the one which meets hostile messages stays small. It never runs a plugin itself: it starts the real
//! `portcullis-host` for that, as a browser would.

mod arguments;
mod browsers;
mod clock;
mod compiler;
mod environment;
mod exit;
mod hand_over;
mod installation;
mod output;
mod policy_file;
mod power;
mod progress;
mod project;
mod requests_table;
mod scratch;
mod secrets;
mod transcript;
mod verbs;

use std::process::ExitCode;

fn main() -> ExitCode {
    exit::code(verbs::run(
        std::env::args_os().collect(),
        &environment::Environment::read(),
    ))
}
