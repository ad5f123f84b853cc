//! The folders of a grant, open, and what may still be done in them.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use portcullis_core::names::escape;
use portcullis_core::policy::{Access, GuestPath, Limits};
use portcullis_core::requests::Requests;
use wasmtime_wasi::filesystem::Dir;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::{FsPerms, OpenMode};

use super::ON_THIS_THREAD;
use super::room::{DEVICES, Held};
use crate::powers::{Denials, Doubt, Kind};

/// One folder that a plugin may use.
pub struct Folder {
    open: Dir,
    guest: String,
    access: Access,
    /// The folder as the policy has it, where a grant could allow more than this one does.
    host: Option<String>,
    /// The place of a device among those of the process.
    _held: Option<Held>,
}

impl Folder {
    /// A folder of a grant. `handle` is the open folder, `guest` where the plugin finds it, and `host` how the policy
    /// names it.
    #[must_use]
    pub fn new(handle: File, guest: &str, access: Access, host: &str) -> Self {
        let (permissions, mode) = match access {
            Access::ReadOnly => (FsPerms::ReadOnly, OpenMode::READ),
            Access::ReadWrite => (FsPerms::ReadWrite, OpenMode::READ | OpenMode::WRITE),
        };
        Self {
            open: Dir::new(handle, permissions, mode, ON_THIS_THREAD),
            guest: guest.to_owned(),
            access,
            host: Some(host.to_owned()),
            _held: None,
        }
    }

    /// A folder that can be read and that no grant allows to be written.
    #[must_use]
    pub fn only_to_read(handle: File, guest: &str) -> Self {
        Self {
            host: None,
            ..Self::new(handle, guest, Access::ReadOnly, "")
        }
    }

    /// The folder of one device, which can be read only. Nothing where the process has as many as it may have.
    #[must_use]
    pub fn of_device(handle: File, guest: &str) -> Option<Self> {
        let held = DEVICES.take()?;
        Some(Self {
            _held: Some(held),
            ..Self::only_to_read(handle, guest)
        })
    }

    /// The open folder, and what for.
    #[must_use]
    pub fn handle(&self) -> (&File, Access) {
        (&self.open.dir, self.access)
    }

    pub(super) fn open(&self) -> &Dir {
        &self.open
    }

    pub(super) fn guest(&self) -> &str {
        &self.guest
    }

    pub(super) fn access(&self) -> Access {
        self.access
    }

    pub(super) fn permissions(&self) -> FsPerms {
        self.open.perms
    }

    /// Tells of a change that was refused here.
    pub(super) fn tell_read_only(&self, denials: &Denials) {
        let guest = &self.guest;
        let attempted = format!("a change in `{guest}`, which is granted read-only");
        match &self.host {
            Some(host) => denials.tell(&attempted, &as_one_word(&format!("fs={host}:{guest}:rw"))),
            None => denials.tell_final(Kind::Files, &attempted),
        }
    }
}

