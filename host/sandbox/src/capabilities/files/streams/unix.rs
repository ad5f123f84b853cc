//! Unix: at a place in an open file, whose own place is of no meaning.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use rustix::fs::OFlags;

pub(super) fn read_at(file: &File, bytes: &mut [u8], position: u64) -> io::Result<usize> {
    file.read_at(bytes, position)
}

pub(super) fn write_at(file: &File, bytes: &[u8], position: u64) -> io::Result<usize> {
    file.write_at(bytes, position)
}

/// Writes at the end, wherever another program has moved it to. The file is in that state for one call only, since
/// writing at a place would not work then; nobody else uses the descriptor meanwhile, as there is one thread.
pub(super) fn append(file: &File, bytes: &[u8]) -> io::Result<usize> {
    let before = rustix::fs::fcntl_getfl(file)?;
    rustix::fs::fcntl_setfl(file, before | OFlags::APPEND)?;
    let written = rustix::io::write(file, bytes);
    rustix::fs::fcntl_setfl(file, before)?;
    Ok(written?)
}
