//! What stood in the places of one host, so that a change which fails half-way can be taken back.
//!
//! The deciding choice: every place of this user's where a manifest of that name could be is looked at, whatever is
//! planned for it. So taking back needs no account of how far a change came: what differs is put right.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use portcullis_core::caller::Family;
use portcullis_core::home::{HomeLock, launcher};
use portcullis_core::names::HostName;

use super::super::manifest_file;
use super::super::place::{Place, Scope};
use super::super::registry::{Found, Key};
use super::super::{Machine, read_bounded};
use super::Ground;

/// The places of one host as they were.
#[derive(Debug)]
pub(crate) struct Before {
    host: HostName,
    /// Files and their bytes; `None` where there was none. What could not be read is never written to, and not here.
    files: Vec<(PathBuf, Option<Vec<u8>>)>,
    /// Keys and their text; `None` where there was none.
    keys: Vec<(Key, Option<String>)>,
    /// Folders that did not exist, the innermost first.
    folders: Vec<PathBuf>,
    /// The folder of the programs that the launcher led to, where there was one.
    programs: Option<PathBuf>,
}

impl Before {
    /// Looks at every place of `host`.
    pub(crate) fn of(machine: &Machine, ground: &Ground, host: &HostName) -> Self {
        let mut before = Self {
            host: host.clone(),
            files: Vec::new(),
            keys: Vec::new(),
            folders: Vec::new(),
            programs: None,
        };
        for browser in machine.browsers() {
            for place in machine.written_for(browser, Scope::User, host) {
                match place {
                    Place::File(file) => before.note_file(file),
                    Place::Key(key) => match machine.registry.default_value(&key) {
                        Ok(None) => before.keys.push((key, None)),
                        Ok(Some(Found::Text(text))) => before.keys.push((key, Some(text))),
                        Ok(Some(Found::NotText)) | Err(_) => {}
                    },
                }
            }
        }
        if !before.keys.is_empty() {
            for family in [Family::Chromium, Family::Mozilla] {
                before.note_file(ground.kept_manifest(family, host));
            }
        }
        let launcher = launcher::path(ground.root(), host);
        if fs::symlink_metadata(&launcher).is_ok() {
            before.programs = Some(launcher::folder_of_programs(&launcher));
        }
        before
    }

    fn note_file(&mut self, file: PathBuf) {
        if self.files.iter().any(|(known, _)| *known == file) {
            return;
        }
        let is_missing = |folder: &&Path| fs::symlink_metadata(folder).is_err();
        let missing = file.ancestors().skip(1).take_while(is_missing);
        self.folders.extend(missing.map(Path::to_owned));
        match read_bounded(&file) {
            Ok(bytes) => self.files.push((file, Some(bytes))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.files.push((file, None)),
            Err(_) => {}
        }
    }

    /// Puts everything back as it was. `program` is the host that launchers lead to now. What has not changed is not
    /// written to, and one thing that cannot be put back keeps no other from it.
    ///
    /// # Errors
    ///
    /// What the system says of the first thing that could not be put back.
    pub(crate) fn restore(&self, machine: &Machine, lock: &HomeLock, program: &Path) -> Result<()> {
        let files = self.files.iter().map(|(file, bytes)| {
            restore_file(file, bytes.as_deref())
                .with_context(|| format!("cannot put `{}` back", file.display()))
        });
        let keys = self.keys.iter().map(|(key, text)| {
            restore_key(machine, key, text.as_deref())
                .with_context(|| format!("cannot put `{key}` back"))
        });
        let mut restored: Vec<Result<()>> = files.chain(keys).collect();
        restored.push(self.restore_launcher(lock, program));
        for folder in &self.folders {
            // One that somebody else has put something into by now stays.
            _ = fs::remove_dir(folder);
        }
        restored.into_iter().collect()
    }

    fn restore_launcher(&self, lock: &HomeLock, program: &Path) -> Result<()> {
        match &self.programs {
            Some(programs) => {
                let name = program.file_name().unwrap_or_default();
                launcher::make(lock, &self.host, &programs.join(name))?;
            }
            None => launcher::remove(lock, &self.host).with_context(|| {
                let host = &self.host;
                format!("cannot remove the launcher of `{host}`")
            })?,
        }
        Ok(())
    }
}

fn restore_file(file: &Path, bytes: Option<&[u8]>) -> io::Result<()> {
    if read_bounded(file).ok().as_deref() == bytes {
        return Ok(());
    }
    match bytes {
        Some(bytes) => manifest_file::write(file, bytes),
        None => manifest_file::remove(file),
    }
}

fn restore_key(machine: &Machine, key: &Key, text: Option<&str>) -> io::Result<()> {
    let there = match machine.registry.default_value(key)? {
        Some(Found::Text(there)) => Some(there),
        Some(Found::NotText) | None => None,
    };
    if there.as_deref() == text {
        return Ok(());
    }
    match text {
        Some(text) => machine.registry.set_default_value(key, text),
        None => machine.registry.remove(key),
    }
}
