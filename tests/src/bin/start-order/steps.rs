//! A program, one instruction at a time.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use nix::sys::ptrace;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

/// Runs it to its end and says of each instruction where in `program` it is, counted from the start of the file's image.
/// What lies elsewhere (the guest, the kernel's page) is not told. Returns the exit code.
///
/// # Errors
///
/// Where it cannot be started or watched, or is ended by a signal.
pub(crate) fn each(
    mut command: Command,
    program: &Path,
    mut visit: impl FnMut(u64),
) -> Result<i32> {
    // SAFETY: between fork and exec this makes one system call and allocates nothing.
    unsafe { command.pre_exec(|| Ok(ptrace::traceme()?)) };
    let child = command
        .spawn()
        .with_context(|| format!("failed to start `{}`", program.display()))?;
    let process = Pid::from_raw(i32::try_from(child.id())?);
    let mut image = 0..0;
    let mut signal = None;
    loop {
        match waitpid(process, None).context("failed to wait for the host")? {
            WaitStatus::Stopped(_, Signal::SIGTRAP) => signal = None,
            // Ticks and the like are for the program.
            WaitStatus::Stopped(_, other) => signal = Some(other),
            WaitStatus::Exited(_, code) => return Ok(code),
            WaitStatus::Signaled(_, signal, _) => bail!("the host was ended by {signal}"),
            _ => {}
        }
        if image.is_empty() {
            image = image_of(process, program)?;
        }
        let at = ptrace::getregs(process)?.rip;
        if image.contains(&at) {
            visit(at - image.start);
        }
        ptrace::step(process, signal)?;
    }
}

/// Where the program lies in the memory of its process.
fn image_of(process: Pid, program: &Path) -> Result<std::ops::Range<u64>> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps"))?;
    let program = program
        .to_str()
        .context("the program's path is not UTF-8")?;
    let ranges = maps
        .lines()
        .filter(|line| line.ends_with(program))
        .filter_map(|line| {
            let (from, to) = line.split_once(' ')?.0.split_once('-')?;
            let number = |text| u64::from_str_radix(text, 16).ok();
            Some(number(from)?..number(to)?)
        });
    ranges
        .reduce(|all, one| all.start.min(one.start)..all.end.max(one.end))
        .context("the host is not in the memory of its own process")
}
