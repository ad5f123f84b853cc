//! The home folder: where it is, who may touch it, and the files in it that the programs write.
//!
//! The deciding choice: nothing in the folder is believed because of where it lies. Whatever is read is opened
//! without following a link and checked on the open file (a regular file, this user's, writable by nobody else), and
//! what is native code or will become it is tied to a digest in `plugins.lock`. Whatever is written goes through
//! [`mod@write`], under the [`HomeLock`], as a temporary file that is renamed into place: a process that is killed at any
//! moment leaves either the old state or the new one.
//!
//! What this does not do: it reads no environment variable and no clock (both are handed in), knows nothing of
//! WebAssembly (an artifact is bytes with a digest here), and does not interpret `policy.toml` (that is `policy`).
//!
//! | Path | Holds |
//! |---|---|
//! | `policy.toml` | the only thing that grants; a person's file |
//! | `plugins.lock` | what is installed; the programs' file ([`lock`]) |
//! | `store/` | plugins, by digest ([`store`]) |
//! | `cache/` | native code made from them ([`artifact`]) |
//! | `compiled/` | what the first two say for one extension, to be read in their place ([`compiled`]) |
//! | `crashes/` | how often plugins have failed ([`crashes`]) |
//! | `data/` | what plugins keep, by extension and installation ([`data`]) |
//! | `logs/`, `hosts/` | what happened, the launchers |
//! | `repl-history` | what a person has typed in `portcullis repl` |
//! | `.lock` | whose lock a writer holds ([`HomeLock`]) |

pub mod artifact;
pub mod compiled;
pub mod crashes;
pub mod data;
mod exclusive;
pub mod forbidden;
pub mod guarded;
pub mod launcher;
mod locate;
pub mod lock;
pub mod machine_wide;
mod ownership;
mod position;
pub mod slots;
pub mod store;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;
pub mod write;

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

pub use exclusive::{HomeLock, HomeLockError};
pub use locate::{LocateError, Surroundings, host_name_of_launcher, locate};
pub use position::Position;

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

pub use ownership::{Account, Openness};
pub use platform::{append, make_folder};

use ownership::Trouble;

/// A home folder that exists and belongs to this user. Everything else in this module starts from one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
}

impl Home {
    /// The home at `root`, which must be a folder of this user's that nobody else may write to.
    ///
    /// A symbolic link at `root` itself is followed: it lies in a folder that is not ours to judge, and what counts
    /// is who owns the folder that is used.
    ///
    /// # Errors
    ///
    /// [`HomeError::Missing`] where there is nothing at `root`; another variant for each rule that is broken.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, HomeError> {
        let root = root.into();
        match fs::metadata(&root) {
            Ok(metadata) => {
                check_folder(&root, &metadata)?;
                Ok(Self { root })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(HomeError::Missing { path: root })
            }
            Err(source) => Err(HomeError::Unreadable { path: root, source }),
        }
    }

    /// The home at `root`, made (mode 0700, with the folders above it) where it is missing. Called by commands that
    /// put something into it.
    ///
    /// # Errors
    ///
    /// As [`Home::open`], and [`HomeError::NotMade`] where the folder cannot be made.
    pub fn create(root: impl Into<PathBuf>) -> Result<Self, HomeError> {
        let root = root.into();
        match Self::open(&root) {
            Err(HomeError::Missing { .. }) => {}
            decided => return decided,
        }
        let made = match root.parent() {
            Some(parent) => fs::create_dir_all(parent).and_then(|()| make_folder(&root)),
            None => make_folder(&root),
        };
        made.map_err(|source| HomeError::NotMade {
            path: root.clone(),
            source,
        })?;
        Self::open(root)
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `policy.toml`.
    #[must_use]
    pub fn policy_file(&self) -> PathBuf {
        self.root.join(POLICY_FILE)
    }

    /// `plugins.lock`.
    #[must_use]
    pub fn lock_file(&self) -> PathBuf {
        self.root.join(LOCK_FILE)
    }

    /// `store/`, which need not exist yet, as with the folders below.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.root.join("store")
    }

    /// `cache/`.
    #[must_use]
    pub fn cache(&self) -> PathBuf {
        self.root.join("cache")
    }

    /// `compiled/`.
    #[must_use]
    pub fn compiled(&self) -> PathBuf {
        self.root.join("compiled")
    }

    /// `data/`.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// `crashes/`.
    #[must_use]
    pub fn crashes(&self) -> PathBuf {
        self.root.join("crashes")
    }

    /// `logs/`.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// `hosts/`.
    #[must_use]
    pub fn hosts(&self) -> PathBuf {
        self.root.join(HOSTS_FOLDER)
    }
}

const POLICY_FILE: &str = "policy.toml";
const LOCK_FILE: &str = "plugins.lock";
const HOSTS_FOLDER: &str = "hosts";

