//! Where plugins keep what they keep: `data/<extension>/<plugin>-<installation number>/`.
//!
//! The deciding choice: the folder is named by the installation and not by the plugin's name alone, so a name that is
//! used again for something else inherits nothing, while a new build under `add --replace` finds what the old one left.
//! Each folder on the way is checked as the home itself is, and no link is followed.
//!
//! What this does not do: it knows nothing of what is in the files; that is `portcullis-storage`'s.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

use super::guarded::{self, GuardedError, Purpose};
use super::ownership::{self, Account, Openness, Trouble};
use super::{Home, HomeLock, crashes, make_folder, platform};
use crate::caller::Origin;
use crate::names::PluginName;

/// The file in the folder of a plugin that holds its keys and values. SQLite puts others beside it.
const STORAGE_FILE: &str = "storage.sqlite";

/// What SQLite appends to the name of its file for those beside it.
const BESIDE: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// The open folder of one plugin and one extension.
#[derive(Debug)]
pub struct DataFolder {
    folder: File,
    path: PathBuf,
}

/// Whose data is meant.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    /// The extension.
    pub origin: &'a Origin,
    /// The plugin.
    pub plugin: &'a PluginName,
    /// The number of its installation.
    pub number: u64,
}

impl DataFolder {
    /// The folder, made with those above it where they are missing.
    ///
    /// # Errors
    ///
    /// A [`DataError`] for each rule that a folder, or what is in it, breaks.
    pub fn make(home: &Home, owner: Owner<'_>) -> Result<Self, DataError> {
        let mut open = None;
        for path in folders(home, owner) {
            open = Some(match open_folder(&path)? {
                Some(folder) => (folder, path),
                None => {
                    let unusable = |source| DataError::unusable(&path, source);
                    make_folder(&path).map_err(unusable)?;
                    // What is in it will be forced to the disk; so must be the name that leads there.
                    let above = path.parent().unwrap_or(home.root());
                    platform::settle(above).map_err(unusable)?;
                    let folder = open_folder(&path)?;
                    let missing = || unusable(io::ErrorKind::NotFound.into());
                    (folder.ok_or_else(missing)?, path)
                }
            });
        }
        let (folder, path) = open.expect("there is a folder in the list");
        Self::checked(folder, &path)
    }

    /// The folder, where there is one.
    ///
    /// # Errors
    ///
    /// As [`Self::make`].
    pub fn find(home: &Home, owner: Owner<'_>) -> Result<Option<Self>, DataError> {
        let mut open = None;
        for path in folders(home, owner) {
            match open_folder(&path)? {
                Some(folder) => open = Some((folder, path)),
                None => return Ok(None),
            }
        }
        let (folder, path) = open.expect("there is a folder in the list");
        Self::checked(folder, &path).map(Some)
    }

    fn checked(folder: File, path: &Path) -> Result<Self, DataError> {
        for ending in BESIDE {
            // Closed at once: it is opened by its path later, which then meets no link.
            guarded::open(&path.join(format!("{STORAGE_FILE}{ending}")), Purpose::Read)?;
        }
        let path = system::without_links(path).map_err(|error| DataError::unusable(path, error))?;
        Ok(Self { folder, path })
    }

    /// The folder itself, open.
    #[must_use]
    pub fn folder(&self) -> &File {
        &self.folder
    }

    /// The same, for whoever keeps it open.
    #[must_use]
    pub fn into_folder(self) -> File {
        self.folder
    }

    /// Where its keys and values are, or will be: a path without links.
    #[must_use]
    pub fn storage_file(&self) -> PathBuf {
        self.path.join(STORAGE_FILE)
    }
}

/// Deletes what every installation under this name has kept, for every extension. Returns for how many there was
/// something.
///
/// # Errors
///
/// [`DataError`] where something cannot be deleted; what came before it is gone.
pub fn purge(lock: &HomeLock, plugin: &PluginName) -> Result<usize, DataError> {
    let data = lock.home().data();
    let mut deleted = 0;
    for origin in entries(&data)? {
        for path in entries(&origin)? {
            let name = path.file_name().and_then(|name| name.to_str());
            if !name.is_some_and(|name| is_of(name, plugin)) {
                continue;
            }
            // A link in its place is deleted and not followed.
            fs::remove_dir_all(&path).map_err(|error| DataError::unusable(&path, error))?;
            deleted += 1;
        }
    }
    Ok(deleted)
}

/// Whether a folder's name is that of an installation of this plugin. A plugin's own name may end like one.
fn is_of(folder: &str, plugin: &PluginName) -> bool {
    folder.rsplit_once('-').is_some_and(|(name, number)| {
        name == plugin.as_str()
            && number
                .parse::<u64>()
                .is_ok_and(|it| it.to_string() == number)
    })
}

/// What is in a folder; nothing where there is none, or where it is something else.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let unusable = |source| DataError::unusable(folder, source);
    let listing = match fs::symlink_metadata(folder) {
        Ok(metadata) if metadata.is_dir() => fs::read_dir(folder).map_err(unusable)?,
        Ok(_) => return Ok(Vec::new()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unusable(error)),
    };
    let paths = listing.map(|entry| Ok(entry.map_err(unusable)?.path()));
    paths.collect()
}

/// The folders on the way to an owner's, and that one.
fn folders(home: &Home, owner: Owner<'_>) -> [PathBuf; 3] {
    let data = home.data();
    let origin = data.join(crashes::name_of(owner.origin).to_string());
    let plugin = origin.join(format!("{}-{}", owner.plugin, owner.number));
    [data, origin, plugin]
}

