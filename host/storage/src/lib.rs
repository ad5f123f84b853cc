//! Keys and values that outlive a process, for one plugin and one extension: one file of SQLite's.
//!
//! The decision that shaped it: every call is one transaction that never waits. Where another process holds the lock,
//! the call says [`StorageError::Busy`] at once and has done nothing, so a caller with an event loop can wait in its
//! own way and one without can sleep. What a call has acknowledged is on the disk (`synchronous=FULL`: the log is forced
//! out before the call returns), and the quota is counted in the same transaction as what it bounds, so neither a
//! killed process nor fifty at once can bring the two apart.
//!
//! What this does not do: it decides neither who may keep data nor where, and it knows no clock, no plugin and no
//! policy. The folder and the file in it are its caller's to check.

mod database;
mod error;
mod key;
mod listing;
mod quota;

pub use database::{COMPANIONS, Storage, companion};
pub use error::StorageError;
pub use key::{KEY_LIMIT, Key, KeyError};
pub use listing::{PAGE_LIMIT, Page};
pub use quota::{Quota, Usage};

/// The longest value, in bytes: what fits a message to the browser. Whoever keeps more in one piece needs a file.
pub const VALUE_LIMIT: usize = 1024 * 1024;
