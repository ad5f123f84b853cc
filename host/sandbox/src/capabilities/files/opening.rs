//! Opening a file or folder by a path, and nothing else that may have that path.
//!
//! wasmtime-wasi's own `open-at` opens whatever is there and looks at it afterwards. On a pipe that nobody writes to,
//! opening alone waits for ever, and the port's only thread with it. To look first does not help by itself: between the
//! look and the opening another process, perhaps one with the same grant, can put the pipe in the file's place. So the
//! last step is made by the system's own file here, in a way that cannot wait.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fs::File;

use wasmtime::component::Resource;
use wasmtime_wasi::OpenMode;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, ErrorCode, OpenFlags, PathFlags,
};

use super::View;
use crate::powers::Kind;

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

/// What a guest wants of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// To read, to write, or both.
    mode: OpenMode,
    missing: Missing,
    /// To empty it.
    truncate: bool,
    /// That it is a folder.
    folder: bool,
    /// That a link in the last part of its path is followed.
    follow: bool,
}

/// What happens where there is no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    Fails,
    IsMade,
    /// And what is there already is an error.
    IsMadeAlways,
}

impl Wanted {
    /// What a guest's flags say.
    ///
    /// # Errors
    ///
    /// The code for flags that contradict each other, or that the system's files do not know.
    pub(super) fn new(
        path: PathFlags,
        open: OpenFlags,
        descriptor: DescriptorFlags,
    ) -> FsResult<Self> {
        let synchronous = DescriptorFlags::FILE_INTEGRITY_SYNC
            | DescriptorFlags::DATA_INTEGRITY_SYNC
            | DescriptorFlags::REQUESTED_WRITE_SYNC;
        if descriptor.intersects(synchronous) {
            return Err(ErrorCode::Unsupported.into());
        }
        let folder = open.contains(OpenFlags::DIRECTORY);
        let making = OpenFlags::CREATE | OpenFlags::EXCLUSIVE | OpenFlags::TRUNCATE;
        if folder && open.intersects(making) {
            return Err(ErrorCode::Invalid.into());
        }
        let truncate = open.contains(OpenFlags::TRUNCATE);
        let mut mode = OpenMode::empty();
        mode.set(
            OpenMode::WRITE,
            descriptor.contains(DescriptorFlags::WRITE) || truncate,
        );
        // What is opened for nothing can still be asked about.
        let read = descriptor.contains(DescriptorFlags::READ) || mode.is_empty();
        mode.set(OpenMode::READ, read);
        Ok(Self {
            mode,
            missing: match (
                open.contains(OpenFlags::CREATE),
                open.contains(OpenFlags::EXCLUSIVE),
            ) {
                (false, _) => Missing::Fails,
                (true, false) => Missing::IsMade,
                (true, true) => Missing::IsMadeAlways,
            },
            truncate,
            folder,
            follow: path.contains(PathFlags::SYMLINK_FOLLOW),
        })
    }

    /// A file or folder that is there, to look at; a link is followed.
    pub(super) const fn to_look_at() -> Self {
        Self {
            mode: OpenMode::READ,
            missing: Missing::Fails,
            truncate: false,
            folder: false,
            follow: true,
        }
    }

    /// How the guest may use it.
    pub(super) fn mode(&self) -> OpenMode {
        self.mode
    }

    /// Whether it may change anything.
    pub(super) fn is_change(&self) -> bool {
        self.mode.contains(OpenMode::WRITE) || self.missing != Missing::Fails
    }
}

/// Opens the file or folder at `path`, which starts at the folder `start`. Returns at once, whatever is there.
///
/// # Errors
///
/// The code of the system's own refusal; [`ErrorCode::NotPermitted`] for what is neither a regular file nor a folder,
/// or lies outside; [`ErrorCode::Quota`] where nothing more may be made.
pub(super) async fn open(
    view: &mut View<'_>,
    start: &Resource<Descriptor>,
    path: &str,
    wanted: Wanted,
) -> FsResult<File> {
    platform::open(view, start, path, wanted).await
}

impl View<'_> {
    /// Tells the log of something that is neither a regular file nor a folder.
    fn special(&self, start: &Resource<Descriptor>) -> FsResult<ErrorCode> {
        let guest = self.folder_of(start)?.guest();
        let attempted = format!("opening a pipe, a socket or a device in `{guest}`");
        self.powers.denials.tell_final(Kind::Files, &attempted);
        Ok(ErrorCode::NotPermitted)
    }
}
