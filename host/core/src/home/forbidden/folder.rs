//! Opening one granted folder, and what can be wrong with it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{Forbidden, Kind, is_below, platform};
use crate::names::escape;
use crate::policy::Access;

/// A folder that may be given to a plugin.
#[derive(Debug)]
pub struct OpenFolder {
    /// The folder, open for reading.
    pub handle: File,
    /// Where it really lies, without links.
    pub path: PathBuf,
    /// What it was judged for.
    pub access: Access,
}

impl Forbidden {
    /// Opens the folder that the policy calls `host`: an absolute path, or `~` or `~/…` for what is in the user's own
    /// folder.
    ///
    /// # Errors
    ///
    /// [`FolderError`], each with the rule that is broken.
    pub fn open(&self, host: &str, access: Access) -> Result<OpenFolder, FolderError> {
        let path = self.expand(host)?;
        let (handle, real) = platform::open(&path)?;
        self.check(&real, access)?;
        platform::check_kind(&handle, &real)?;
        Ok(OpenFolder {
            handle,
            path: real,
            access,
        })
    }

    /// Opens one device of a class that [`is_of_one_class`](super::is_of_one_class): `link` is its link into
    /// `/sys/devices`. To read.
    ///
    /// # Errors
    ///
    /// [`FolderError`] where it leads anywhere else.
    pub fn open_device(&self, link: &Path) -> Result<OpenFolder, FolderError> {
        let refused = |source| FolderError::Refused {
            path: link.to_owned(),
            source,
        };
        let (handle, real) = platform::open(&link.canonicalize().map_err(refused)?)?;
        if !real.starts_with("/sys/devices") {
            return Err(FolderError::Forbidden {
                path: real,
                place: PathBuf::from("/sys"),
                kind: Kind::System,
            });
        }
        Ok(OpenFolder {
            handle,
            path: real,
            access: Access::ReadOnly,
        })
    }

    fn expand(&self, host: &str) -> Result<PathBuf, FolderError> {
        let Some(rest) = host.strip_prefix('~') else {
            let path = PathBuf::from(host);
            return if path.is_absolute() {
                Ok(path)
            } else {
                Err(FolderError::NotWhole {
                    host: host.to_owned(),
                })
            };
        };
        let home = self.user_home.as_deref().filter(|home| home.is_absolute());
        let home = home.ok_or(FolderError::NoUserHome)?;
        match rest.strip_prefix('/') {
            Some(below) => Ok(home.join(below.trim_start_matches('/'))),
            None if rest.is_empty() => Ok(home.to_owned()),
            None => Err(FolderError::NotWhole {
                host: host.to_owned(),
            }),
        }
    }
}

/// Whether these folders can be given to one plugin together: what is granted for reading must not lie in what is
/// granted for writing, or it could be written through that.
///
/// # Errors
///
/// [`FolderError::ReadOnlyInside`], for the first such pair.
pub fn check_together(folders: &[OpenFolder]) -> Result<(), FolderError> {
    let writable = |folder: &&OpenFolder| folder.access == Access::ReadWrite;
    for outer in folders.iter().filter(writable) {
        let inner = folders
            .iter()
            .find(|inner| inner.access == Access::ReadOnly && is_below(&inner.path, &outer.path));
        if let Some(inner) = inner {
            return Err(FolderError::ReadOnlyInside {
                path: inner.path.clone(),
                outer: outer.path.clone(),
            });
        }
    }
    Ok(())
}

/// Why a folder cannot be given to a plugin.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FolderError {
    /// It depends on a current folder or on another user.
    #[error(
        "`{}` is not a folder's whole path: begin it with `~/` or write it from the root",
        escape(host)
    )]
    NotWhole {
        /// As it was written.
        host: String,
    },
    /// `~` stands for nothing.
    #[error(
        "cannot tell what `~` stands for, since this user has no folder: write the path from the root"
    )]
    NoUserHome,
    /// There is nothing.
    #[error("there is no folder `{}`: make it, or grant another", shown(path))]
    Missing {
        /// As it was written.
        path: PathBuf,
    },
    /// A symbolic link, or on Windows another reparse point.
    #[error(
        "`{}` is a link, which could lead elsewhere tomorrow: grant the folder that it leads to",
        shown(path)
    )]
    Link {
        /// As it was written.
        path: PathBuf,
    },
    /// A file, a pipe, a socket or a device.
    #[error("`{}` is not a folder: grant the folder that it is in", shown(path))]
    NotAFolder {
        /// As it was written.
        path: PathBuf,
    },
    /// The system does not let it be opened.
    #[error("failed to open the folder `{}`", shown(path))]
    Refused {
        /// As it was written.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Its path led elsewhere a moment later.
    #[error(
        "the folder `{}` was moved while it was being opened: try again",
        shown(path)
    )]
    Moved {
        /// As it was written.
        path: PathBuf,
    },
    /// It is, contains or lies inside a forbidden place.
    #[error(
        "`{}` cannot be granted, since `{}` ({kind}) is this folder, above it or in it: grant a folder of its own",
        shown(path),
        shown(place)
    )]
    Forbidden {
        /// Where the folder really lies.
        path: PathBuf,
        /// The forbidden place.
        place: PathBuf,
        /// What is there.
        kind: Kind,
    },
    /// It may be read and not written.
    #[error("`{}` can be granted read-only and not for writing", shown(path))]
    ReadOnlyPlace {
        /// Where the folder really lies.
        path: PathBuf,
    },
    /// It could be written through another grant of the same plugin.
    #[error(
        "`{}` is granted read-only and lies in `{}`, which is granted for writing: grant both alike, or move one",
        shown(path),
        shown(outer)
    )]
    ReadOnlyInside {
        /// The folder that is to be read.
        path: PathBuf,
        /// The one that may be written.
        outer: PathBuf,
    },
}

fn shown(path: &Path) -> String {
    escape(&path.to_string_lossy())
}
