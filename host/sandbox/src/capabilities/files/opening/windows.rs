//! Windows: wasmtime-wasi opens, and refuses the names of devices. A folder there holds no pipes, sockets or devices,
//! so there is nothing to wait for; what is not a regular file or a folder is refused all the same.

use std::fs::File;
use std::sync::Arc;

use wasmtime::component::Resource;
use wasmtime_wasi::OpenMode;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, DescriptorType, ErrorCode, HostDescriptor as _, OpenFlags, PathFlags,
};

use super::{Missing, View, Wanted};

pub(super) async fn open(
    view: &mut View<'_>,
    start: &Resource<Descriptor>,
    path: &str,
    wanted: Wanted,
) -> FsResult<File> {
    let (links, open, descriptor) = flags(wanted);
    let borrowed = || Resource::new_borrow(start.rep());
    let there = view
        .inner()
        .stat_at(borrowed(), links, path.to_owned())
        .await;
    let is_new = match there {
        Ok(there) => match there.type_ {
            DescriptorType::RegularFile
            | DescriptorType::Directory
            | DescriptorType::SymbolicLink => false,
            _ => return Err(view.special(start)?.into()),
        },
        Err(error) => match error.downcast_ref() {
            Some(ErrorCode::NoEntry) if wanted.missing != Missing::Fails => true,
            _ => return Err(error),
        },
    };
    if is_new {
        view.budget().make()?;
    }
    let mut inner = view.inner();
    let opened = inner.open_at(borrowed(), links, path.to_owned(), open, descriptor);
    let mut opened = opened.await;
    if is_new {
        opened = view.making(opened);
    }
    let shared = match view.table.delete(opened?)? {
        Descriptor::Dir(folder) => folder.dir,
        Descriptor::File(file) => file.file,
    };
    let file = Arc::try_unwrap(shared).or_else(|shared| shared.try_clone())?;
    let metadata = file.metadata()?;
    if metadata.is_file() || metadata.is_dir() {
        Ok(file)
    } else {
        Err(view.special(start)?.into())
    }
}

/// What a guest's flags were before they were understood.
fn flags(wanted: Wanted) -> (PathFlags, OpenFlags, DescriptorFlags) {
    let mut links = PathFlags::empty();
    if wanted.follow {
        links |= PathFlags::SYMLINK_FOLLOW;
    }
    let mut open = OpenFlags::empty();
    for (flag, is_set) in [
        (OpenFlags::CREATE, wanted.missing != Missing::Fails),
        (
            OpenFlags::EXCLUSIVE,
            wanted.missing == Missing::IsMadeAlways,
        ),
        (OpenFlags::TRUNCATE, wanted.truncate),
        (OpenFlags::DIRECTORY, wanted.folder),
    ] {
        if is_set {
            open |= flag;
        }
    }
    let mut descriptor = DescriptorFlags::empty();
    for (flag, mode) in [
        (DescriptorFlags::READ, OpenMode::READ),
        (DescriptorFlags::WRITE, OpenMode::WRITE),
    ] {
        if wanted.mode.contains(mode) {
            descriptor |= flag;
        }
    }
    (links, open, descriptor)
}
