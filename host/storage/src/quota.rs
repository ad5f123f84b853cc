//! How much may be kept, and how much is.

use crate::StorageError;

/// How much may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Bytes of all keys and values together.
    pub bytes: u64,
    /// Keys.
    pub keys: u64,
}

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Bytes of all keys and values together.
    pub bytes: u64,
    /// Keys.
    pub keys: u64,
}

/// What an entry takes in the file beside its bytes: its key a second time, in the index, and the bookkeeping of both.
const OVERHEAD: u64 = 600;

/// Pages are at least a third full, or SQLite merges them with their neighbours; the fourth part is for its own trees.
const SPARSENESS: u64 = 4;

/// What a file has whatever is in it, in bytes.
const LEAST: u64 = 1024 * 1024;

impl Quota {
    /// The size that the file cannot exceed while the quota is kept, in bytes. Far more than it ever has.
    #[must_use]
    pub fn largest_file(&self) -> u64 {
        let entries = self.keys.saturating_mul(OVERHEAD);
        let content = self.bytes.saturating_add(entries);
        content.saturating_mul(SPARSENESS).saturating_add(LEAST)
    }

    /// Judges a change from `before` to `after`. What takes no more of anything is always allowed, so that a plugin
    /// whose quota was lowered can still tidy up.
    pub(crate) fn judge(&self, before: Usage, after: Usage) -> Result<(), StorageError> {
        if after.keys > self.keys && after.keys > before.keys {
            return Err(StorageError::TooManyKeys { limit: self.keys });
        }
        if after.bytes > self.bytes && after.bytes > before.bytes {
            return Err(StorageError::TooManyBytes {
                wanted: after.bytes,
                limit: self.bytes,
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_has_edges_and_lets_go_of_what_is_over_it() {
        let quota = Quota { bytes: 10, keys: 2 };
        let usage = |keys, bytes| Usage { keys, bytes };
        for (before, after, allowed) in [
            (usage(0, 0), usage(1, 10), true),
            (usage(0, 0), usage(1, 11), false),
            (usage(2, 5), usage(2, 10), true),
            (usage(2, 5), usage(3, 6), false),
            (usage(5, 50), usage(5, 50), true),
            (usage(5, 50), usage(4, 40), true),
            (usage(5, 50), usage(5, 51), false),
        ] {
            assert_eq!(
                quota.judge(before, after).is_ok(),
                allowed,
                "{before:?} {after:?}"
            );
        }
    }

    #[test]
    fn the_largest_file_has_room_for_the_quota() {
        let quota = Quota {
            bytes: 16 << 20,
            keys: 10_000,
        };
        assert!(quota.largest_file() > 2 * quota.bytes);
        let endless = Quota {
            bytes: u64::MAX,
            keys: u64::MAX,
        };
        assert_eq!(endless.largest_file(), u64::MAX);
    }
}
