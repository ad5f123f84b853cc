//! What one plugin of one route may use: a default, a floor and a ceiling for each limit.
//!
//! [`TABLE`] is the only place where these numbers stand; the README's table is tested against it.

use serde::{Deserialize, Serialize};

use super::quantity::{ByteRate, ByteSize, TimeSpan};
use crate::protocol::INBOUND_CEILING;

/// The limits of one route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// All linear memories and tables of the plugin together.
    pub memory: ByteSize,
    /// Processor time of one call, counted in the guest and not while it waits.
    pub cpu_per_call: TimeSpan,
    /// Time from the beginning of a call to its end, whatever it does, but for waiting on a browser that does not read.
    pub wall_per_call: TimeSpan,
    /// Time, of either kind, for instantiation and `connect` together.
    pub init: TimeSpan,
    /// The longest message that is taken from the browser.
    pub message_in: ByteSize,
    /// What the plugin may add to the log.
    pub log_rate: ByteRate,
    /// Crashes within [`Self::crash_window`] that put the plugin into quarantine for this origin.
    pub crashes: u32,
    /// The time within which crashes count.
    pub crash_window: TimeSpan,
    /// What the plugin may keep for one origin: keys and values together.
    pub storage: ByteSize,
    /// Keys that it may keep for one origin.
    pub storage_keys: u32,
    /// The longest body of an HTTP request, and of a response.
    pub http_body: ByteSize,
    /// HTTP requests at a time.
    pub http_in_flight: u32,
    /// What the plugin may write into the folders that it was granted, in the life of a port.
    pub files_written: ByteSize,
    /// Files, folders and links that it may make there, in the life of a port.
    pub files_made: u32,
    /// Ports of one origin that may be open at a time.
    pub ports: u32,
}

/// One row of the table of limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound<T> {
    /// The key in the policy.
    pub key: &'static str,
    /// The smallest value with which an ordinary plugin can run at all.
    pub floor: T,
    /// What applies where the policy says nothing.
    pub default: T,
    /// The largest value that the policy may set.
    pub ceiling: T,
}

/// Every limit with its bounds.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// See [`Limits::memory`].
    pub memory: Bound<ByteSize>,
    /// See [`Limits::cpu_per_call`].
    pub cpu_per_call: Bound<TimeSpan>,
    /// See [`Limits::wall_per_call`].
    pub wall_per_call: Bound<TimeSpan>,
    /// See [`Limits::init`].
    pub init: Bound<TimeSpan>,
    /// See [`Limits::message_in`].
    pub message_in: Bound<ByteSize>,
    /// See [`Limits::log_rate`].
    pub log_rate: Bound<ByteRate>,
    /// See [`Limits::crashes`].
    pub crashes: Bound<u32>,
    /// See [`Limits::crash_window`].
    pub crash_window: Bound<TimeSpan>,
    /// See [`Limits::storage`].
    pub storage: Bound<ByteSize>,
    /// See [`Limits::storage_keys`].
    pub storage_keys: Bound<u32>,
    /// See [`Limits::http_body`].
    pub http_body: Bound<ByteSize>,
    /// See [`Limits::http_in_flight`].
    pub http_in_flight: Bound<u32>,
    /// See [`Limits::files_written`].
    pub files_written: Bound<ByteSize>,
    /// See [`Limits::files_made`].
    pub files_made: Bound<u32>,
    /// See [`Limits::ports`].
    pub ports: Bound<u32>,
}

