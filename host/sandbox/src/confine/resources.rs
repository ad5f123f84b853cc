//! Limits of the process on what it can take from the machine, for every Unix.

use rustix::process::{Resource, Rlimit};

use super::Needs;

/// Descriptors that the process may have open at a time: what most systems give a program anyway. It has some ten, each
/// folder of a grant is one more, and a plugin with folders may have 256 files open.
const OPEN_FILES: u64 = 1024;

/// The largest file that the process may write, in bytes, where its plugins need no larger one. The log is rotated at
/// 4 MiB, and what SQLite has not brought to its place yet seldom takes more.
const FILE_SIZE: u64 = 64 * 1024 * 1024;

/// Not address space, which wasmtime reserves by the gigabyte; nor processor time or processes, which add up over a
/// port's life or over all that the user runs.
pub(super) fn limit(needs: &Needs<'_>) -> Result<(), String> {
    for (resource, most) in [
        (Resource::Core, 0),
        (Resource::Nofile, OPEN_FILES),
        (Resource::Fsize, FILE_SIZE.max(needs.file_size)),
    ] {
        let now = rustix::process::getrlimit(resource);
        let most = now.maximum.map_or(most, |maximum| maximum.min(most));
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        rustix::process::setrlimit(resource, limit).map_err(|error| error.to_string())?;
    }
    Ok(())
}
