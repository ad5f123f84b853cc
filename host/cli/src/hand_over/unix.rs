//! Unix: the other program takes the place of this one.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use crate::exit::Internal;

/// Becomes `program`. This one's `name` is kept, since it may be the launcher's and tell the host name.
pub(super) fn become_program(
    program: &Path,
    name: Option<&OsStr>,
    further: &[OsString],
) -> anyhow::Error {
    let mut command = Command::new(program);
    if let Some(name) = name {
        command.arg0(name).args(further);
    }
    let error = command.exec();
    Internal(format!("cannot start `portcullis-host`: {error}")).into()
}
