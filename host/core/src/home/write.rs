//! Writing a file of the home so that it is either the old one or the new one, whatever happens.
//!
//! The deciding choice: a temporary file in the same folder, its bytes forced to the disk, then a rename, then the
//! folder forced to the disk. Nothing of the home is ever changed in place, so a reader needs no lock.
//!
//! Every function takes the [`HomeLock`]: that is what makes the names of temporary files nobody's once the lock is
//! free.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};
use thiserror::Error;

use super::{HomeLock, make_folder, platform};

/// How the names of temporary files begin. A writer that takes the [`HomeLock`] removes what it finds of them.
pub(crate) const TEMPORARY_PREFIX: &str = ".tmp-";

/// Puts `bytes` at `target`, in place of what was there, with mode 0600. The folder is made if it is missing.
///
/// # Errors
///
/// A [`WriteError`]; `target` is then as it was.
pub fn replace(lock: &HomeLock, target: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let mut staged = Staged::beside(lock, target)?;
    staged
        .file()
        .write_all(bytes)
        .map_err(|source| WriteError {
            path: target.to_owned(),
            source,
        })?;
    staged.commit(lock)?;
    Ok(())
}

/// A file on its way to its place. Dropped without [`Staged::commit`], it is removed.
///
/// It has a path from the start, so that another process (the compiler) can write to it.
#[derive(Debug)]
pub struct Staged {
    temporary: NamedTempFile,
    target: PathBuf,
}

impl Staged {
    /// An empty file (mode 0600) in the folder of `target`, which is made if it is missing.
    ///
    /// # Errors
    ///
    /// A [`WriteError`] where the folder or the file cannot be made.
    pub fn beside(lock: &HomeLock, target: &Path) -> Result<Self, WriteError> {
        debug_assert!(
            target.starts_with(lock.home().root()),
            "the lock is for one home"
        );
        let made = folder_of(target).and_then(|folder| {
            make_folder(folder)?;
            Builder::new().prefix(TEMPORARY_PREFIX).tempfile_in(folder)
        });
        match made {
            Ok(temporary) => Ok(Self {
                temporary,
                target: target.to_owned(),
            }),
            Err(source) => Err(WriteError {
                path: target.to_owned(),
                source,
            }),
        }
    }

    /// Where the file is until it is committed.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.temporary.path()
    }

    /// The open file.
    pub fn file(&mut self) -> &mut File {
        self.temporary.as_file_mut()
    }

    /// Forces the bytes to the disk and moves the file to its place. Returns it still open, so that what is noted
    /// about it is about this file and no other.
    ///
    /// # Errors
    ///
    /// A [`WriteError`]; what was at the target is then still there. (Where only the last step failed, forcing the
    /// folder to the disk, the new file is there.)
    pub fn commit(self, _lock: &HomeLock) -> Result<File, WriteError> {
        let Self { temporary, target } = self;
        let committed = temporary.as_file().sync_all().and_then(|()| {
            let file = platform::persist(temporary, &target)?;
            platform::settle(folder_of(&target)?)?;
            Ok(file)
        });
        committed.map_err(|source| WriteError {
            path: target,
            source,
        })
    }
}

fn folder_of(target: &Path) -> io::Result<&Path> {
    target
        .parent()
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))
}

/// A file of the home could not be written. What was there before is still there.
#[derive(Debug, Error)]
#[error("cannot write `{}`", path.display())]
pub struct WriteError {
    /// The file that was to be written.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;
    use crate::home::Home;
    use crate::home::tests::private_folder;

    fn locked() -> (tempfile::TempDir, HomeLock) {
        let folder = private_folder();
        let home = Home::open(folder.path()).expect("a home");
        let lock = HomeLock::take(&home, "test", Duration::ZERO).expect("free");
        (folder, lock)
    }

    fn names_in(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        let mut names: Vec<String> = entries
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        names
    }

    #[test]
    fn replaces_a_file_whole() {
        let (_folder, lock) = locked();
        let target = lock.home().policy_file();
        for text in ["old", "new", ""] {
            replace(&lock, &target, text.as_bytes()).expect("written");
            assert_eq!(fs::read_to_string(&target).expect("readable"), text);
        }
        assert_eq!(names_in(lock.home().root()), [".lock", "policy.toml"]);
    }

    #[cfg(unix)]
    #[test]
    fn replaces_a_file_by_another_and_for_this_user_alone() {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt};
        let (_folder, lock) = locked();
        let target = lock.home().policy_file();
        replace(&lock, &target, b"old").expect("written");
        let old_inode = fs::metadata(&target).expect("there").ino();
        fs::set_permissions(&target, PermissionsExt::from_mode(0o666)).expect("mode");
        let still_open = File::open(&target).expect("readable");

        replace(&lock, &target, b"new").expect("written");
        let metadata = fs::metadata(&target).expect("there");
        assert_eq!(fs::read(&target).expect("readable"), b"new");
        assert_eq!(metadata.permissions().mode() & 0o7777, 0o600);
        assert_ne!(
            metadata.ino(),
            old_inode,
            "renamed into place, not written over"
        );
        assert_eq!(io::read_to_string(still_open).expect("readable"), "old");
        assert_eq!(names_in(lock.home().root()), [".lock", "policy.toml"]);
    }

    #[cfg(unix)]
    #[test]
    fn folders_are_made_when_they_are_needed() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_folder, lock) = locked();
        let target = lock.home().store().join("x.wasm");
        replace(&lock, &target, b"x").expect("written");
        let mode = fs::metadata(lock.home().store())
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o7777, 0o700);
    }

    #[test]
    fn a_staged_file_that_is_not_committed_is_gone() {
        let (_folder, lock) = locked();
        let target = lock.home().cache().join("x.cwasm");
        let staged = Staged::beside(&lock, &target).expect("made");
        assert!(staged.path().exists());
        drop(staged);
        assert_eq!(names_in(&lock.home().cache()), [""; 0]);
    }

    #[test]
    fn what_was_there_survives_a_failed_write() {
        let (_folder, lock) = locked();
        // A folder with something in it cannot be replaced by a file.
        let target = lock.home().policy_file();
        fs::create_dir(&target).expect("a folder");
        fs::write(target.join("kept"), "x").expect("written");
        let error = replace(&lock, &target, b"new").expect_err("a folder is in the way");
        assert_eq!(error.path, target);
        assert!(target.join("kept").exists());
        assert_eq!(names_in(lock.home().root()), [".lock", "policy.toml"]);
    }
}
