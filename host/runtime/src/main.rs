//! `portcullis-host`: the program that a browser starts, once for each port.
//!
//! It reads frames, asks the policy who serves them, runs that plugin in the sandbox and writes what it answers. It
//! parses no arguments for people but `--version`, installs nothing and holds no compiler: what an escaped plugin would
//! find here is little, and starting it takes little.

#![cfg_attr(all(target_os = "linux", target_env = "gnu", not(test)), no_main)]

mod answer;
mod channel;
mod crashes;
#[cfg(all(target_os = "linux", target_env = "gnu", not(test)))]
mod entry;
mod environment;
mod exit;
mod log;
#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
mod pages;
mod plugins;
mod port;
mod powers;
mod rebuild;
mod signals;
mod start;
mod version;
mod watchdog;

use exit::Exit;

#[cfg(not(all(target_os = "linux", target_env = "gnu", not(test))))]
fn main() -> std::process::ExitCode {
    run().code().into()
}

/// Does what the program was started for.
fn run() -> Exit {
    let arguments: Vec<_> = std::env::args_os().collect();
    if version::is_asked_for(&arguments) {
        return version::tell();
    }
    match start::run(&arguments, &environment::read(&arguments)) {
        Ok(exit) => exit,
        Err(error) => exit::report(&error),
    }
}
