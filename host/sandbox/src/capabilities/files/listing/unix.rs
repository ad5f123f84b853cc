//! Unix: the folder is opened once more, so that each listing has a place of its own in it.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStringExt as _;

use rustix::fs::{AtFlags, Dir, FileType};
use wasmtime_wasi::p2::bindings::filesystem::types::DescriptorType;

/// The names in a folder that are still to come.
pub(super) struct Names(Dir);

impl Names {
    pub(super) fn of(folder: &File) -> io::Result<Self> {
        Ok(Self(Dir::read_from(folder)?))
    }

    /// The next name and what has it, but for the folder's own two.
    pub(super) fn next_entry(&mut self) -> Option<io::Result<(OsString, DescriptorType)>> {
        loop {
            let entry = match self.0.read()? {
                Ok(entry) => entry,
                Err(error) => return Some(Err(error.into())),
            };
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let mut kind = entry.file_type();
            if kind == FileType::Unknown {
                // Some file systems do not say.
                let folder = match self.0.fd() {
                    Ok(folder) => folder,
                    Err(error) => return Some(Err(error.into())),
                };
                match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(there) => kind = FileType::from_raw_mode(there.st_mode),
                    Err(rustix::io::Errno::NOENT) => continue,
                    Err(error) => return Some(Err(error.into())),
                }
            }
            let name = OsString::from_vec(name.to_bytes().to_vec());
            return Some(Ok((name, type_of(kind))));
        }
    }
}

fn type_of(kind: FileType) -> DescriptorType {
    match kind {
        FileType::RegularFile => DescriptorType::RegularFile,
        FileType::Directory => DescriptorType::Directory,
        FileType::Symlink => DescriptorType::SymbolicLink,
        FileType::Fifo => DescriptorType::Fifo,
        FileType::Socket => DescriptorType::Socket,
        FileType::CharacterDevice => DescriptorType::CharacterDevice,
        FileType::BlockDevice => DescriptorType::BlockDevice,
        _ => DescriptorType::Unknown,
    }
}