/// One folder, open and checked; `None` where there is nothing.
fn open_folder(path: &Path) -> Result<Option<File>, DataError> {
    let path_of = || path.to_owned();
    let unusable = |source| DataError::unusable(path, source);
    let Some(folder) = system::open_folder(path).map_err(unusable)? else {
        return Ok(None);
    };
    let metadata = folder.metadata().map_err(unusable)?;
    match ownership::of_folder(path, &metadata).map_err(unusable)? {
        None => Ok(Some(folder)),
        Some(Trouble::ForeignOwner { owner, user }) => Err(DataError::ForeignOwner {
            path: path_of(),
            owner,
            user,
        }),
        Some(Trouble::WritableByOthers { mode }) => Err(DataError::WritableByOthers {
            path: path_of(),
            mode,
        }),
    }
}

/// Why a plugin's data cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A folder belongs to somebody else.
    #[error(
        "the folder `{}` belongs to user {owner} and not to user {user}, who runs this: mend it with `{}`",
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
    /// Others may put files into a folder.
    #[error(
        "the folder `{}` is writable by others ({}): mend it with `{}`",
        path.display(), ownership::shown(mode), ownership::command_to_close_folder(path)
    )]
    WritableByOthers {
        /// The folder.
        path: PathBuf,
        /// What lets them.
        mode: Openness,
    },
    /// A file in the folder is not to be trusted.
    #[error(transparent)]
    Guarded(#[from] GuardedError),
    /// There is something else in the place of a folder, or the system refuses.
    #[error("cannot use the folder `{}`", path.display())]
    Unusable {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl DataError {
    fn unusable(path: &Path, source: io::Error) -> Self {
        Self::Unusable {
            path: path.to_owned(),
            source,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::tests::private_folder;
    #[cfg(unix)]
    use crate::home::tests::set_mode;

    fn origin(text: &str) -> Origin {
        text.parse().expect("a valid origin")
    }

    fn plugin(name: &str) -> PluginName {
        name.parse().expect("a valid name")
    }

    #[test]
    fn nobody_shares_a_folder() {
        let home = private_folder();
        let home = Home::open(home.path()).expect("a home");
        let make = |origin_of: &str, name: &str, number| {
            let owner = Owner {
                origin: &origin(origin_of),
                plugin: &plugin(name),
                number,
            };
            assert!(DataFolder::find(&home, owner).expect("no doubt").is_none());
            let made = DataFolder::make(&home, owner).expect("made");
            let found = DataFolder::find(&home, owner)
                .expect("no doubt")
                .expect("made");
            assert_eq!(made.storage_file(), found.storage_file());
            assert!(made.folder().metadata().expect("open").is_dir());
            made.storage_file()
        };
        let mut paths = vec![
            make("a@b", "notes", 1),
            make("a@b", "notes", 11),
            make("a@b", "notes-1", 1),
            make("a@b", "echo", 1),
            make("c@d", "notes", 1),
        ];
        paths.sort();
        paths.dedup();
        assert_eq!(paths.len(), 5);
    }

    #[test]
    fn a_purge_takes_all_installations_of_a_name_and_no_others() {
        let folder = private_folder();
        let home = Home::open(folder.path()).expect("a home");
        let make = |name: &str, number| {
            for origin in [&origin("a@b"), &origin("c@d")] {
                let plugin = &plugin(name);
                let owner = Owner {
                    origin,
                    plugin,
                    number,
                };
                let made = DataFolder::make(&home, owner).expect("made");
                fs::write(made.storage_file(), b"x").expect("ours");
            }
        };
        for (name, number) in [("notes", 1), ("notes", 7), ("notes-1", 2), ("echo", 3)] {
            make(name, number);
        }
        let lock = HomeLock::take(&home, "test", HomeLock::PATIENCE).expect("free");
        assert_eq!(purge(&lock, &plugin("notes")).expect("deleted"), 4);
        assert_eq!(purge(&lock, &plugin("notes")).expect("nothing left"), 0);
        assert_eq!(purge(&lock, &plugin("notes-1")).expect("deleted"), 2);
        assert_eq!(purge(&lock, &plugin("echo")).expect("deleted"), 2);
    }

    #[cfg(unix)]
    #[test]
    fn links_and_open_folders_are_refused() {
        use std::os::unix::fs::symlink;
        let folder = private_folder();
        let home = Home::open(folder.path()).expect("a home");
        let (origin, plugin) = (&origin("a@b"), &plugin("notes"));
        let owner = Owner {
            origin,
            plugin,
            number: 1,
        };
        let made = DataFolder::make(&home, owner).expect("made");
        let [_, of_origin, of_plugin] = folders(&home, owner);

        set_mode(&of_plugin, 0o770);
        let error = DataFolder::make(&home, owner).expect_err("writable by others");
        assert!(
            matches!(error, DataError::WritableByOthers { .. }),
            "{error}"
        );
        set_mode(&of_plugin, 0o700);

        symlink("/etc/passwd", made.storage_file()).expect("a link");
        let error = DataFolder::find(&home, owner).expect_err("a link");
        assert!(matches!(error, DataError::Guarded(_)), "{error}");
        fs::remove_file(made.storage_file()).expect("ours");

        let elsewhere = private_folder();
        fs::remove_dir(&of_plugin).expect("empty");
        symlink(elsewhere.path(), &of_plugin).expect("a link");
        let error = DataFolder::make(&home, owner).expect_err("a link");
        assert!(matches!(error, DataError::Unusable { .. }), "{error}");
        fs::remove_file(&of_plugin).expect("ours");
        fs::remove_dir(&of_origin).expect("empty");
        fs::write(&of_origin, b"").expect("ours");
        assert!(
            DataFolder::make(&home, owner).is_err(),
            "a file in its place"
        );
    }
}
