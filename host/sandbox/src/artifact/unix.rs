//! Unix: wasmtime takes a path, and the one under which the system shows an open file always means that file.

use std::fs::File;
use std::os::fd::AsRawFd as _;

use wasmtime::component::Component;

use crate::engine::Engine;

/// Where an open file can be named.
const DESCRIPTORS: &str = if cfg!(target_os = "linux") {
    "/proc/self/fd"
} else {
    "/dev/fd"
};

pub(super) fn map(engine: &Engine, artifact: &File) -> wasmtime::Result<Component> {
    let path = format!("{DESCRIPTORS}/{}", artifact.as_raw_fd());
    // SAFETY: wasmtime asks that the file was made by `Engine::precompile_component` and does not change while it is
    // mapped. The caller vouches for the first: the artifact was written by our own `compile` into a folder that only
    // this user can write, and has been checked against the lock. For the second: artifacts are replaced by renaming a
    // new file over them, never written in place, and no grant can reach the folder.
    unsafe { Component::deserialize_file(&engine.inner, path) }
}
