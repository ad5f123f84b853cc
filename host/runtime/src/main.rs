//! `portcullis-host`: the program that a browser starts, once for each port.
//!
//! It reads frames, asks the policy who serves them, runs that plugin in the sandbox and writes what it answers. It
//! parses no arguments for people, installs nothing and holds no compiler: what an escaped plugin would find here is
//! little, and starting it takes little.

mod answer;
mod channel;
mod crashes;
mod environment;
mod exit;
mod log;
mod plugins;
mod port;
mod powers;
mod rebuild;
mod signals;
mod start;
mod watchdog;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    match start::run(&arguments, &environment::read(&arguments)) {
        Ok(exit) => exit.code(),
        Err(error) => exit::report(&error),
    }
}