fn check_folder(path: &Path, metadata: &Metadata) -> Result<(), HomeError> {
    let path = path.to_owned();
    if !metadata.is_dir() {
        return Err(HomeError::NotAFolder { path });
    }
    match ownership::of_folder(&path, metadata) {
        Ok(None) => Ok(()),
        Ok(Some(Trouble::ForeignOwner { owner, user })) => {
            Err(HomeError::ForeignOwner { path, owner, user })
        }
        Ok(Some(Trouble::WritableByOthers { mode })) => {
            Err(HomeError::WritableByOthers { path, mode })
        }
        Err(source) => Err(HomeError::Unreadable { path, source }),
    }
}

/// Why a folder cannot be used as the home.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HomeError {
    /// There is nothing at the path.
    #[error("there is no Portcullis home at `{}`: `portcullis add FILE.wasm` makes one", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// There is something at the path, and it is not a folder.
    #[error("the Portcullis home `{}` is not a folder: move it away, or set PORTCULLIS_HOME", path.display())]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// The folder belongs to somebody else, who could replace what is in it.
    #[error(
        "the Portcullis home `{}` belongs to user {owner} and not to user {user}, who runs this: \
         mend it with `{}`, or set PORTCULLIS_HOME",
        path.display(), ownership::command_to_own_folder(path, user)
    )]
    ForeignOwner {
        /// The folder.
        path: PathBuf,
        /// The user who owns it.
        owner: Account,
        /// The user who runs this.
        user: Account,
    },
    /// Others may put files into the folder.
    #[error(
        "the Portcullis home `{}` is writable by others ({}): mend it with `{}`",
        path.display(), ownership::shown(mode), ownership::command_to_close_folder(path)
    )]
    WritableByOthers {
        /// The folder.
        path: PathBuf,
        /// What lets them.
        mode: Openness,
    },
    /// The folder cannot be looked at.
    #[error("cannot look at the Portcullis home `{}`", path.display())]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder cannot be made.
    #[error("cannot make the Portcullis home `{}`", path.display())]
    NotMade {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A folder for a test that may be a home, whatever the umask of whoever runs the tests.
    pub(crate) fn private_folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        set_mode(folder.path(), 0o700);
        folder
    }

    /// Sets the mode where there are modes; elsewhere a test's files have the rights of the folder that they are in.
    pub(crate) fn set_mode(path: &Path, mode: u32) {
        #[cfg(unix)]
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
            .expect("our own");
        #[cfg(windows)]
        let _ = (path, mode);
    }

    #[cfg(unix)]
    fn mode(path: &Path) -> u32 {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(path).expect("it exists").permissions().mode() & 0o7777
    }

    #[test]
    fn a_new_home_is_for_this_user_alone() {
        let folder = private_folder();
        let root = folder.path().join("a/b/portcullis");
        assert!(matches!(Home::open(&root), Err(HomeError::Missing { .. })));
        let home = Home::create(&root).expect("made");
        #[cfg(unix)]
        assert_eq!(mode(&root), 0o700);
        assert_eq!(Home::open(&root).expect("there now"), home);
        assert_eq!(Home::create(&root).expect("made before"), home);
        assert!(
            !home.store().exists(),
            "folders inside are made when they are needed"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_home_that_others_may_write_to_is_refused() {
        let folder = private_folder();
        for refused in [0o720, 0o702, 0o777, 0o1777] {
            set_mode(folder.path(), refused);
            let error = Home::open(folder.path()).expect_err("writable by others");
            assert!(matches!(error, HomeError::WritableByOthers { mode, .. } if mode == refused));
            let mend = format!("`chmod 700 {}`", folder.path().display());
            assert!(error.to_string().contains(&mend), "{error}");
            assert!(Home::create(folder.path()).is_err());
        }
        set_mode(folder.path(), 0o755);
        assert!(
            Home::open(folder.path()).is_ok(),
            "others may read, the files decide for themselves"
        );
    }

    #[test]
    fn a_file_is_not_a_home() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        assert!(matches!(
            Home::open(file.path()),
            Err(HomeError::NotAFolder { .. })
        ));
        // Windows does not tell a file in the place of a folder from a missing one.
        #[cfg(unix)]
        assert!(matches!(
            Home::open(file.path().join("below")),
            Err(HomeError::Unreadable { .. })
        ));
    }

    #[cfg(unix)]
    #[test]
    fn a_foreign_home_is_refused() {
        let folder = private_folder();
        // Only root can give a folder away; for everybody else there is nothing to test with.
        if std::os::unix::fs::chown(folder.path(), Some(12_345), None).is_ok() {
            let error = Home::open(folder.path()).expect_err("somebody else's");
            assert!(
                matches!(error, HomeError::ForeignOwner { owner: 12_345, .. }),
                "{error}"
            );
        }
    }
}
