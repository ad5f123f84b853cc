//! The place where one plugin keeps what it keeps, opened when the guest first asks.
//!
//! The folder is open from the start, since nothing can be opened after the confinement but below such folders; the
//! file in it is not, since most ports of a plugin that may keep something never look.

use std::fmt;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use portcullis_core::caller::Origin;
use portcullis_core::names::PluginName;
use portcullis_core::policy::{Access, Limits};
use portcullis_storage::{Quota, StorageError};

use crate::confine::Needs;

/// Shorter rests are left out: whoever changes things this fast has the lock for so short a time that others soon find it
/// free, and a turn of the port's loop would cost as much.
const LEAST_REST: Duration = Duration::from_micros(500);

/// What one plugin keeps for one extension. Clones share it.
#[derive(Clone)]
pub struct Storage {
    shelf: Arc<Shelf>,
}

struct Shelf {
    folder: File,
    file: PathBuf,
    quota: Quota,
    plugin: PluginName,
    /// What follows `portcullis storage` and a verb in a command about it.
    subject: String,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    storage: Option<portcullis_storage::Storage>,
    /// Until when the lock is left to others.
    rests_until: Option<Instant>,
    /// What the log has been told: a disk that is full is one line, not one for each call.
    told: Vec<&'static str>,
}

impl Storage {
    /// The storage in `file`, which lies in `folder` and need not be there yet. `file` must be a path without links.
    #[must_use]
    pub fn new(
        folder: File,
        file: PathBuf,
        limits: &Limits,
        origin: &Origin,
        plugin: &PluginName,
    ) -> Self {
        Self {
            shelf: Arc::new(Shelf {
                folder,
                file,
                quota: Quota {
                    bytes: limits.storage.bytes(),
                    keys: limits.storage_keys.into(),
                },
                plugin: plugin.clone(),
                subject: format!("{origin} {plugin}"),
                open: Mutex::default(),
            }),
        }
    }

    /// Adds the folder and the size of its files to what the process needs.
    pub(crate) fn add_needs<'a>(&'a self, needs: &mut Needs<'a>) {
        let Shelf { folder, quota, .. } = &*self.shelf;
        needs.folders.push((folder, Access::ReadWrite));
        needs.file_size = needs.file_size.max(quota.largest_file());
    }

    /// Until when this port should leave the lock to others, if it should. A port that changes one thing after the other
    /// would otherwise have the lock nearly all the time, and SQLite keeps no queue: others could only take it by
    /// chance, in the moment between two changes.
    pub(super) fn rests_until(&self) -> Option<Instant> {
        self.lock()
            .rests_until
            .filter(|until| Instant::now() < *until)
    }

    /// A change has taken so long. For a quarter of that the lock is then left to others, so they find it free one time
    /// in five, however slow the disk is.
    pub(super) fn rest_after(&self, worked: Duration) {
        let rest = worked / 4;
        self.lock().rests_until = (rest >= LEAST_REST).then(|| Instant::now() + rest);
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // SQLite takes back what a panic has left half-done, as what a killed process has.
        let Shelf { open, .. } = &*self.shelf;
        open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something once, and opens the file first where that is still to be done.
    pub(super) fn attempt<T>(
        &self,
        attempt: impl FnOnce(&mut portcullis_storage::Storage) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let mut open = self.lock();
        let done = self.try_attempt(&mut open, attempt);
        if let Err(error) = &done {
            self.tell(&mut open, error);
        }
        done
    }

    fn try_attempt<T>(
        &self,
        open: &mut Open,
        attempt: impl FnOnce(&mut portcullis_storage::Storage) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let Shelf { file, quota, .. } = &*self.shelf;
        let storage = match &mut open.storage {
            Some(storage) => storage,
            none => none.insert(portcullis_storage::Storage::open(file, *quota)?),
        };
        attempt(storage)
    }

    /// Writes to the log what only a person can mend.
    fn tell(&self, open: &mut Open, error: &StorageError) {
        let Shelf {
            file,
            plugin,
            subject,
            ..
        } = &*self.shelf;
        let (kind, mending) = match error {
            StorageError::Damaged(_) | StorageError::Foreign => (
                "damaged",
                format!(
                    "it is left as it is: put a copy back in its place, or set it aside and begin anew by `portcullis \
                     storage clear {subject}`"
                ),
            ),
            StorageError::Newer { .. } => ("newer", "it is left as it is".to_owned()),
            StorageError::Full(_) => (
                "full",
                "make room, what was kept before is there".to_owned(),
            ),
            StorageError::Failed(_) | StorageError::NotMade(_) => {
                ("failed", "what was kept before is there".to_owned())
            }
            // The plugin's own doing, or nobody's; it is told.
            _ => return,
        };
        if open.told.contains(&kind) {
            return;
        }
        open.told.push(kind);
        let cause = std::error::Error::source(error);
        let cause = cause.map_or(String::new(), |cause| format!(": {cause}"));
        let file = file.display();
        tracing::error!(%plugin, "cannot use the storage `{file}`: {error}{cause}; {mending}");
    }
}

impl fmt::Debug for Storage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shelf { file, quota, .. } = &*self.shelf;
        let mut shown = formatter.debug_struct("Storage");
        shown.field("file", file).field("quota", quota).finish()
    }
}
