//! Native code made ahead of time: its name, and the check before it is mapped.
//!
//! The deciding choice: whoever can change an artifact can run any code as the user, and hashing one at every start
//! would cost more than starting it (33 MB for a Python plugin). So a start compares what the system keeps about the
//! file (size, inode, both times) with what the lock says it was when it was made, on the open file, and only where
//! that differs reads the whole of it. `verify` always reads the whole.
//!
//! What this does not do: it does not map or load anything, and it mends nothing. Whoever gets an
//! [`ArtifactProblem`] has the artifact made again.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fs::{File, Metadata};
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use thiserror::Error;

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

use super::Home;
use super::guarded::{self, GuardedError, Purpose};
use super::lock::Installed;
use crate::names::Digest;

/// How the names of artifacts end.
pub(crate) const EXTENSION: &str = ".cwasm";

/// The name of the artifact for a plugin: `<sha256 of the .wasm>-<program version>-<target>.cwasm`. Another version
/// of the program or another target never meets it.
#[must_use]
pub fn artifact_file_name(plugin: &Digest, program_version: &str, target: &str) -> String {
    format!("{plugin}-{program_version}-{target}{EXTENSION}")
}

/// What the system keeps about a file and changes with every write to it. Together with the size it tells whether
/// a file has been touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stamp {
    /// The file's number in its file system.
    pub inode: u64,
    /// When its bytes changed last, in nanoseconds since 1970. Only compared, so it may wrap.
    pub modified_ns: i64,
    /// When its bytes, name, owner or mode changed last, in the same way. On Unix no program can set it.
    pub changed_ns: i64,
}

impl Stamp {
    /// The stamp of an open file with this metadata. It is taken when the file is in its place under its last name:
    /// renaming changes it.
    ///
    /// # Errors
    ///
    /// On Windows, what the system says; on Unix the metadata have everything.
    pub fn of(file: &File, metadata: &Metadata) -> io::Result<Self> {
        platform::stamp(file, metadata)
    }
}

/// An artifact that may be mapped: through this descriptor, so that the file checked is the file mapped.
#[derive(Debug)]
pub struct OpenArtifact {
    /// The open file. Where it stands is of no meaning.
    pub file: File,
    /// Its length in bytes.
    pub size: u64,
    /// How it was found to be right.
    pub stamp: StampCheck,
}

/// How an artifact was found to be the one that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StampCheck {
    /// Nothing has touched the file since.
    Matched,
    /// Something has, for example a restored backup, and the whole of it has the right digest. It will be read again
    /// at each start until the lock has the new stamp, which is this one.
    HashedAgain {
        /// The stamp that the file has now.
        now: Stamp,
    },
}

/// Opens the artifact of `plugin` for the program version and the target that are running. Two system calls where
/// nothing has touched the file.
///
/// # Errors
///
/// An [`ArtifactProblem`]; each is mended by making the artifact again.
pub fn open(
    home: &Home,
    plugin: &Installed,
    program_version: &str,
    target: &str,
) -> Result<OpenArtifact, ArtifactProblem> {
    let (file, metadata) = open_unread(home, plugin, program_version, target)?;
    let now = Stamp::of(&file, &metadata).map_err(ArtifactProblem::Unreadable)?;
    let stamp = if now == plugin.artifact.stamp {
        StampCheck::Matched
    } else {
        check_digest(&file, plugin)?;
        StampCheck::HashedAgain { now }
    };
    Ok(OpenArtifact {
        file,
        size: metadata.len(),
        stamp,
    })
}

/// As [`open`], but the whole file is read and checked in any case. What `verify` does.
///
/// # Errors
///
/// An [`ArtifactProblem`].
pub fn open_and_hash(
    home: &Home,
    plugin: &Installed,
    program_version: &str,
    target: &str,
) -> Result<OpenArtifact, ArtifactProblem> {
    let (file, metadata) = open_unread(home, plugin, program_version, target)?;
    check_digest(&file, plugin)?;
    let now = Stamp::of(&file, &metadata).map_err(ArtifactProblem::Unreadable)?;
    let stamp = if now == plugin.artifact.stamp {
        StampCheck::Matched
    } else {
        StampCheck::HashedAgain { now }
    };
    Ok(OpenArtifact {
        file,
        size: metadata.len(),
        stamp,
    })
}

/// Everything that can be said of the file without reading it, but for the stamp.
fn open_unread(
    home: &Home,
    plugin: &Installed,
    program_version: &str,
    target: &str,
) -> Result<(File, Metadata), ArtifactProblem> {
    let expected = &plugin.artifact;
    if expected.program_version != program_version || expected.target != target {
        return Err(ArtifactProblem::OtherVersion {
            program_version: expected.program_version.clone(),
            target: expected.target.clone(),
        });
    }
    let path = home.cache().join(expected.file_name(&plugin.digest));
    let Some((file, metadata)) = guarded::open(&path, Purpose::Map)? else {
        return Err(ArtifactProblem::Missing { path });
    };
    if metadata.len() != expected.size {
        return Err(ArtifactProblem::WrongSize {
            path,
            expected: expected.size,
            found: metadata.len(),
        });
    }
    Ok((file, metadata))
}

fn check_digest(file: &File, plugin: &Installed) -> Result<(), ArtifactProblem> {
    let (found, _) = Digest::of_reader(file).map_err(ArtifactProblem::Unreadable)?;
    if found == plugin.artifact.digest {
        Ok(())
    } else {
        Err(ArtifactProblem::WrongDigest {
            expected: plugin.artifact.digest,
            found,
        })
    }
}

/// Why an artifact is not used. Every one is mended by making it again from the stored plugin.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ArtifactProblem {
    /// It was made by another version of the program, or for another target.
    #[error("the native code was made by version `{program_version}` for `{target}`")]
    OtherVersion {
        /// The version that made it.
        program_version: String,
        /// The target that it was made for.
        target: String,
    },
    /// The file is gone.
    #[error("the native code `{}` is missing", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The file is a link, not a regular file, somebody else's, or writable by others; or the system would not open
    /// it.
    #[error("the native code is not to be trusted")]
    Guarded(#[from] GuardedError),
    /// The file is shorter or longer than it was made.
    #[error("the native code `{}` has {found} bytes where {expected} were written", path.display())]
    WrongSize {
        /// The file.
        path: PathBuf,
        /// The length that it had.
        expected: u64,
        /// The length that it has.
        found: u64,
    },
    /// The file holds something else.
    #[error("the native code was changed: its sha256 is {found} and was {expected}")]
    WrongDigest {
        /// The digest that it had.
        expected: Digest,
        /// The digest that it has.
        found: Digest,
    },
    /// The file cannot be read.
    #[error("cannot read the native code")]
    Unreadable(#[source] io::Error),
}

#[cfg(test)]
mod tests;
