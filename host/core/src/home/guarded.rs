//! Reading a file that decides what the programs may do, such as `policy.toml` and `plugins.lock`.
//!
//! The deciding choice: the checks are made on the file that is open, not on the path, so that what was checked is
//! what is read. A missing file is a value and not an error, because what it means is for the caller to say; every
//! other doubt is an error that names the way to mend it: fail closed.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use thiserror::Error;

use super::ownership::{self, Trouble};

/// The text of the file at `path`, or `None` where there is no such file.
///
/// At most `limit` bytes are read. Reading ends where the file does; a writer of the programs replaces a file and
/// never changes it, so a text is never half old and half new.
///
/// # Errors
///
/// A [`GuardedError`] for each rule that the file breaks.
pub fn read_text(path: &Path, limit: u64) -> Result<Option<String>, GuardedError> {
    read(path, limit)?
        .map(|bytes| {
            String::from_utf8(bytes).map_err(|error| GuardedError::NotText {
                path: path.to_owned(),
                offset: error.utf8_error().valid_up_to(),
            })
        })
        .transpose()
}

/// The bytes of the file at `path`, under the same rules as [`read_text`] but for UTF-8.
///
/// # Errors
///
/// A [`GuardedError`] for each rule that the file breaks.
pub fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, GuardedError> {
    let Some((file, metadata)) = open(path)? else {
        return Ok(None);
    };
    let too_long = |length| GuardedError::TooLong {
        path: path.to_owned(),
        length,
        limit,
    };
    if metadata.len() > limit {
        return Err(too_long(metadata.len()));
    }
    let unreadable = |source| GuardedError::Unreadable {
        path: path.to_owned(),
        source,
    };
    // One byte more than the file has, so that the end is seen without growing the buffer.
    let capacity = usize::try_from(metadata.len()).unwrap_or(0) + 1;
    let mut bytes = Vec::with_capacity(capacity);
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    let length = bytes.len() as u64;
    // It may have grown since it was measured.
    if length > limit {
        return Err(too_long(length));
    }
    Ok(Some(bytes))
}

/// The open file and what was checked, or `None` where there is no such file.
pub(crate) fn open(path: &Path) -> Result<Option<(File, Metadata)>, GuardedError> {
    open_with(path, OFlags::RDONLY, Mode::empty())
}

/// The file, open for reading and appending, made (mode 0600) where it is missing; `None` where its folder is. Checked
/// as every other.
pub(crate) fn open_for_appending(path: &Path) -> Result<Option<File>, GuardedError> {
    let flags = OFlags::RDWR | OFlags::APPEND | OFlags::CREATE;
    Ok(open_with(path, flags, Mode::RUSR | Mode::WUSR)?.map(|(file, _)| file))
}

fn open_with(
    path: &Path,
    wanted: OFlags,
    mode: Mode,
) -> Result<Option<(File, Metadata)>, GuardedError> {
    // Without `NONBLOCK` a named pipe in the file's place would hold the program up for ever.
    let always = OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let path_of = || path.to_owned();
    let file = match rustix::fs::open(path, wanted | always, mode) {
        Ok(descriptor) => File::from(descriptor),
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::LOOP) => return Err(GuardedError::Symlink { path: path_of() }),
        // What a socket in the file's place answers.
        Err(Errno::NXIO) => return Err(GuardedError::NotRegular { path: path_of() }),
        Err(error) => {
            return Err(GuardedError::Unreadable {
                path: path_of(),
                source: error.into(),
            });
        }
    };
    let metadata = file.metadata().map_err(|source| GuardedError::Unreadable {
        path: path_of(),
        source,
    })?;
    if !metadata.is_file() {
        return Err(GuardedError::NotRegular { path: path_of() });
    }
    match ownership::trouble(&metadata) {
        None => Ok(Some((file, metadata))),
        Some(Trouble::ForeignOwner { owner, user }) => Err(GuardedError::ForeignOwner {
            path: path_of(),
            owner,
            user,
        }),
        Some(Trouble::WritableByOthers { mode }) => Err(GuardedError::WritableByOthers {
            path: path_of(),
            mode,
        }),
    }
}

