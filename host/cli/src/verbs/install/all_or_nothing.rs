//! A change to the home and to browsers that is made as a whole, or taken back.
//!
//! What the files say is noted before and put back where a step fails. It does not outlive the process: what is left by
//! one that is killed half-way, `doctor` finds.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use portcullis_core::home::lock::Lock;
use portcullis_core::home::{HomeLock, store, write};
use portcullis_core::names::HostName;

use crate::browsers::Machine;
use crate::browsers::record::Record;
use crate::browsers::registration::Ground;
use crate::browsers::registration::before::Before;

/// Where a change happens: the machine, this user's ground on it, and the host that launchers lead to.
pub(crate) type Where<'a> = (&'a Machine, &'a Ground, &'a Path);

/// Makes `change`. Where it fails, the policy, the list of plugins, the record of hosts, and the launchers and manifests
/// of `hosts` are put back, and the error says so.
pub(crate) fn all_or_nothing(
    lock: &HomeLock,
    place: Where<'_>,
    hosts: &[HostName],
    change: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let (machine, ground, program) = place;
    let home = lock.home();
    let files = [home.policy_file(), home.lock_file(), Record::file(home)];
    let files = files.map(|path| read(&path).map(|bytes| (path, bytes)));
    let files: Vec<(PathBuf, Option<Vec<u8>>)> = files.into_iter().collect::<Result<_>>()?;
    let hosts = hosts.iter().map(|host| Before::of(machine, ground, host));
    let hosts: Vec<Before> = hosts.collect();
    let Err(error) = change() else {
        return Ok(());
    };
    // All of it is tried, whatever becomes of the rest.
    let restored = hosts.iter();
    let restored = restored.map(|before| before.restore(machine, lock, program));
    let restored: Vec<Result<()>> = restored.chain([put_back(lock, &files)]).collect();
    let restored: Result<()> = restored.into_iter().collect();
    Err(match restored {
        Ok(()) => error.context("nothing was changed"),
        Err(undoing) => error.context(format!(
            "not everything could be put back ({undoing:#}); `portcullis doctor` shows what is left"
        )),
    })
}

fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read `{}`", path.display())),
    }
}

fn put_back(lock: &HomeLock, files: &[(PathBuf, Option<Vec<u8>>)]) -> Result<()> {
    for (path, bytes) in files {
        if read(path)? == *bytes {
            continue;
        }
        match bytes {
            Some(bytes) => write::replace(lock, path, bytes)?,
            None => fs::remove_file(path)
                .with_context(|| format!("cannot remove `{}`", path.display()))?,
        }
    }
    // What was stored for the list that is gone.
    store::sweep(lock, &Lock::load(lock.home())?);
    Ok(())
}

#[cfg(test)]
mod tests;
