//! Reading a file that decides what the programs may do, such as `policy.toml` and `plugins.lock`.
//!
//! The deciding choice: the checks are made on the file that is open, not on the path, so that what was checked is
//! what is read. A missing file is a value and not an error, because what it means is for the caller to say; every
//! other doubt is an error that names the way to mend it: fail closed.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

use super::ownership::{self, Account, Openness, Trouble};

/// The text of the file at `path`, or `None` where there is no such file.
///
/// At most `limit` bytes are read. Reading ends where the file does; a writer of the programs replaces a file and
/// never changes it, so a text is never half old and half new.
///
/// # Errors
///
/// A [`GuardedError`] for each rule that the file breaks.
pub fn read_text(path: &Path, limit: u64) -> Result<Option<String>, GuardedError> {
    text_of(path, read(path, limit)?)
}

/// The same for a file that must belong to the machine's administrators, and that only they may write to.
pub(crate) fn read_text_of_administrators(
    path: &Path,
    limit: u64,
) -> Result<Option<String>, GuardedError> {
    let opened = open_judged(path, Purpose::Read, ownership::of_administrators_file);
    text_of(
        path,
        read_opened(path, opened.map_err(for_administrators)?, limit)?,
    )
}

/// Whether a folder is the administrators' alone to change.
pub(crate) fn check_folder_of_administrators(path: &Path) -> Result<(), GuardedError> {
    let unreadable = |source| GuardedError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let metadata = path.metadata().map_err(unreadable)?;
    let trouble = ownership::of_administrators_folder(path, &metadata).map_err(unreadable)?;
    match trouble {
        None => Ok(()),
        Some(trouble) => Err(for_administrators(distrusted(path, trouble))),
    }
}

/// The error for a file that must be the administrators' and not this user's.
fn for_administrators(error: GuardedError) -> GuardedError {
    match error {
        GuardedError::ForeignOwner { path, owner, .. } => {
            GuardedError::NotAdministrators { path, owner }
        }
        other => other,
    }
}

fn text_of(path: &Path, bytes: Option<Vec<u8>>) -> Result<Option<String>, GuardedError> {
    bytes
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
    read_opened(path, open(path, Purpose::Read)?, limit)
}

fn read_opened(
    path: &Path,
    opened: Option<(File, Metadata)>,
    limit: u64,
) -> Result<Option<Vec<u8>>, GuardedError> {
    let Some((file, metadata)) = opened else {
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

/// What an open file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It is read and closed.
    Read,
    /// It stays open, and the system maps it as native code.
    Map,
    /// It is read, and written at its end; it is made for this user alone where it is missing.
    Append,
}

/// Why the system has not opened a file.
enum NotOpened {
    Missing,
    Symlink,
    NotRegular,
    Refused(io::Error),
}

/// The file, open for reading and appending, made for this user alone where it is missing; `None` where its folder is.
/// Checked as every other.
pub(crate) fn open_for_appending(path: &Path) -> Result<Option<File>, GuardedError> {
    Ok(open(path, Purpose::Append)?.map(|(file, _)| file))
}

/// The open file and what was checked, or `None` where there is no such file.
pub(crate) fn open(
    path: &Path,
    purpose: Purpose,
) -> Result<Option<(File, Metadata)>, GuardedError> {
    open_judged(path, purpose, ownership::of_file)
}

/// The same with another rule about whose it must be.
fn open_judged(
    path: &Path,
    purpose: Purpose,
    judge: fn(&File, &Metadata) -> io::Result<Option<Trouble>>,
) -> Result<Option<(File, Metadata)>, GuardedError> {
    let path_of = || path.to_owned();
    let unreadable = |source| GuardedError::Unreadable {
        path: path_of(),
        source,
    };
    let file = match platform::open(path, purpose) {
        Ok(file) => file,
        Err(NotOpened::Missing) => return Ok(None),
        Err(NotOpened::Symlink) => return Err(GuardedError::Symlink { path: path_of() }),
        Err(NotOpened::NotRegular) => return Err(GuardedError::NotRegular { path: path_of() }),
        Err(NotOpened::Refused(error)) => return Err(unreadable(error)),
    };
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(GuardedError::NotRegular { path: path_of() });
    }
    match judge(&file, &metadata).map_err(unreadable)? {
        None => Ok(Some((file, metadata))),
        Some(trouble) => Err(distrusted(path, trouble)),
    }
}

fn distrusted(path: &Path, trouble: Trouble) -> GuardedError {
    let path = path.to_owned();
    match trouble {
        Trouble::ForeignOwner { owner, user } => GuardedError::ForeignOwner { path, owner, user },
        Trouble::WritableByOthers { mode } => GuardedError::WritableByOthers { path, mode },
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
         look at what it says, then mend it with `{}`",
        path.display(), ownership::command_to_own_file(path, user)
    )]
    ForeignOwner {
        /// The path.
        path: PathBuf,
        /// The user who owns the file.
        owner: Account,
        /// The user who runs this.
        user: Account,
    },
    /// It holds for the whole machine and belongs to somebody who is no administrator.
    #[error(
        "`{}` holds for the whole machine and belongs to user {owner}, who is no administrator: \
         look at what it says, then give it to the administrators or remove it",
        path.display()
    )]
    NotAdministrators {
        /// The path.
        path: PathBuf,
        /// The user who owns it.
        owner: Account,
    },
    /// Others may have changed the file.
    #[error(
        "`{}` is writable by others ({}): look at what it says, then mend it with `{}`",
        path.display(), ownership::shown(mode), ownership::command_to_close_file(path)
    )]
    WritableByOthers {
        /// The path.
        path: PathBuf,
        /// What lets them.
        mode: Openness,
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

    use super::*;
    use crate::home::tests::{private_folder, set_mode};

    const LIMIT: u64 = 16;

    /// Writes a file that only this user may write to, whatever the umask of whoever runs the tests.
    fn put(path: &Path, bytes: impl AsRef<[u8]>) {
        fs::write(path, bytes).expect("written");
        set_mode(path, 0o600);
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
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_write_to_is_refused() {
        let folder = private_folder();
        let path = folder.path().join("file");
        put(&path, b"ab");
        for mode in [0o620, 0o602, 0o666] {
            set_mode(&path, mode);
            let error = error(&path);
            let mend = format!("`chmod go-w {}`", path.display());
            assert!(error.to_string().contains(&mend), "{error}");
            assert!(
                matches!(error, GuardedError::WritableByOthers { mode: found, .. } if found == mode)
            );
        }
        set_mode(&path, 0o644);
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
    fn a_folder_is_not_read() {
        let folder = private_folder();
        assert!(matches!(
            error(folder.path()),
            GuardedError::NotRegular { .. }
        ));
    }

    #[cfg(unix)]
    #[test]
    fn only_a_regular_file_is_read() {
        let folder = private_folder();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("target", &link).expect("a link");
        assert!(
            matches!(error(&link), GuardedError::Symlink { .. }),
            "dangling"
        );
        fs::write(folder.path().join("target"), "text").expect("written");
        assert!(matches!(error(&link), GuardedError::Symlink { .. }));

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
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, mode).expect("a pipe");
        assert!(matches!(error(&pipe), GuardedError::NotRegular { .. }));
    }

    #[test]
    fn a_device_without_end_is_not_read() {
        let device = if cfg!(windows) { "NUL" } else { "/dev/zero" };
        assert!(matches!(
            error(Path::new(device)),
            GuardedError::NotRegular { .. }
        ));
    }
}
