//! The way to `portcullis-host`, and the start that was meant for it.

use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, anyhow};

use crate::exit::Internal;

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

/// Becomes `portcullis-host`, for somebody has registered the wrong one of the two programs with a browser. Its name
/// in `arguments` is kept, since it may be the launcher's and tell the host name. Returns only an error.
pub(crate) fn hand_over(arguments: &[OsString]) -> Result<()> {
    let mut command = Command::new(host_program()?);
    if let [name, further @ ..] = arguments {
        command.arg0(name).args(further);
    }
    let error = command.exec();
    Err(Internal(format!("cannot start `portcullis-host`: {error}")).into())
}