/// Why a file is not believed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GuardedError {
    /// The path is a symbolic link.
    #[error("`{}` is a symbolic link: put the file itself there", path.display())]
    Symlink {
        /// The path.
        path: PathBuf,
    },
    /// A folder, a pipe, a device or a socket.
    #[error("`{}` is not a regular file: move it away", path.display())]
    NotRegular {
        /// The path.
        path: PathBuf,
    },
    /// The file belongs to another user, who could change it at any time.
    #[error(
        "`{}` belongs to user {owner} and not to user {user}, who runs this: \
         look at what it says, then mend it with `chown {user} {}`",
        path.display(), path.display()
    )]
    ForeignOwner {
        /// The path.
        path: PathBuf,
        /// The number of the user who owns the file.
        owner: u32,
        /// The number of the user who runs this.
        user: u32,
    },
    /// Others may have changed the file.
    #[error(
        "`{}` is writable by others (mode {mode:04o}): look at what it says, then mend it with `chmod go-w {}`",
        path.display(), path.display()
    )]
    WritableByOthers {
        /// The path.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is longer than any such file has reason to be.
    #[error("`{}` has {length} bytes, at most {limit} are read: shorten it", path.display())]
    TooLong {
        /// The path.
        path: PathBuf,
        /// The number of bytes found.
        length: u64,
        /// The number of bytes allowed.
        limit: u64,
    },
    /// The file is not UTF-8.
    #[error("`{}` is not UTF-8 text (byte {offset}): save it as UTF-8", path.display())]
    NotText {
        /// The path.
        path: PathBuf,
        /// The first byte that is not part of a character, from 0.
        offset: usize,
    },
    /// The system would not let the file be read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::home::tests::private_folder;

    const LIMIT: u64 = 16;

    /// Writes a file that only this user may write to, whatever the umask of whoever runs the tests.
    fn put(path: &Path, bytes: impl AsRef<[u8]>) {
        fs::write(path, bytes).expect("written");
        fs::set_permissions(path, PermissionsExt::from_mode(0o600)).expect("mode");
    }

    fn error(path: &Path) -> GuardedError {
        read_text(path, LIMIT).expect_err("a file that breaks a rule")
    }

    #[test]
    fn reads_a_file_and_tells_a_missing_one() {
        let folder = private_folder();
        let path = folder.path().join("file");
        assert_eq!(
            read_text(&path, LIMIT).expect("missing is not an error"),
            None
        );
        let below_a_missing_folder = path.join("x/y");
        assert_eq!(
            read_text(&below_a_missing_folder, LIMIT).expect("missing"),
            None
        );
        for text in ["", "a", "exactly sixteen!"] {
            put(&path, text);
            assert_eq!(
                read_text(&path, LIMIT).expect("readable").as_deref(),
                Some(text)
            );
        }
    }

    #[test]
    fn each_rule_has_its_error() {
        let folder = private_folder();
        let path = folder.path().join("file");

        put(&path, b"seventeen bytes!!");
        assert!(matches!(
            error(&path),
            GuardedError::TooLong {
                length: 17,
                limit: LIMIT,
                ..
            }
        ));

        put(&path, b"ab\xff");
        assert!(matches!(
            error(&path),
            GuardedError::NotText { offset: 2, .. }
        ));

        put(&path, b"ab");
        for mode in [0o620, 0o602, 0o666] {
            fs::set_permissions(&path, PermissionsExt::from_mode(mode)).expect("mode");
            let error = error(&path);
            let mend = format!("`chmod go-w {}`", path.display());
            assert!(error.to_string().contains(&mend), "{error}");
            assert!(
                matches!(error, GuardedError::WritableByOthers { mode: found, .. } if found == mode)
            );
        }
        fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).expect("mode");
        assert!(read_text(&path, LIMIT).is_ok(), "others may read it");

        if std::os::unix::fs::chown(&path, Some(12_345), None).is_ok() {
            let error = error(&path);
            assert!(
                matches!(error, GuardedError::ForeignOwner { owner: 12_345, .. }),
                "{error}"
            );
        }
    }

    #[test]
    fn only_a_regular_file_is_read() {
        let folder = private_folder();
        let link = folder.path().join("link");
        symlink("target", &link).expect("a link");
        assert!(
            matches!(error(&link), GuardedError::Symlink { .. }),
            "dangling"
        );
        fs::write(folder.path().join("target"), "text").expect("written");
        assert!(matches!(error(&link), GuardedError::Symlink { .. }));

        assert!(
            matches!(error(folder.path()), GuardedError::NotRegular { .. }),
            "a folder"
        );

        let socket = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
        assert!(
            matches!(error(&socket), GuardedError::NotRegular { .. }),
            "a socket"
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_pipe_without_a_writer_does_not_hold_it_up() {
        let folder = private_folder();
        let pipe = folder.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, Mode::from_raw_mode(0o600)).expect("a pipe");
        assert!(matches!(error(&pipe), GuardedError::NotRegular { .. }));
    }

    #[test]
    fn a_device_without_end_is_not_read() {
        assert!(matches!(
            error(Path::new("/dev/zero")),
            GuardedError::NotRegular { .. }
        ));
    }
}
