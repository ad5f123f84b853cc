//! Unix: limits of the process.

use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::{Result, bail};
use portcullis_sandbox::{Engine, Plugin, PluginFault};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{MOST_MEMORY, MOST_OUTPUT, MOST_SECONDS};
use crate::exit::Internal;

/// Limits every resource that a component can make the compiler use. Nobody can raise them again.
pub(super) fn take_limits() -> io::Result<()> {
    // The kernel kills at the maximum and only warns (with a signal that ends this process too) at the current limit.
    // The distance makes sure that it is the warning that is seen.
    limit(Resource::Cpu, MOST_SECONDS, MOST_SECONDS + 5)?;
    limit_memory()?;
    limit(Resource::Fsize, MOST_OUTPUT, MOST_OUTPUT)?;
    // What a component made the compiler keep in memory belongs into no file.
    limit(Resource::Core, 0, 0)
}

#[cfg(not(target_os = "macos"))]
fn limit_memory() -> io::Result<()> {
    limit(Resource::As, MOST_MEMORY, MOST_MEMORY)
}

/// Some releases of macOS refuse a limit below what they have reserved for every process, and others do not keep to it.
/// The limit on processor time and the parent's patience remain.
#[cfg(target_os = "macos")]
fn limit_memory() -> io::Result<()> {
    _ = limit(Resource::As, MOST_MEMORY, MOST_MEMORY);
    Ok(())
}

/// Makes sure that this process does not outlive the one that waits for it. Where the system has no way to ask for
/// that, the limits end it.
pub(super) fn end_with(parent: Option<u32>) -> Result<()> {
    let Some(parent) = parent else { return Ok(()) };
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
        .map_err(|error| Internal(format!("cannot tie the compiler to its parent: {error}")))?;
    // It may have ended before it could be asked for.
    let now = rustix::process::getppid().map(|now| now.as_raw_pid().unsigned_abs());
    if now != Some(parent) {
        bail!(Internal("whoever asked for this has ended".to_owned()));
    }
    Ok(())
}

/// Sets a limit, or leaves the stricter one that is there.
fn limit(resource: Resource, current: u64, maximum: u64) -> io::Result<()> {
    let before = getrlimit(resource);
    let stricter =
        |wanted: u64, there: Option<u64>| Some(there.map_or(wanted, |there| there.min(wanted)));
    setrlimit(
        resource,
        Rlimit {
            current: stricter(current, before.current),
            maximum: stricter(maximum, before.maximum),
        },
    )?;
    Ok(())
}

/// Loads what was just written, as the host will. Fails where it cannot be opened.
pub(super) fn load(engine: &Engine, path: &Path) -> io::Result<Result<Plugin, PluginFault>> {
    Ok(Plugin::load(engine, &File::open(path)?))
}
