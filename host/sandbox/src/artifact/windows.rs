//! Windows: wasmtime takes a path, and the file is kept open in such a way that the path cannot come to mean another.
//!
//! Whoever checked the file has opened it without letting others write, move or remove it (`portcullis_core::home`), and
//! no folder above an open file can be renamed. wasmtime opens it once more under the same terms.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::windows::ffi::OsStringExt as _;
use std::os::windows::io::AsRawHandle as _;

use wasmtime::component::Component;
use windows_sys::Win32::Storage::FileSystem::{FILE_NAME_NORMALIZED, GetFinalPathNameByHandleW};

use crate::engine::Engine;

/// The longest path of the system, in its units, with the zero at the end.
const LONGEST_PATH: usize = 32_768;

pub(super) fn map(engine: &Engine, artifact: &File) -> wasmtime::Result<Component> {
    let path = path_of(artifact)?;
    // SAFETY: wasmtime asks that the file was made by `Engine::precompile_component` and does not change while it is
    // mapped. The caller vouches for the first: the artifact was written by our own `compile` into a folder that only
    // this user can write, and has been checked against the lock. For the second: neither the caller's open file nor
    // the mapping itself lets anybody write to it.
    unsafe { Component::deserialize_file(&engine.inner, path) }
}

/// Links a component that is still being written by the process that waits for this one, and so cannot be mapped.
#[cfg(feature = "compile")]
pub(super) fn copy(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the caller has just been given these bytes by `Engine::precompile_component`.
    unsafe { Component::deserialize(&engine.inner, code) }
}

/// The path by which the system knows an open file.
fn path_of(file: &File) -> io::Result<OsString> {
    let mut path = vec![0u16; LONGEST_PATH];
    let room = u32::try_from(path.len()).unwrap_or(0);
    // SAFETY: the handle is open, and the buffer has `room` units and lives for the call.
    let length = unsafe {
        let handle = file.as_raw_handle();
        GetFinalPathNameByHandleW(handle, path.as_mut_ptr(), room, FILE_NAME_NORMALIZED)
    };
    match usize::try_from(length) {
        Ok(length @ 1..LONGEST_PATH) => Ok(OsString::from_wide(&path[..length])),
        _ => Err(io::Error::last_os_error()),
    }
}
