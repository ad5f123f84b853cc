//! Ahead-of-time code: loaded by memory map, and with feature `compile` made.
//!
//! Loading an artifact runs native code from a file. The decision that shaped this: the caller hands over an *open*
//! file that it has checked (owner, mode, no link, size and stamp against the lock; see `portcullis_core::home`), and
//! the very same file is mapped, so nothing can be put in its place in between. This module judges only whether the
//! code was made by this version for this machine; it never reads a path that it was given as text.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fs::File;

use wasmtime::component::Component;

use crate::engine::Engine;
#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

/// The version of the program, part of an artifact's name: another version's code is never even opened.
pub const PROGRAM_VERSION: &str = env!("CARGO_PKG_VERSION");

/// The machine that artifacts are made for, part of their name. Native code, so the architecture and the calling
/// convention of the system are what counts.
pub const TARGET: &str = if cfg!(all(target_arch = "x86_64", target_os = "linux")) {
    "x86_64-linux"
} else if cfg!(all(target_arch = "aarch64", target_os = "linux")) {
    "aarch64-linux"
} else if cfg!(all(target_arch = "x86_64", target_os = "macos")) {
    "x86_64-macos"
} else if cfg!(all(target_arch = "aarch64", target_os = "macos")) {
    "aarch64-macos"
} else if cfg!(all(target_arch = "x86_64", target_os = "windows")) {
    "x86_64-windows"
} else {
    "other"
};

/// Why an artifact cannot be used. Making it again may help.
#[derive(Debug, thiserror::Error)]
#[error("failed to load the ahead-of-time code: {detail}")]
pub struct LoadError {
    /// What wasmtime says of it. For the log: it may name a path.
    pub detail: String,
}

impl From<wasmtime::Error> for LoadError {
    fn from(error: wasmtime::Error) -> Self {
        Self {
            detail: format!("{error:#}"),
        }
    }
}

/// Maps the component in an open artifact.
pub(crate) fn load(engine: &Engine, artifact: &File) -> Result<Component, LoadError> {
    Ok(platform::map(engine, artifact)?)
}

/// Takes the component from bytes that [`compile`] has just given, where they cannot be mapped yet.
#[cfg(all(windows, feature = "compile"))]
pub(crate) fn load_copy(engine: &Engine, code: &[u8]) -> Result<Component, LoadError> {
    Ok(platform::copy(engine, code)?)
}

/// Why a component could not be compiled.
#[cfg(feature = "compile")]
#[derive(Debug, thiserror::Error)]
#[error("failed to compile the component: {0}")]
pub struct CompileError(String);

/// Compiles a component to the bytes of an artifact.
///
/// Takes seconds and hundreds of megabytes for a large component, and a hostile one may take any amount of either:
/// only ever call it in a process with limits of its own.
///
/// # Errors
///
/// [`CompileError`] with what is wrong with the component. Its text may hold names from the component: escape it.
#[cfg(feature = "compile")]
pub fn compile(component: &[u8]) -> Result<Vec<u8>, CompileError> {
    let failed = |error: wasmtime::Error| CompileError(format!("{error:#}"));
    let engine = wasmtime::Engine::new(&crate::engine::configuration()).map_err(failed)?;
    engine.precompile_component(component).map_err(failed)
}
