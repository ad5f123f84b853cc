//! Linux: no new privileges, resource limits, Landlock, seccomp, in this order.
//!
//! Landlock goes before seccomp because it needs system calls that nothing else does, and both after
//! `no_new_privs`, without which an ordinary user may use neither.

mod filesystem;
mod syscalls;

use rustix::io::Errno;
use rustix::process::{DumpableBehavior, Resource, Rlimit};

use super::{Layers, Needs};

/// Descriptors that the process may have open at a time. It has some ten, and each preopen of a plugin is one more.
const OPEN_FILES: u64 = 256;

/// The largest file that the process may write, in bytes. The log is rotated at 4 MiB; nothing else is written.
const FILE_SIZE: u64 = 64 * 1024 * 1024;

pub(super) fn confine(needs: &Needs<'_>, layers: &mut Layers) {
    layers.record(
        "no-new-privileges",
        said(rustix::thread::set_no_new_privs(true)),
    );
    // Another process of the same user could otherwise read this one's memory, or attach to it.
    let hidden = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
    layers.record("not-dumpable", said(hidden));
    layers.record("resource-limits", limit_resources());
    layers.record("landlock", filesystem::restrict(needs));
    layers.record("seccomp", syscalls::restrict(needs));
}

/// Not address space, which wasmtime reserves by the gigabyte; nor processor time or processes, which add up over a
/// port's life or over all that the user runs.
fn limit_resources() -> Result<(), String> {
    for (resource, most) in [
        (Resource::Core, 0),
        (Resource::Nofile, OPEN_FILES),
        (Resource::Fsize, FILE_SIZE),
    ] {
        let now = rustix::process::getrlimit(resource);
        let most = now.maximum.map_or(most, |maximum| maximum.min(most));
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        said(rustix::process::setrlimit(resource, limit))?;
    }
    Ok(())
}

fn said(result: Result<(), Errno>) -> Result<(), String> {
    result.map_err(|error| error.to_string())
}
