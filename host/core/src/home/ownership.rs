//! The one rule about whose a file or folder must be, applied to every one that is opened.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

/// The bits that let the group or everybody write.
const OTHERS_MAY_WRITE: u32 = 0o022;

/// Why a file or folder is not to be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It belongs to another user. Root counts as another: a file that root put there was not put there by the
    /// programs, which never run as root for somebody else.
    ForeignOwner { owner: u32, user: u32 },
    /// Its mode lets the group or everybody write.
    WritableByOthers { mode: u32 },
}

/// What speaks against trusting the file or folder, if anything does.
pub(crate) fn trouble(metadata: &Metadata) -> Option<Trouble> {
    let user = this_user();
    let owner = metadata.uid();
    if owner != user {
        return Some(Trouble::ForeignOwner { owner, user });
    }
    let mode = metadata.mode() & 0o7777;
    if mode & OTHERS_MAY_WRITE != 0 {
        return Some(Trouble::WritableByOthers { mode });
    }
    None
}

/// The number of the user whose rights this process has.
pub(crate) fn this_user() -> u32 {
    rustix::process::geteuid().as_raw()
}