/// The numbers.
pub const TABLE: Table = Table {
    // 128 MiB holds a 64 MiB message beside a working set; a Rust plugin needs 2 MiB, Python some 30. The ceiling is
    // what a 32-bit memory can address.
    memory: Bound {
        key: "memory",
        floor: ByteSize::mebibytes(1),
        default: ByteSize::mebibytes(128),
        ceiling: ByteSize::mebibytes(4096),
    },
    // Five seconds is longer than a person waits for a form to fill and shorter than a fan takes to spin up. Below the
    // floor, two ticks of the clock, nothing can be measured.
    cpu_per_call: Bound {
        key: "cpu-per-call",
        floor: TimeSpan::milliseconds(20),
        default: TimeSpan::seconds(5),
        ceiling: TimeSpan::seconds(600),
    },
    // Thirty seconds is the usual patience of an HTTP client, which is what calls wait for.
    wall_per_call: Bound {
        key: "wall-per-call",
        floor: TimeSpan::milliseconds(20),
        default: TimeSpan::seconds(30),
        ceiling: TimeSpan::seconds(3600),
    },
    // A Python component needs a second on a slow machine.
    init: Bound {
        key: "init",
        floor: TimeSpan::milliseconds(20),
        default: TimeSpan::seconds(10),
        ceiling: TimeSpan::seconds(120),
    },
    message_in: Bound {
        key: "message-in",
        floor: ByteSize::kibibytes(1),
        default: ByteSize::mebibytes(INBOUND_CEILING >> 20),
        ceiling: ByteSize::mebibytes(INBOUND_CEILING >> 20),
    },
    // Some five hundred lines a second: enough to debug with, too little to fill a disk before anyone looks.
    log_rate: Bound {
        key: "log-rate",
        floor: ByteRate::each_second(ByteSize::kibibytes(1)),
        default: ByteRate::each_second(ByteSize::kibibytes(64)),
        ceiling: ByteRate::each_second(ByteSize::mebibytes(16)),
    },
    // A plugin that has died five times in ten minutes will die the sixth time, and a person should look.
    crashes: Bound {
        key: "crashes",
        floor: 1,
        default: 5,
        ceiling: 1000,
    },
    crash_window: Bound {
        key: "crash-window",
        floor: TimeSpan::seconds(1),
        default: TimeSpan::seconds(600),
        ceiling: TimeSpan::seconds(24 * 60 * 60),
    },
    // Three times what a page may keep in `localStorage`; whoever needs more than the ceiling needs a folder.
    storage: Bound {
        key: "storage",
        floor: ByteSize::kibibytes(4),
        default: ByteSize::mebibytes(16),
        ceiling: ByteSize::mebibytes(1024),
    },
    // Each key costs an entry in an index beside its bytes, so bytes alone do not bound the file.
    storage_keys: Bound {
        key: "storage-keys",
        floor: 1,
        default: 10_000,
        ceiling: 1_000_000,
    },
    // Larger than any document an interface of the web answers with; a body is streamed, so this is no memory.
    http_body: Bound {
        key: "http-body",
        floor: ByteSize::kibibytes(1),
        default: ByteSize::mebibytes(16),
        ceiling: ByteSize::mebibytes(4096),
    },
    // Six is what browsers open to one host.
    http_in_flight: Bound {
        key: "http-in-flight",
        floor: 1,
        default: 8,
        ceiling: 64,
    },
    // Enough for an export of everything a person has typed, too little to fill a disk at once.
    files_written: Bound {
        key: "files-written",
        floor: ByteSize::kibibytes(1),
        default: ByteSize::mebibytes(256),
        ceiling: ByteSize::mebibytes(1024 * 1024),
    },
    // A file system runs out of inodes as it runs out of bytes.
    files_made: Bound {
        key: "files-made",
        floor: 1,
        default: 10_000,
        ceiling: 10_000_000,
    },
    // Each port is a process of some 10 MiB. Fifty tabs are usual, a thousand are an extension in a loop.
    ports: Bound {
        key: "ports",
        floor: 1,
        default: 64,
        ceiling: 1024,
    },
};

impl<T: Copy + PartialOrd + std::fmt::Display> Bound<T> {
    /// `value`, where it lies within the bounds.
    ///
    /// # Errors
    ///
    /// A sentence that names the key, the value and the bound that it breaks.
    pub fn check(&self, value: T) -> Result<T, String> {
        let Self {
            key,
            floor,
            ceiling,
            ..
        } = self;
        if value < *floor {
            return Err(format!(
                "`{key} = \"{value}\"` is below the least that works, `{floor}`"
            ));
        }
        if value > *ceiling {
            return Err(format!(
                "`{key} = \"{value}\"` is above the ceiling, `{ceiling}`"
            ));
        }
        Ok(value)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: TABLE.memory.default,
            cpu_per_call: TABLE.cpu_per_call.default,
            wall_per_call: TABLE.wall_per_call.default,
            init: TABLE.init.default,
            message_in: TABLE.message_in.default,
            log_rate: TABLE.log_rate.default,
            crashes: TABLE.crashes.default,
            crash_window: TABLE.crash_window.default,
            storage: TABLE.storage.default,
            storage_keys: TABLE.storage_keys.default,
            http_body: TABLE.http_body.default,
            http_in_flight: TABLE.http_in_flight.default,
            files_written: TABLE.files_written.default,
            files_made: TABLE.files_made.default,
            ports: TABLE.ports.default,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_lie_within_their_bounds() {
        assert!(TABLE.memory.check(TABLE.memory.default).is_ok());
        assert!(TABLE.cpu_per_call.check(TABLE.cpu_per_call.default).is_ok());
        assert!(
            TABLE
                .wall_per_call
                .check(TABLE.wall_per_call.default)
                .is_ok()
        );
        assert!(TABLE.init.check(TABLE.init.default).is_ok());
        assert!(TABLE.message_in.check(TABLE.message_in.default).is_ok());
        assert!(TABLE.log_rate.check(TABLE.log_rate.default).is_ok());
        assert!(TABLE.crashes.check(TABLE.crashes.default).is_ok());
        assert!(TABLE.crash_window.check(TABLE.crash_window.default).is_ok());
        for bound in [TABLE.storage, TABLE.http_body, TABLE.files_written] {
            assert!(bound.check(bound.default).is_ok());
        }
        for bound in [
            TABLE.storage_keys,
            TABLE.http_in_flight,
            TABLE.files_made,
            TABLE.ports,
        ] {
            assert!(bound.check(bound.default).is_ok());
        }
    }

    #[test]
    fn a_value_outside_its_bounds_is_named() {
        let above = TABLE
            .message_in
            .check(ByteSize::mebibytes(65))
            .expect_err("over the ceiling");
        assert_eq!(
            above,
            "`message-in = \"65MiB\"` is above the ceiling, `64MiB`"
        );
        let below = TABLE
            .memory
            .check(ByteSize::kibibytes(1))
            .expect_err("under the floor");
        assert_eq!(
            below,
            "`memory = \"1KiB\"` is below the least that works, `1MiB`"
        );
    }
}
