//! Linux: no new privileges, resource limits, Landlock, seccomp, in this order.
//!
//! Landlock goes before seccomp because it needs system calls that nothing else does, and both after
//! `no_new_privs`, without which an ordinary user may use neither.

mod filesystem;
mod syscalls;

use rustix::io::Errno;
use rustix::process::DumpableBehavior;

use super::{Layers, Needs, resources};

pub(super) fn confine(needs: &Needs<'_>, layers: &mut Layers) {
    layers.record(
        "no-new-privileges",
        said(rustix::thread::set_no_new_privs(true)),
    );
    // Another process of the same user could otherwise read this one's memory, or attach to it.
    let hidden = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
    layers.record("not-dumpable", said(hidden));
    layers.record("resource-limits", resources::limit(needs));
    layers.record("landlock", filesystem::restrict(needs));
    layers.record("seccomp", syscalls::restrict(needs));
}

fn said(result: Result<(), Errno>) -> Result<(), String> {
    result.map_err(|error| error.to_string())
}
