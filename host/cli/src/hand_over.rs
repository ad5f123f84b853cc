//! The way to `portcullis-host`, and the start that was meant for it.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Result, anyhow};

use crate::exit::Internal;
#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

/// The `portcullis-host` beside this program: never one from a search path, which could be anybody's.
pub(crate) fn host_program() -> Result<PathBuf> {
    let here = env::current_exe()
        .map_err(|error| Internal(format!("cannot tell where this program is: {error}")))?;
    let host = here.with_file_name(format!("portcullis-host{}", env::consts::EXE_SUFFIX));
    if host.is_file() {
        return Ok(host);
    }
    Err(anyhow!(
        "there is no `portcullis-host` beside `{}`: put the two programs into one folder",
        here.display()
    ))
}

/// Becomes `portcullis-host`, for somebody has registered the wrong one of the two programs with a browser. Returns only
/// an error; on Windows one of them says how the other program has ended.
pub(crate) fn hand_over(arguments: &[OsString]) -> Result<()> {
    let (name, further) = match arguments {
        [name, further @ ..] => (Some(name), further),
        [] => (None, &[][..]),
    };
    Err(platform::become_program(
        &host_program()?,
        name.map(OsString::as_os_str),
        further,
    ))
}
