//! The file: how it is opened, and what each call does to it.
//!
//! One table of entries and one row of sums, changed together. Keys are kept as bytes, so their order is that of their
//! bytes and no collation has a say; a key or a value is only ever a parameter of a statement, never part of one.

mod opening;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior};

use crate::listing::{self, Page};
use crate::{Key, Quota, StorageError, Usage, VALUE_LIMIT};

/// An open storage.
#[derive(Debug)]
pub struct Storage {
    connection: Connection,
    quota: Quota,
}

impl Storage {
    /// Opens the storage in `file`, which is made where it is missing. No part of the path may be a symbolic link (on
    /// Windows the file itself is for the caller to check).
    ///
    /// # Errors
    ///
    /// Any [`StorageError`] but those about keys, values and quotas. A file that is damaged or not ours is left as it
    /// is.
    pub fn open(file: &Path, quota: Quota) -> Result<Self, StorageError> {
        let connection = opening::open(file, &quota)?;
        Ok(Self { connection, quota })
    }

    /// The value of a key, where there is one. Never waits for a writer.
    ///
    /// # Errors
    ///
    /// [`StorageError::Busy`] only while another process brings a killed one's work to its end; or the disk's.
    pub fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, StorageError> {
        value_of(&self.connection, key)
    }

    /// Sets a key, whatever it had before.
    ///
    /// # Errors
    ///
    /// Any [`StorageError`]; nothing has changed then.
    pub fn set(&mut self, key: &Key, value: &[u8]) -> Result<(), StorageError> {
        check_value(value)?;
        let writing = self.begin()?;
        writing.put(key, value)?;
        writing.commit()
    }

    /// Forgets a key. Returns whether it had a value.
    ///
    /// # Errors
    ///
    /// Any [`StorageError`] but those about values and quotas; nothing has changed then.
    pub fn delete(&mut self, key: &Key) -> Result<bool, StorageError> {
        // What is not there needs no lock.
        if length_of(&self.connection, key)?.is_none() {
            return Ok(false);
        }
        let writing = self.begin()?;
        let was = writing.remove(key)?;
        writing.commit()?;
        Ok(was)
    }

