//! Windows: at a place in an open file, whose own place is of no meaning.

use std::fs::File;
use std::io;
use std::os::windows::fs::FileExt as _;

pub(super) fn read_at(file: &File, bytes: &mut [u8], position: u64) -> io::Result<usize> {
    file.seek_read(bytes, position)
}

pub(super) fn write_at(file: &File, bytes: &[u8], position: u64) -> io::Result<usize> {
    file.seek_write(bytes, position)
}

/// Writes at the end as it is now. Windows has no such thing for a file that is open for writing anywhere.
pub(super) fn append(file: &File, bytes: &[u8]) -> io::Result<usize> {
    file.seek_write(bytes, file.metadata()?.len())
}
