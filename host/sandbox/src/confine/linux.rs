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
    if needs.randomness {
        open_randomness();
    }
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

/// Has the source of random numbers opened what it needs, which is a device where the C library is part of the program:
/// no `getrandom` is found by its name there.
fn open_randomness() {
    if let Err(error) = getrandom::fill(&mut [0]) {
        // Whoever asks for some is told then.
        tracing::warn!("the system gives no random numbers: {error}");
    }
}

fn said(result: Result<(), Errno>) -> Result<(), String> {
    result.map_err(|error| error.to_string())
}
