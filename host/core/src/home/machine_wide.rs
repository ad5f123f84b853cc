//! The file of the machine-wide policy: where it is, and whose it must be.
//!
//! The decision that shaped it: its place is fixed for each system and comes from nothing that a user can set, since an
//! environment that chose the file could choose none. Only administrators can put a file there, so nobody can shut
//! others out by planting a broken one: `/etc/portcullis/policy.toml`; on macOS
//! `/Library/Application Support/Portcullis/policy.toml`; on Windows `portcullis\\policy.toml` in the folder of programs,
//! as the registry's machine hive names it. (`%ProgramData%` lets every user make folders in it, and a policy as a value
//! of the registry would be a second format without lines and columns.)
//!
//! What it means is [`crate::policy::MachinePolicy`]'s to say.

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

use thiserror::Error;

use super::guarded::{self, GuardedError};
use crate::policy::{FILE_LIMIT, MachinePolicy, Policy, PolicyError};

/// The file's place on this machine, whether or not it exists.
///
/// # Errors
///
/// What the system says, on Windows, where it does not tell its folder of programs. There may then be a policy that
/// nobody can find, so nothing may be served.
pub fn file() -> io::Result<PathBuf> {
    platform::file()
}

/// The machine-wide policy at `file`. Where there is none, it narrows nothing.
///
/// # Errors
///
/// A [`MachineWideError`] where the file, or the folder that it is in, is not an administrator's alone to change, cannot
/// be read, or is no policy. Nothing may be served then.
pub fn load(file: &Path) -> Result<MachinePolicy, MachineWideError> {
    match read(file)? {
        None => Ok(MachinePolicy::default()),
        Some(text) => Ok(MachinePolicy::parse(&text, file)?),
    }
}

/// What a machine-wide policy leaves of a user's, with folders where they really lie. Called before anything else looks
/// at the user's policy.
#[must_use]
pub fn narrowed(policy: &Policy, machine: &MachinePolicy, user_home: Option<&Path>) -> Policy {
    policy.narrowed_by(machine, &|host| {
        let path = match (host.strip_prefix('~'), user_home) {
            (None, _) => PathBuf::from(host),
            (Some(rest), Some(home)) => home.join(rest.trim_start_matches('/')),
            (Some(_), None) => return None,
        };
        path.canonicalize().ok()
    })
}

/// Why a machine-wide policy cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MachineWideError {
    /// The file is not to be trusted, or cannot be read.
    #[error("cannot use the machine-wide policy")]
    Guarded(#[from] GuardedError),
    /// The text is no policy.
    #[error("cannot use the machine-wide policy")]
    Policy(#[from] PolicyError),
}

/// The text of the file.
fn read(file: &Path) -> Result<Option<String>, GuardedError> {
    let text = guarded::read_text_of_administrators(file, FILE_LIMIT)?;
    if text.is_some() {
        guarded::check_folder_of_administrators(file.parent().unwrap_or(Path::new("/")))?;
    }
    Ok(text)
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;

    use super::*;
    use crate::home::tests::{private_folder, set_mode};

    /// Whether the tests run as the user who may own such a file, and so can show that one is believed.
    fn is_administrator() -> bool {
        rustix::process::geteuid().is_root()
    }

    #[test]
    fn a_missing_file_narrows_nothing() {
        let folder = private_folder();
        let file = folder.path().join("policy.toml");
        assert_eq!(read(&file).expect("missing is no error"), None);
        let below = folder.path().join("portcullis/policy.toml");
        assert_eq!(read(&below).expect("missing is no error"), None);
    }

    #[test]
    fn only_an_administrators_file_is_believed() {
        let folder = private_folder();
        let file = folder.path().join("policy.toml");
        fs::write(&file, "version = 1\n").expect("written");
        set_mode(&file, 0o644);
        if !is_administrator() {
            let error = read(&file).expect_err("this user is nobody special");
            assert!(
                matches!(error, GuardedError::NotAdministrators { .. }),
                "{error}"
            );
            return;
        }
        assert_eq!(
            read(&file).expect("root's").as_deref(),
            Some("version = 1\n")
        );
        for mode in [0o664, 0o646] {
            set_mode(&file, mode);
            let error = read(&file).expect_err("others may write to it");
            assert!(
                matches!(error, GuardedError::WritableByOthers { .. }),
                "{error}"
            );
        }
        set_mode(&file, 0o644);
        set_mode(folder.path(), 0o777);
        let error = read(&file).expect_err("others may replace it");
        assert!(
            matches!(error, GuardedError::WritableByOthers { .. }),
            "{error}"
        );
        set_mode(folder.path(), 0o755);
        std::os::unix::fs::chown(&file, Some(12_345), None).expect("root may give files away");
        let error = read(&file).expect_err("somebody else's");
        assert!(
            matches!(error, GuardedError::NotAdministrators { owner: 12_345, .. }),
            "{error}"
        );
        fs::remove_file(&file).expect("it is there");
        std::os::unix::fs::symlink("/dev/null", &file).expect("a link");
        let error = read(&file).expect_err("a link");
        assert!(matches!(error, GuardedError::Symlink { .. }), "{error}");
    }
}
