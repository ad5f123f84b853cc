//! Unix: a program is told any name.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use portcullis_core::home::Home;
use portcullis_core::names::HostName;

/// Nothing has to be there.
pub(in crate::verbs) struct Launcher;

/// A command that starts the host under the path of its launcher, which need not be there: the host reads its own name.
pub(super) fn launch(
    program: &Path,
    home: &Home,
    host_name: &HostName,
) -> Result<(Command, Launcher)> {
    let mut command = Command::new(program);
    command.arg0(home.hosts().join(host_name.as_str()));
    Ok((command, Launcher))
}
