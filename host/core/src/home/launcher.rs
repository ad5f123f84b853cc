//! Launchers: the files in `hosts/` that browsers' manifests name, and the way from one to the two programs.
//!
//! A launcher is `portcullis-host` under a host name, since Chromium does not pass that name on. On Unix it is a symbolic
//! link. On Windows, where only administrators may make those, it is a hard link or a copy, and a file beside it holds
//! the folder of the programs, which could not be found from it otherwise.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::io;
use std::path::{Path, PathBuf};

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

use super::write::WriteError;
use super::{HOSTS_FOLDER, HomeLock, make_folder};
use crate::names::HostName;

/// Makes the launcher of `host_name` for the `portcullis-host` at `program` (an absolute path), in the place of the one
/// that is there. Returns its path, which is what belongs into a browser's manifest.
///
/// # Errors
///
/// A [`WriteError`] where it cannot be made. On Windows the old one may be gone then; on Unix it is still there.
pub fn make(lock: &HomeLock, host_name: &HostName, program: &Path) -> Result<PathBuf, WriteError> {
    let hosts = lock.home().hosts();
    let path = path(lock.home().root(), host_name);
    match make_folder(&hosts).and_then(|()| platform::make(lock, program, &path)) {
        Ok(()) => Ok(path),
        Err(source) => Err(WriteError { path, source }),
    }
}

/// Removes the launcher of `host_name`, and what stands beside it. One that is missing is fine.
///
/// # Errors
///
/// What the system says.
pub fn remove(lock: &HomeLock, host_name: &HostName) -> io::Result<()> {
    platform::remove(&path(lock.home().root(), host_name))
}

/// Where the launcher of `host_name` is in the home at `root`, whether or not either exists: what belongs into a
/// browser's manifest.
#[must_use]
pub fn path(root: &Path, host_name: &HostName) -> PathBuf {
    root.join(HOSTS_FOLDER).join(platform::file_name(host_name))
}

/// The folder that the two programs are in, seen from the file that this process was started from: its own, unless that
/// file is a launcher.
#[must_use]
pub fn folder_of_programs(executable: &Path) -> PathBuf {
    platform::folder_of_programs(executable)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;
    use crate::home::tests::private_folder;
    use crate::home::{Home, host_name_of_launcher};

    #[test]
    fn a_launcher_has_the_name_and_leads_to_the_programs() {
        let folder = private_folder();
        let root = fs::canonicalize(folder.path()).expect("it is there");
        let home = Home::create(root.join("home")).expect("made");
        let lock = HomeLock::take(&home, "test", Duration::ZERO).expect("free");
        let name: HostName = "com.example.echo".parse().expect("a host name");
        for programs in ["old", "new"] {
            let programs = root.join(programs);
            fs::create_dir(&programs).expect("a folder");
            let program = programs.join("portcullis-host.exe");
            fs::write(&program, "a program").expect("written");
            let launcher = make(&lock, &name, &program).expect("made");
            assert_eq!(fs::read(&launcher).expect("it leads there"), b"a program");
            assert_eq!(host_name_of_launcher(&launcher).as_ref(), Some(&name));
            assert_eq!(folder_of_programs(&launcher), programs);
            assert_eq!(folder_of_programs(&program), programs);
        }
        let left_over = fs::read_dir(home.hosts())
            .expect("a folder")
            .filter_map(Result::ok)
            .filter(|entry| entry.file_name().to_string_lossy().starts_with('.'))
            .count();
        assert_eq!(left_over, 0);
    }
}
