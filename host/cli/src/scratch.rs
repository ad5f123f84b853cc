//! Temporary folders, which do not pile up where a run of this program is killed.
//!
//! A folder is deleted when its [`Scratch`] is dropped. A run that is ended by Ctrl-C or killed drops nothing, so the
//! next one deletes what it finds: the deciding choice is a file in each folder that is locked for as long as somebody
//! uses it. The system gives the lock back with the process, however that ends, so no signal is caught here.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use tempfile::{Builder, TempDir};

/// How the names of these folders begin, and of nothing else.
const PREFIX: &str = "portcullis-scratch-";

/// The file that is locked.
const MARK: &str = "in-use";

/// What it is called until it is locked: an unlocked one would be taken for that of a run which is over.
const UNMARKED: &str = "in-use.new";

/// A temporary folder of this run, deleted when it is dropped.
#[derive(Debug)]
pub(crate) struct Scratch {
    // Before the folder, since not every system deletes a file that is open.
    _mark: File,
    folder: TempDir,
}

impl Scratch {
    /// Makes a folder that only this user can look into, and deletes those that other runs have left.
    ///
    /// # Errors
    ///
    /// When it cannot be made. What others have left and cannot be deleted is no error.
    pub(crate) fn new() -> io::Result<Self> {
        let folder = Builder::new().prefix(PREFIX).tempdir()?;
        Self::marked(folder)
    }

    fn marked(folder: TempDir) -> io::Result<Self> {
        let first = folder.path().join(UNMARKED);
        let mark = File::create(&first)?;
        mark.lock()?;
        fs::rename(first, folder.path().join(MARK))?;
        sweep(folder.path());
        Ok(Self {
            _mark: mark,
            folder,
        })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Deletes every folder beside this one that nobody uses any more.
fn sweep(own: &Path) {
    let beside = own.parent().map(fs::read_dir);
    let Some(Ok(entries)) = beside else { return };
    for entry in entries.flatten() {
        let is_of_its_kind = entry.file_name().to_string_lossy().starts_with(PREFIX);
        if is_of_its_kind && is_ours(own, &entry.path()) && is_left(&entry.path()) {
            // Another run may be deleting it at this moment, too.
            _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether it is a folder, and the same user's as the one that was just made. On Windows the place for such folders is
/// the user's own.
fn is_ours(own: &Path, other: &Path) -> bool {
    let (Ok(own), Ok(other)) = (fs::symlink_metadata(own), fs::symlink_metadata(other)) else {
        return false;
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        other.is_dir() && other.uid() == own.uid()
    }
    #[cfg(not(unix))]
    {
        other.is_dir() && own.is_dir()
    }
}

/// Whether the run that made it is over. One without a mark is yet to get it.
fn is_left(folder: &Path) -> bool {
    File::open(folder.join(MARK)).is_ok_and(|mark| mark.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_folder(parent: &Path) -> Scratch {
        let folder = Builder::new().prefix(PREFIX).tempdir_in(parent);
        Scratch::marked(folder.expect("a temporary folder")).expect("it is ours")
    }

    fn names(parent: &Path) -> Vec<String> {
        let entries = fs::read_dir(parent).expect("it is ours");
        let names = entries.map(|entry| entry.expect("it is ours").file_name());
        let mut names: Vec<_> = names
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_a_killed_run_has_left_is_deleted_and_nothing_else() {
        let parent = tempfile::tempdir().expect("a temporary folder");
        let living = in_folder(parent.path());
        // As after a kill: the lock is gone, the folder is not.
        let Scratch { _mark, mut folder } = in_folder(parent.path());
        folder.disable_cleanup(true);
        fs::create_dir(folder.path().join("home")).expect("it is ours");
        let left = folder.path().to_owned();
        drop((_mark, folder));
        for name in [&format!("{PREFIX}unmarked"), "other"] {
            fs::create_dir(parent.path().join(name)).expect("it is ours");
        }
        fs::write(parent.path().join("other").join(MARK), "").expect("it is ours");
        assert!(left.is_dir());

        let next = in_folder(parent.path());
        assert!(!left.exists());
        assert!(living.path().is_dir() && next.path().is_dir());
        drop((living, next));
        assert_eq!(
            names(parent.path()),
            ["other", &format!("{PREFIX}unmarked")]
        );
    }
}
