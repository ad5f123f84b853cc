//! Limits of the process on what it can take from the machine, for every Unix.

use rustix::process::{Resource, Rlimit};

/// Descriptors that the process may have open at a time. It has some ten, and each preopen of a plugin is one more.
const OPEN_FILES: u64 = 256;

/// The largest file that the process may write, in bytes. The log is rotated at 4 MiB; nothing else is written.
const FILE_SIZE: u64 = 64 * 1024 * 1024;

/// Not address space, which wasmtime reserves by the gigabyte; nor processor time or processes, which add up over a
/// port's life or over all that the user runs.
pub(super) fn limit() -> Result<(), String> {
    for (resource, most) in [
        (Resource::Core, 0),
        (Resource::Nofile, OPEN_FILES),
        (Resource::Fsize, FILE_SIZE),
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
