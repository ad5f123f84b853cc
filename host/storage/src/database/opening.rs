//! From a path to a connection: settings, format, and the making of a new file.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::usage_of;
use crate::{Quota, StorageError};

/// Stands in the header of every file of ours, so that nothing else is taken for one: "Ptcl".
const APPLICATION: i64 = 0x5074_636c;

/// The only format that there is.
const FORMAT: i64 = 1;

/// The most memory for pages that are kept at hand, in KiB: a listing of a thousand keys and the way to them.
const CACHE: i64 = 1024;

/// The size of a page, in bytes. SQLite's default, set since the largest file is counted in pages.
const PAGE: u64 = 4096;

/// What remains of the log between calls at most, in bytes: what SQLite writes back at once (a thousand pages).
const LOG: u64 = 4 * 1024 * 1024;

/// Tables are strict, so that a value of another type is damage and not a surprise.
const TABLES: &str = "
    CREATE TABLE entry (key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT;
    CREATE TABLE usage (bytes INTEGER NOT NULL, keys INTEGER NOT NULL) STRICT;
    INSERT INTO usage (bytes, keys) VALUES (0, 0);
";

/// Opens the file, and makes it where it is missing.
pub(super) fn open(file: &Path, quota: &Quota) -> Result<Connection, StorageError> {
    make_private(file)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let mut connection = Connection::open_with_flags(file, flags)?;
    configure(&connection)?;
    match Header::read(&mut connection)? {
        Header::Ours(FORMAT) => {}
        Header::Ours(found) if found > FORMAT => {
            return Err(StorageError::Newer {
                found,
                known: FORMAT,
            });
        }
        Header::Empty => make(&mut connection)?,
        Header::Ours(_) | Header::Foreign => return Err(StorageError::Foreign),
    }
    let pages = quota.largest_file() / PAGE;
    connection.pragma_update(
        None,
        "max_page_count",
        i64::try_from(pages).unwrap_or(i64::MAX),
    )?;
    connection.pragma_update(
        None,
        "journal_size_limit",
        i64::try_from(LOG).unwrap_or(i64::MAX),
    )?;
    match usage_of(&connection) {
        // A statement that fits every file of this format does not fit this one.
        Err(StorageError::Failed(cause)) => Err(StorageError::Damaged(cause)),
        Err(error) => Err(error),
        Ok(_) => Ok(connection),
    }
}

/// Makes the file for this user alone: SQLite gives what belongs to it the same mode. A file that is there is not even
/// opened, since closing it would take away the locks that another connection of this process has on it.
fn make_private(file: &Path) -> Result<(), StorageError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(file) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(StorageError::NotMade(error)),
    }
}

fn configure(connection: &Connection) -> Result<(), StorageError> {
    // Waiting is the caller's: see the crate.
    connection.busy_timeout(std::time::Duration::ZERO)?;
    // What is in the file may be made up: nothing in its schema may do more than hold data. Loading an extension by a
    // statement is off from the start.
    for (option, value) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
    ] {
        connection.set_db_config(option, value)?;
    }
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "cache_size", -CACHE)?;
    // No folder for temporary files can be written once the process is confined.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // The log is forced to the disk before a commit returns, so that what was acknowledged outlives a loss of power.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Elsewhere this changes nothing; there, forcing means no more than handing over to the drive.
    #[cfg(target_os = "macos")]
    for option in ["fullfsync", "checkpoint_fullfsync"] {
        connection.pragma_update(None, option, true)?;
    }
    Ok(())
}

/// Whose the file is.
enum Header {
    /// Nobody's yet.
    Empty,
    /// Ours, of this format.
    Ours(i64),
    /// Somebody else's.
    Foreign,
}

impl Header {
    /// Read as of one moment: another process may be making the file, and half of that would look like neither.
    fn read(connection: &mut Connection) -> Result<Self, StorageError> {
        let moment = connection.transaction()?;
        let number = |name| moment.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        Ok(match (number("application_id")?, number("user_version")?) {
            (APPLICATION, format) => Self::Ours(format),
            (0, 0) if is_empty(&moment)? => Self::Empty,
            _ => Self::Foreign,
        })
    }
}

fn is_empty(connection: &Connection) -> Result<bool, StorageError> {
    let parts = connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| {
        row.get::<_, i64>(0)
    })?;
    Ok(parts == 0)
}

/// Makes the tables. Several processes may be at it at once: one makes them, and the others find them made.
fn make(connection: &mut Connection) -> Result<(), StorageError> {
    connection.pragma_update(None, "page_size", i64::try_from(PAGE).unwrap_or(i64::MAX))?;
    // So that the room of what is cleared can be given back. Must come before the first table.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if is_empty(&transaction)? {
        transaction.execute_batch(TABLES)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", FORMAT)?;
    }
    Ok(transaction.commit()?)
}
