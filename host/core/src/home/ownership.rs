//! The one rule about whose a file or folder must be, applied to every one that is opened: this user's, and writable by
//! nobody else; or, for what holds for the whole machine, the administrators'. What an owner is and what lets others write differ by system, and so do the commands that mend it.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

pub use platform::{Account, Openness};
pub(crate) use platform::{
    command_to_close_file, command_to_close_folder, command_to_own_file, command_to_own_folder,
    is_ours, of_administrators_file, of_administrators_folder, of_file, of_folder, shown,
};

/// Why a file or folder is not to be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It belongs to another user. On Unix root counts as another: a file that root put there was not put there by
    /// the programs, which never run as root for somebody else.
    ForeignOwner { owner: Account, user: Account },
    /// The group, everybody or some third account may write to it.
    WritableByOthers { mode: Openness },
}