/// The text as one word of a shell's, and safe to show.
fn as_one_word(text: &str) -> String {
    let text = escape(text);
    let is_plain = |c: char| c.is_alphanumeric() || "/:=._~+-,@%".contains(c);
    if text.chars().all(is_plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// The folders of one plugin, and what all its instances in a port may still do in them. Clones are the same.
#[derive(Clone)]
pub struct Folders {
    each: Arc<[Folder]>,
    budget: Arc<Budget>,
    missing: Missing,
}

/// The folders that a plugin may look for and not find. For the log alone: nothing is opened because of them.
#[derive(Clone)]
enum Missing {
    /// Its requests name these, and no grant has them. Most often there are none.
    These(Arc<[MissingFolder]>),
    /// It has requests, and none is for a folder: a look is its language's own.
    NeverAsked,
    /// It has no requests, so it may be looking for any folder or for none.
    Unknown,
}

/// A folder that was asked for and not granted.
struct MissingFolder {
    /// What the plugin tries when it looks for folders.
    attempted: String,
    /// The words that grant it, but for which folder of the machine it is.
    power: String,
}

impl Folders {
    /// These folders, with the whole of what the limits allow.
    #[must_use]
    pub fn new(each: Vec<Folder>, limits: &Limits, denials: &Denials) -> Self {
        Self {
            each: each.into(),
            budget: Arc::new(Budget {
                bytes: AtomicU64::new(limits.files_written.bytes()),
                made: AtomicU64::new(limits.files_made.into()),
                denials: denials.clone(),
            }),
            missing: Missing::Unknown,
        }
    }

    /// The same, of a plugin that asks for this; `None` where it does not say what it asks for. Called before the plugin
    /// starts, for the log to tell a folder that is missed from one that no plugin wants.
    #[must_use]
    pub fn requested(self, requests: Option<&Requests>) -> Self {
        let Some(requests) = requests else {
            return self;
        };
        let missing = if requests.folders.is_empty() {
            Missing::NeverAsked
        } else {
            let asked = requests.folders.iter();
            let missing = asked.filter(|asked| !self.has(&asked.guest));
            let missing = missing.map(|asked| MissingFolder::new(&asked.guest, asked.access));
            Missing::These(missing.collect())
        };
        Self { missing, ..self }
    }

    /// No folder.
    #[must_use]
    pub fn none(denials: &Denials) -> Self {
        Self::new(Vec::new(), &Limits::default(), denials)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.each.is_empty()
    }

    /// The folders, in the order of the policy.
    #[must_use]
    pub fn as_slice(&self) -> &[Folder] {
        &self.each
    }

    pub(super) fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    /// Tells of the folders that the plugin has just looked for and was not granted.
    pub(super) fn tell_missing(&self, denials: &Denials) {
        let (attempted, power) = ("looked for folders, and has none", "fs=FOLDER:/PATH");
        match &self.missing {
            Missing::These(missing) => {
                for MissingFolder { attempted, power } in missing.iter() {
                    denials.tell(attempted, power);
                }
            }
            Missing::NeverAsked if self.is_empty() => {
                denials.tell_doubtful(Doubt::Unlikely, attempted, power);
            }
            Missing::Unknown if self.is_empty() => {
                denials.tell_doubtful(Doubt::Likely, attempted, power);
            }
            Missing::NeverAsked | Missing::Unknown => {}
        }
    }

    /// Whether a folder of the grant is this one, or this one lies in it.
    fn has(&self, asked: &GuestPath) -> bool {
        let granted = self.each.iter().map(|folder| folder.guest.clone());
        let mut granted = granted.filter_map(|guest| GuestPath::try_from(guest).ok());
        granted.any(|granted| asked.is_in(&granted))
    }
}

impl MissingFolder {
    fn new(guest: &GuestPath, access: Access) -> Self {
        let suffix = match access {
            Access::ReadOnly => "",
            Access::ReadWrite => ":rw",
        };
        Self {
            attempted: format!("`{}`, a folder that it asks for", escape(guest.as_str())),
            power: as_one_word(&format!("fs=FOLDER:{}{suffix}", guest.as_str())),
        }
    }
}

/// What may still be written and made, in the life of a port.
pub(super) struct Budget {
    bytes: AtomicU64,
    made: AtomicU64,
    denials: Denials,
}

/// A limit of the policy has been reached.
#[derive(Debug, thiserror::Error)]
#[error("the policy allows no more to be written")]
pub(super) struct Spent;

impl From<Spent> for wasmtime_wasi::p2::FsError {
    fn from(_: Spent) -> Self {
        ErrorCode::Quota.into()
    }
}

impl Budget {
    /// Counts bytes that are about to be written. They are not given back where that fails or the file is removed: a
    /// disk that is written over and over wears as one that fills does.
    pub(super) fn write(&self, bytes: u64) -> Result<(), Spent> {
        let told = ("writing more than was allowed", "files-written");
        self.take(&self.bytes, bytes, told)
    }

    /// Counts one file, folder or link that is about to be made.
    pub(super) fn make(&self) -> Result<(), Spent> {
        let told = ("making more files than were allowed", "files-made");
        self.take(&self.made, 1, told)
    }

    /// What was counted last was not made.
    pub(super) fn unmake(&self) {
        self.made.fetch_add(1, Ordering::Relaxed);
    }

    fn take(&self, left: &AtomicU64, amount: u64, told: (&str, &str)) -> Result<(), Spent> {
        let less = |left: u64| left.checked_sub(amount);
        let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        if taken.is_err() {
            let (attempted, limit) = told;
            self.denials.tell_limit(attempted, limit);
            return Err(Spent);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_can_be_pasted_into_a_shell() {
        for (text, expected) in [
            ("fs=~/Notes:/notes:rw", "fs=~/Notes:/notes:rw"),
            ("fs=/a b:/n:rw", "'fs=/a b:/n:rw'"),
            ("fs=/it's:/n:rw", r"'fs=/it'\''s:/n:rw'"),
            ("fs=/$(x):/n:rw", "'fs=/$(x):/n:rw'"),
            ("fs=/\u{1b}[2J:/n:rw", r"'fs=/\u{1b}[2J:/n:rw'"),
        ] {
            assert_eq!(as_one_word(text), expected);
        }
    }

    #[test]
    fn what_is_spent_is_spent_for_all_instances() {
        let denials = Denials::new(
            &"a@b.example".parse().expect("an origin"),
            &"notes".parse().expect("a name"),
        );
        let limits = Limits {
            files_made: 2,
            ..Limits::default()
        };
        let folders = Folders::new(Vec::new(), &limits, &denials);
        let (first, second) = (folders.budget().clone(), folders.clone().budget().clone());
        assert!(first.make().is_ok() && second.make().is_ok());
        assert!(first.make().is_err() && second.make().is_err());
        first.unmake();
        assert!(second.make().is_ok());
        let all = limits.files_written.bytes();
        assert!(
            first.write(all + 1).is_err(),
            "what is refused costs nothing"
        );
        assert!(first.write(all).is_ok());
        assert!(second.write(1).is_err() && second.write(0).is_ok());
    }
}
