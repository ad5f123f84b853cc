//! Why a call on a storage has done nothing.

use std::error::Error;
use std::io;

use rusqlite::ErrorCode;
use rusqlite::ffi;

/// Why a call has done nothing. Whatever it is, all that was acknowledged before is still there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// Another process holds the lock. Try again soon.
    #[error("another process holds the lock")]
    Busy,
    /// The value is longer than any may be.
    #[error(
        "a value of {length} bytes is longer than the {} that are taken",
        crate::VALUE_LIMIT
    )]
    ValueTooLong {
        /// Its bytes.
        length: usize,
    },
    /// There would be too many bytes in all.
    #[error("keys and values would be {wanted} bytes together, and `storage` allows {limit}")]
    TooManyBytes {
        /// The bytes that there would be.
        wanted: u64,
        /// The quota.
        limit: u64,
    },
    /// There would be too many keys.
    #[error("there are as many keys as `storage-keys` allows, {limit}")]
    TooManyKeys {
        /// The quota.
        limit: u64,
    },
    /// What is in the file is not what was written.
    #[error("the file is damaged")]
    Damaged(#[source] Cause),
    /// The file was made by something else.
    #[error("the file is a database of another program's")]
    Foreign,
    /// The file was made by a newer version of this program.
    #[error("the file has format {found}, and this version knows {known}: update portcullis")]
    Newer {
        /// Its format.
        found: i64,
        /// The newest that is known here.
        known: i64,
    },
    /// There is no room on the disk, or the process may not write as much.
    #[error("there is no room on the disk")]
    Full(#[source] Cause),
    /// The file cannot be made.
    #[error("the file cannot be made")]
    NotMade(#[source] io::Error),
    /// The system refuses something.
    #[error("the system refuses to read or write the file")]
    Failed(#[source] Cause),
}

/// What SQLite says about it, for the log.
#[derive(Debug)]
pub struct Cause(rusqlite::Error);

impl std::fmt::Display for Cause {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Error for Cause {}

impl From<rusqlite::Error> for StorageError {
    fn from(error: rusqlite::Error) -> Self {
        let extended = error.sqlite_error().map(|inner| inner.extended_code);
        // The limit on the size of a file of the process is the disk's end for it.
        if extended == Some(ffi::SQLITE_IOERR_WRITE) {
            return Self::Full(Cause(error));
        }
        match error.sqlite_error_code() {
            // The second is for a schema that another process has just made.
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::SchemaChanged
                | ErrorCode::FileLockingProtocolFailed,
            ) => Self::Busy,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged(Cause(error))
            }
            Some(ErrorCode::DiskFull) => Self::Full(Cause(error)),
            _ if is_of_another_shape(&error) => Self::Damaged(Cause(error)),
            _ => Self::Failed(Cause(error)),
        }
    }
}

/// Whether a row has not the columns or the types that every such file has.
fn is_of_another_shape(error: &rusqlite::Error) -> bool {
    matches!(
        error,
        rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::QueryReturnedNoRows
    )
}
