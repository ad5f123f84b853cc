//! Unix: wasmtime-wasi finds the folder, and the name in it is opened here.
//!
//! One name in an open folder leads nowhere else as long as links are not followed, so this needs no rules of its own
//! about paths. A link that is to be followed is read, and its text begins again at the start, where wasmtime-wasi
//! judges it. `O_NONBLOCK` is what keeps a pipe from holding the thread; a regular file does not know it.

use std::fs::File;
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;
use wasmtime::component::Resource;
use wasmtime_wasi::OpenMode;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, ErrorCode, HostDescriptor as _, OpenFlags, PathFlags,
};

use super::{Missing, View, Wanted};

/// Links that are followed in the last part of a path: as many as Linux follows in all of it.
const MOST_LINKS: usize = 40;

/// Looks at a name before giving up, where each time something else was there a moment later.
const MOST_LOOKS: usize = 8;

/// What a name in a folder was found to be.
enum Found {
    Opened(File),
    /// A link with this text.
    Link(String),
    /// Neither a regular file nor a folder.
    Special,
}

pub(super) async fn open(
    view: &mut View<'_>,
    start: &Resource<Descriptor>,
    path: &str,
    wanted: Wanted,
) -> FsResult<File> {
    let mut path = path.to_owned();
    for _ in 0..=MOST_LINKS {
        if path.is_empty() {
            return Err(ErrorCode::NoEntry.into());
        }
        let Some((above, name)) = last_name(&path) else {
            return match wanted.missing {
                _ if wanted.mode.contains(OpenMode::WRITE) => Err(ErrorCode::IsDirectory.into()),
                Missing::Fails => open_folder(view, start, &path).await,
                Missing::IsMade => Err(ErrorCode::IsDirectory.into()),
                Missing::IsMadeAlways => Err(ErrorCode::Exist.into()),
            };
        };
        let folder = if above.is_empty() {
            Arc::clone(&view.open_folder(start)?.dir)
        } else {
            Arc::new(open_folder(view, start, above).await?)
        };
        let link = match open_name(view, &folder, name, wanted)? {
            Found::Opened(file) => return Ok(file),
            Found::Special => return Err(view.special(start)?.into()),
            Found::Link(text) => text,
        };
        if link.starts_with('/') {
            return Err(view.outside(start)?.into());
        }
        path = match above {
            "" => link,
            above => format!("{above}/{link}"),
        };
    }
    Err(ErrorCode::Loop.into())
}

/// The folder's part of a path and the name in it; nothing where only a folder can have the path.
fn last_name(path: &str) -> Option<(&str, &str)> {
    let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
    // `a//b` names `b` in `a`, and so does `a/b`; an empty `above` means the start itself, which `/b` is not.
    (!matches!(name, "" | "." | "..")).then_some((above, name))
}

/// Opens a folder by wasmtime-wasi. The dot at the end makes every system look for a folder, so that nothing else is
/// opened, waited for or not.
async fn open_folder(
    view: &mut View<'_>,
    start: &Resource<Descriptor>,
    path: &str,
) -> FsResult<File> {
    let start = Resource::new_borrow(start.rep());
    let mut inner = view.inner();
    let opened = inner.open_at(
        start,
        PathFlags::SYMLINK_FOLLOW,
        format!("{path}/."),
        OpenFlags::DIRECTORY,
        DescriptorFlags::READ,
    );
    let opened = opened.await?;
    match view.table.delete(opened)? {
        Descriptor::Dir(folder) => {
            let shared = folder.dir;
            Ok(Arc::try_unwrap(shared).or_else(|shared| shared.try_clone())?)
        }
        Descriptor::File(_) => Err(ErrorCode::NotDirectory.into()),
    }
}

