//! Unix: the user's number and the permission bits.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::Trouble;

/// Who owns something: the number of a user.
pub type Account = u32;

/// What lets others write to something: its permission bits.
pub type Openness = u32;

/// The bits that let the group or everybody write.
const OTHERS_MAY_WRITE: u32 = 0o022;

/// The administrator.
const ROOT: Account = 0;

/// What speaks against trusting an open file, if anything does.
pub(crate) fn of_file(_file: &File, metadata: &Metadata) -> io::Result<Option<Trouble>> {
    Ok(trouble(metadata))
}

/// The same for a folder.
pub(crate) fn of_folder(_path: &Path, metadata: &Metadata) -> io::Result<Option<Trouble>> {
    Ok(trouble(metadata))
}

/// What speaks against trusting an open file that only administrators may change.
pub(crate) fn of_administrators_file(
    _file: &File,
    metadata: &Metadata,
) -> io::Result<Option<Trouble>> {
    Ok(trouble_of_administrators(metadata))
}

/// The same for a folder.
pub(crate) fn of_administrators_folder(
    _path: &Path,
    metadata: &Metadata,
) -> io::Result<Option<Trouble>> {
    Ok(trouble_of_administrators(metadata))
}

/// Whether a folder belongs to this user.
pub(crate) fn is_ours(folder: &Path) -> bool {
    fs::metadata(folder).is_ok_and(|metadata| metadata.uid() == this_user())
}

/// What lets others write, for a person.
pub(crate) fn shown(mode: &Openness) -> String {
    format!("mode {mode:04o}")
}

/// The command that gives a folder and what is in it to `user`.
pub(crate) fn command_to_own_folder(path: &Path, user: &Account) -> String {
    format!("chown -R {user} {}", path.display())
}

/// The command that gives a file to `user`.
pub(crate) fn command_to_own_file(path: &Path, user: &Account) -> String {
    format!("chown {user} {}", path.display())
}

/// The command that shuts others out of a folder.
pub(crate) fn command_to_close_folder(path: &Path) -> String {
    format!("chmod 700 {}", path.display())
}

/// The command that keeps others from writing to a file.
pub(crate) fn command_to_close_file(path: &Path) -> String {
    format!("chmod go-w {}", path.display())
}

fn trouble(metadata: &Metadata) -> Option<Trouble> {
    let user = this_user();
    let owner = metadata.uid();
    if owner != user {
        return Some(Trouble::ForeignOwner { owner, user });
    }
    openness(metadata)
}

fn trouble_of_administrators(metadata: &Metadata) -> Option<Trouble> {
    match metadata.uid() {
        ROOT => openness(metadata),
        owner => Some(Trouble::ForeignOwner { owner, user: ROOT }),
    }
}

fn openness(metadata: &Metadata) -> Option<Trouble> {
    let mode = metadata.mode() & 0o7777;
    if mode & OTHERS_MAY_WRITE != 0 {
        return Some(Trouble::WritableByOthers { mode });
    }
    None
}

/// The number of the user whose rights this process has.
fn this_user() -> u32 {
    rustix::process::geteuid().as_raw()
}
