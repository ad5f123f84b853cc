//! Measures the host against other hosts, in one run and in random order: `cargo bench-report`.
//!
//! This program is the browser. It starts each host over pipes, speaks frames, and takes the time of what a browser
//! would wait for. Machines are noisy and differ, so nothing here is a verdict on a time: what is told of a host is
//! its ratio to a reference that was measured between the same two glances at the clock. The reference is a host
//! written by hand in Rust (`tests/peers/rust-echo`), where a target does not name another one.
//!
//! It asserts no time either, for a timed test fails on a busy machine and proves nothing on an idle one. What it does
//! insist on is that every reply is right and every process ends well.

#[cfg(target_os = "linux")]
mod arguments;
#[cfg(target_os = "linux")]
mod components;
#[cfg(target_os = "linux")]
mod machine;
#[cfg(target_os = "linux")]
mod message;
#[cfg(target_os = "linux")]
mod modes;
#[cfg(target_os = "linux")]
mod peers;
#[cfg(target_os = "linux")]
mod plot;
#[cfg(target_os = "linux")]
mod port;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod ratios;
#[cfg(target_os = "linux")]
mod report;
#[cfg(target_os = "linux")]
mod row;
#[cfg(target_os = "linux")]
mod setup;
#[cfg(target_os = "linux")]
mod statistics;
#[cfg(target_os = "linux")]
mod subject;
#[cfg(target_os = "linux")]
mod targets;

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    let outcome = arguments::run();
    #[cfg(not(target_os = "linux"))]
    let outcome = Err::<(), _>("the benchmarks read `/proc` and run on Linux alone");
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write as _;
            // With no stderr left there is nobody to tell, and the exit code still says it.
            let _ = writeln!(std::io::stderr().lock(), "benchmark: {error:#}");
            ExitCode::FAILURE
        }
    }
}