/// Opens one name in a folder, or says what else it is.
fn open_name(view: &View<'_>, folder: &File, name: &str, wanted: Wanted) -> FsResult<Found> {
    for _ in 0..MOST_LOOKS {
        let there = match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(there) => FileType::from_raw_mode(there.st_mode),
            Err(Errno::NOENT) if wanted.missing != Missing::Fails => {
                match make(view, folder, name, wanted.mode)? {
                    Some(file) => return Ok(Found::Opened(file)),
                    None => continue,
                }
            }
            Err(error) => return Err(std::io::Error::from(error).into()),
        };
        if wanted.missing == Missing::IsMadeAlways {
            return Err(ErrorCode::Exist.into());
        }
        match there {
            FileType::Symlink if !wanted.follow => return Err(ErrorCode::Loop.into()),
            FileType::Symlink => match rustix::fs::readlinkat(folder, name, Vec::new()) {
                Ok(text) => {
                    let text = text.into_string();
                    let text = text.map_err(|_| ErrorCode::IllegalByteSequence)?;
                    return Ok(Found::Link(text));
                }
                Err(Errno::INVAL | Errno::NOENT) => continue,
                Err(error) => return Err(std::io::Error::from(error).into()),
            },
            FileType::RegularFile | FileType::Directory => {
                match open_existing(folder, name, wanted)? {
                    Some(found) => return Ok(found),
                    None => continue,
                }
            }
            _ => return Ok(Found::Special),
        }
    }
    Err(ErrorCode::Busy.into())
}

const ALWAYS: OFlags = OFlags::NOFOLLOW
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// Opens what has just been seen to be a regular file or a folder, and sees again. Nothing where it has become a link,
/// or is gone.
fn open_existing(folder: &File, name: &str, wanted: Wanted) -> FsResult<Option<Found>> {
    let mut how = ALWAYS | access(wanted.mode);
    how.set(OFlags::DIRECTORY, wanted.folder);
    let file = match rustix::fs::openat(folder, name, how, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::LOOP | Errno::NOENT) => return Ok(None),
        // What a pipe without a reader answers, and a socket.
        Err(Errno::NXIO) => return Ok(Some(Found::Special)),
        Err(error) => return Err(std::io::Error::from(error).into()),
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() && !metadata.is_dir() {
        return Ok(Some(Found::Special));
    }
    if wanted.truncate {
        file.set_len(0)?;
    }
    Ok(Some(Found::Opened(file)))
}

/// Makes a file. Nothing where there is one by now.
fn make(view: &View<'_>, folder: &File, name: &str, mode: OpenMode) -> FsResult<Option<File>> {
    view.budget().make()?;
    let how = ALWAYS | OFlags::CREATE | OFlags::EXCL | access(mode);
    // What the user's mask leaves of it, as with every program.
    let rights = Mode::from_raw_mode(0o666);
    let made = rustix::fs::openat(folder, name, how, rights);
    if made.is_err() {
        view.budget().unmake();
    }
    match made {
        Ok(file) => Ok(Some(File::from(file))),
        Err(Errno::EXIST) => Ok(None),
        Err(error) => Err(std::io::Error::from(error).into()),
    }
}

fn access(mode: OpenMode) -> OFlags {
    match (
        mode.contains(OpenMode::READ),
        mode.contains(OpenMode::WRITE),
    ) {
        (_, false) => OFlags::RDONLY,
        (false, true) => OFlags::WRONLY,
        (true, true) => OFlags::RDWR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The moment after the look, when something else is in the file's place: this must return at once.
    #[test]
    fn what_has_come_in_the_files_place_is_not_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let mode = Mode::RUSR | Mode::WUSR;
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, FileType::Fifo, mode, 0).expect("a pipe");
        let socket = folder.path().join("socket");
        let _listening = std::os::unix::net::UnixListener::bind(socket).expect("a socket");
        std::os::unix::fs::symlink("pipe", folder.path().join("link")).expect("made");
        let folder = File::open(folder.path()).expect("it is there");
        for mode in [OpenMode::READ, OpenMode::WRITE, OpenMode::all()] {
            for truncate in [false, true] {
                let wanted = Wanted {
                    mode,
                    truncate,
                    ..Wanted::to_look_at()
                };
                let found = |name| open_existing(&folder, name, wanted).expect("no error");
                assert!(matches!(found("pipe"), Some(Found::Special)), "{wanted:?}");
                assert!(
                    matches!(found("socket"), Some(Found::Special)),
                    "{wanted:?}"
                );
                assert!(
                    found("link").is_none() && found("gone").is_none(),
                    "{wanted:?}"
                );
            }
        }
    }

    #[test]
    fn the_last_name_is_one_name_or_none() {
        for (path, expected) in [
            ("a", Some(("", "a"))),
            ("a/b", Some(("a", "b"))),
            ("a//b", Some(("a/", "b"))),
            ("../a", Some(("..", "a"))),
            ("a/", None),
            ("a/.", None),
            ("a/..", None),
            (".", None),
            ("..", None),
        ] {
            assert_eq!(last_name(path), expected, "{path}");
        }
    }
}
