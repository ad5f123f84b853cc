//! Unix: tied to the parent where the system can, hidden from other processes where it can.

use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;

use anyhow::{Result, bail};
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::exit::Internal;

/// Makes sure that this process does not outlive the port, even while a keyring holds it up. Where the system has no way
/// to ask for that, the end of the input does it.
pub(super) fn end_with(parent: u32) -> Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
        .map_err(|error| Internal(format!("cannot tie the broker to its port: {error}")))?;
    // The port may have ended before it could be asked for.
    let now = rustix::process::getppid().map(|now| now.as_raw_pid().unsigned_abs());
    if now != Some(parent) {
        bail!(Internal(
            "the port that asked for this has ended".to_owned()
        ));
    }
    Ok(())
}

/// Keeps what this process holds out of core dumps, and from other processes of this user that would attach to it.
pub(super) fn hide() -> io::Result<()> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none)?;
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// Both ends of the way to the port, without the buffers that the standard library puts around them: those would keep
/// copies of what passes.
pub(super) fn pipes() -> io::Result<(File, File)> {
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    Ok((input.into(), output.into()))
}