    /// The keys that begin with `prefix` and come after `after`, at most `limit` of them; a limit outside 1 to
    /// [`crate::PAGE_LIMIT`] means the nearest of the two.
    ///
    /// # Errors
    ///
    /// As [`Self::get`].
    pub fn keys(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page, StorageError> {
        listing::page(&self.connection, prefix, after, limit)
    }

    /// Sets the key to `value`, or deletes it where that is `None`, if it has exactly the value `expected` now (`None`:
    /// if it has none). Returns whether it did. No other process can come between the two.
    ///
    /// # Errors
    ///
    /// Any [`StorageError`]; nothing has changed then.
    pub fn compare_and_swap(
        &mut self,
        key: &Key,
        expected: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Result<bool, StorageError> {
        if let Some(value) = value {
            check_value(value)?;
        }
        // Whoever expects the wrong value is told so without the lock: of many that race, all but one are such.
        if self.get(key)?.as_deref() != expected {
            return Ok(false);
        }
        let writing = self.begin()?;
        if value_of(&writing.transaction, key)?.as_deref() != expected {
            return Ok(false);
        }
        match value {
            Some(value) => writing.put(key, value)?,
            None => {
                writing.remove(key)?;
            }
        }
        writing.commit()?;
        Ok(true)
    }

    /// How much is kept.
    ///
    /// # Errors
    ///
    /// As [`Self::get`].
    pub fn usage(&self) -> Result<Usage, StorageError> {
        usage_of(&self.connection)
    }

    /// Forgets everything, and gives the room back to the disk as far as no other process is reading. Returns how much
    /// was kept. What was there is written over, not only given free.
    ///
    /// # Errors
    ///
    /// Any [`StorageError`] but those about keys, values and quotas; nothing has changed then.
    pub fn clear(&mut self) -> Result<Usage, StorageError> {
        self.connection.pragma_update(None, "secure_delete", true)?;
        let writing = self.begin()?;
        let was = usage_of(&writing.transaction)?;
        writing.transaction.execute("DELETE FROM entry", ())?;
        writing.count(Usage::default())?;
        writing.commit()?;
        // Only room: what is in the way of either goes when the last process closes the file.
        for statement in [
            "PRAGMA incremental_vacuum",
            "PRAGMA wal_checkpoint(TRUNCATE)",
        ] {
            _ = self.run_to_its_end(statement);
        }
        Ok(was)
    }

    /// A statement that works in steps, one for each row that it has.
    fn run_to_its_end(&self, statement: &str) -> Result<(), StorageError> {
        let mut statement = self.connection.prepare(statement)?;
        let mut rows = statement.query(())?;
        while rows.next()?.is_some() {}
        Ok(())
    }

    /// Takes the lock. Dropped without [`Writing::commit`], nothing has happened.
    fn begin(&mut self) -> Result<Writing<'_>, StorageError> {
        let quota = self.quota;
        // Not deferred: a lock that is only asked for at the first write can be refused half-way.
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        Ok(Writing { transaction, quota })
    }
}

/// The name under which a damaged storage is set aside, with all that belongs to it: what SQLite appends to the name of
/// the file is part of its content.
pub const COMPANIONS: [&str; 3] = ["", "-wal", "-shm"];

/// The file that goes with `file` under this ending of [`COMPANIONS`].
#[must_use]
pub fn companion(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// A change that is under way.
struct Writing<'a> {
    transaction: Transaction<'a>,
    quota: Quota,
}

impl Writing<'_> {
    fn put(&self, key: &Key, value: &[u8]) -> Result<(), StorageError> {
        let before = usage_of(&self.transaction)?;
        let (old_keys, old_bytes) = match length_of(&self.transaction, key)? {
            Some(value) => (1, size(key) + value),
            None => (0, 0),
        };
        let new_bytes = size(key) + u64::try_from(value.len()).unwrap_or(u64::MAX);
        let after = Usage {
            bytes: before.bytes.saturating_sub(old_bytes) + new_bytes,
            keys: before.keys.saturating_sub(old_keys) + 1,
        };
        self.quota.judge(before, after)?;
        let mut statement = self.transaction.prepare_cached(
            "INSERT INTO entry (key, value) VALUES (?1, ?2) \
             ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )?;
        statement.execute((key.as_bytes(), value))?;
        self.count(after)
    }

    fn remove(&self, key: &Key) -> Result<bool, StorageError> {
        let Some(value) = length_of(&self.transaction, key)? else {
            return Ok(false);
        };
        let before = usage_of(&self.transaction)?;
        let mut statement = self
            .transaction
            .prepare_cached("DELETE FROM entry WHERE key = ?1")?;
        statement.execute((key.as_bytes(),))?;
        self.count(Usage {
            bytes: before.bytes.saturating_sub(size(key) + value),
            keys: before.keys.saturating_sub(1),
        })?;
        Ok(true)
    }

    fn count(&self, usage: Usage) -> Result<(), StorageError> {
        let mut statement = self
            .transaction
            .prepare_cached("UPDATE usage SET bytes = ?1, keys = ?2")?;
        statement.execute((signed(usage.bytes), signed(usage.keys)))?;
        Ok(())
    }

    fn commit(self) -> Result<(), StorageError> {
        Ok(self.transaction.commit()?)
    }
}

fn check_value(value: &[u8]) -> Result<(), StorageError> {
    match value.len() {
        length if length > VALUE_LIMIT => Err(StorageError::ValueTooLong { length }),
        _ => Ok(()),
    }
}

fn value_of(connection: &Connection, key: &Key) -> Result<Option<Vec<u8>>, StorageError> {
    let mut statement = connection.prepare_cached("SELECT value FROM entry WHERE key = ?1")?;
    let value = statement.query_row((key.as_bytes(),), |row| row.get(0));
    Ok(value.optional()?)
}

/// The length of a key's value, which SQLite knows without reading it.
fn length_of(connection: &Connection, key: &Key) -> Result<Option<u64>, StorageError> {
    let mut statement =
        connection.prepare_cached("SELECT length(value) FROM entry WHERE key = ?1")?;
    let length = statement.query_row((key.as_bytes(),), |row| row.get(0));
    Ok(length.optional()?.map(i64::unsigned_abs))
}

fn usage_of(connection: &Connection) -> Result<Usage, StorageError> {
    let mut statement = connection.prepare_cached("SELECT bytes, keys FROM usage")?;
    Ok(statement.query_row((), |row| {
        Ok(Usage {
            bytes: row.get::<_, i64>(0)?.unsigned_abs(),
            keys: row.get::<_, i64>(1)?.unsigned_abs(),
        })
    })?)
}

fn size(key: &Key) -> u64 {
    u64::try_from(key.as_bytes().len()).unwrap_or(u64::MAX)
}

/// SQLite's integers are signed. No file is so long that it matters.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
