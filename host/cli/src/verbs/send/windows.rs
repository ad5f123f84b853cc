//! Windows: a program's name is the path that it was started by, so there has to be a launcher.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use portcullis_core::home::{Home, HomeLock, launcher};
use portcullis_core::names::HostName;
use tempfile::TempDir;

/// A throw-away home with the launcher in it. The host's own home is named by `PORTCULLIS_HOME`, so it takes nothing
/// from there but its name.
pub(in crate::verbs) struct Launcher {
    _folder: TempDir,
}

/// A command that starts the host by a launcher that is made for it: trying out a name must not leave anything behind.
pub(super) fn launch(
    program: &Path,
    _home: &Home,
    host_name: &HostName,
) -> Result<(Command, Launcher)> {
    let folder = tempfile::tempdir().context("cannot make a folder for a launcher")?;
    let home = Home::create(folder.path().join("home"))?;
    let lock = HomeLock::take(&home, "portcullis send", Duration::ZERO)?;
    let path = launcher::make(&lock, host_name, program)?;
    Ok((Command::new(path), Launcher { _folder: folder }))
}
