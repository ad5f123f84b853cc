//! The lock that writers of the home hold, so that two of them never interleave.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use thiserror::Error;

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

use super::Home;
use super::write::TEMPORARY_PREFIX;

/// The right to write to a home. Everything that writes asks for one, so no writer can forget it.
///
/// It is a lock of the system on `<home>/.lock` and not the existence of a file, so it is gone with the process that
/// held it, however that ended. The file stays and tells who the last holder was.
#[derive(Debug)]
pub struct HomeLock {
    home: Home,
    file: File,
}

impl HomeLock {
    /// How long a command waits for another one. Longer than any edit takes, shorter than a person's patience; an
    /// `add` that compiles a large plugin may take longer, and then the message says who is at work.
    pub const PATIENCE: Duration = Duration::from_secs(10);

    /// The pause between two attempts.
    const PAUSE: Duration = Duration::from_millis(20);

    /// The most that is read of what a holder says about itself.
    const LONGEST_NOTE: u64 = 256;

    /// Waits up to `patience` for the lock. `purpose` is what others are told that this process is doing, for
    /// example `portcullis add`.
    ///
    /// Temporary files that a killed writer left behind are removed: whoever made them held this lock, so they
    /// belong to nobody now.
    ///
    /// # Errors
    ///
    /// [`HomeLockError::Busy`] where another process still holds it.
    pub fn take(home: &Home, purpose: &str, patience: Duration) -> Result<Self, HomeLockError> {
        let path = home.root().join(".lock");
        let unusable = |source| HomeLockError::Unusable {
            path: path.clone(),
            source,
        };
        let file = platform::open(&path).map_err(unusable)?;
        let mut waited = Duration::ZERO;
        while !platform::try_lock(&file).map_err(unusable)? {
            if waited >= patience {
                return Err(HomeLockError::Busy {
                    holder: note_in(&file),
                    patience,
                });
            }
            thread::sleep(Self::PAUSE);
            waited += Self::PAUSE;
        }
        let mut lock = Self {
            home: home.clone(),
            file,
        };
        // Only for the message that others see, so a full disk must not stop this.
        _ = lock.leave_note(purpose);
        lock.remove_left_over();
        Ok(lock)
    }

    /// The home that may be written to.
    #[must_use]
    pub fn home(&self) -> &Home {
        &self.home
    }

    fn leave_note(&mut self, purpose: &str) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        write!(self.file, "process {} (`{purpose}`)", std::process::id())
    }

    fn remove_left_over(&self) {
        let home = &self.home;
        // A host that keeps something in `compiled/` holds no lock. Where its file is taken away, it keeps nothing.
        for folder in [
            home.root(),
            &home.store(),
            &home.cache(),
            &home.compiled(),
            &home.hosts(),
        ] {
            // What cannot be removed now does no harm and is tried again next time.
            for path in left_over_in(folder).unwrap_or_default() {
                _ = fs::remove_file(path);
            }
        }
    }
}

impl Drop for HomeLock {
    fn drop(&mut self) {
        // The lock itself ends when the file is closed; a note without a holder would mislead.
        _ = self.file.set_len(0);
    }
}

fn left_over_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(TEMPORARY_PREFIX.as_bytes())
        {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// What the holder says about itself. It may have gone since, so the message says "seems".
fn note_in(file: &File) -> String {
    let mut note = String::new();
    match file.take(HomeLock::LONGEST_NOTE).read_to_string(&mut note) {
        Ok(length) if length > 0 => note,
        _ => "another process".to_owned(),
    }
}

/// Why the home cannot be written to now.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HomeLockError {
    /// Another writer is at work.
    #[error(
        "cannot change the Portcullis home: after {} s it is still in use, it seems by {holder}; \
         try again when that has ended",
        patience.as_secs()
    )]
    Busy {
        /// What is known of the other writer.
        holder: String,
        /// How long this one waited.
        patience: Duration,
    },
    /// The lock file cannot be opened or locked.
    #[error("cannot lock the Portcullis home with `{}`", path.display())]
    Unusable {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::tests::private_folder;

    fn home() -> (tempfile::TempDir, Home) {
        let folder = private_folder();
        let home = Home::open(folder.path()).expect("a home");
        (folder, home)
    }

    #[test]
    fn a_second_writer_waits_and_is_told_who_holds_it() {
        let (_folder, home) = home();
        let first = HomeLock::take(&home, "portcullis add", Duration::ZERO).expect("free");
        let patience = Duration::from_millis(100);
        let error = HomeLock::take(&home, "portcullis remove", patience).expect_err("held");
        let holder = format!("process {} (`portcullis add`)", std::process::id());
        assert!(error.to_string().contains(&holder), "{error}");

        let waiting = thread::spawn({
            let home = home.clone();
            move || HomeLock::take(&home, "portcullis remove", HomeLock::PATIENCE).is_ok()
        });
        thread::sleep(Duration::from_millis(50));
        drop(first);
        assert!(
            waiting.join().expect("no panic"),
            "it got the lock once it was free"
        );
    }

    #[test]
    fn what_a_killed_writer_left_is_removed() {
        let (_folder, home) = home();
        for folder in [
            home.root().to_owned(),
            home.store(),
            home.cache(),
            home.compiled(),
            home.hosts(),
        ] {
            crate::home::make_folder(&folder).expect("a folder");
            fs::write(folder.join(".tmp-abc"), "half").expect("written");
            fs::write(folder.join("kept"), "whole").expect("written");
        }
        let lock = HomeLock::take(&home, "test", Duration::ZERO).expect("free");
        for folder in [
            home.root().to_owned(),
            home.store(),
            home.cache(),
            home.compiled(),
            home.hosts(),
        ] {
            assert!(!folder.join(".tmp-abc").exists(), "{}", folder.display());
            assert!(folder.join("kept").exists(), "{}", folder.display());
        }
        assert_eq!(lock.home(), &home);
    }
}
