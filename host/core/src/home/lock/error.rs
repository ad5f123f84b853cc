//! What can be wrong with `plugins.lock`.

use std::path::PathBuf;

use thiserror::Error;

use crate::home::Position;
use crate::home::guarded::GuardedError;
use crate::names::PluginName;

/// Why the lock cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LockError {
    /// The file is not to be trusted, or cannot be read.
    #[error(transparent)]
    Guarded(#[from] GuardedError),
    /// The text is not a lock. Shown as `path:line:column: problem`.
    #[error("{}:{position}: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where in it.
        position: Position,
        /// What is wrong there.
        problem: LockProblem,
    },
}

/// What is wrong at one place in the lock.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LockProblem {
    /// Not TOML, or not the keys and types of a lock; unknown and duplicate keys are among it.
    #[error("{message}")]
    Shape {
        /// What the reader of TOML says.
        message: String,
    },
    /// Written by a program that is newer than this one.
    #[error(
        "version {version} is newer than this program, which knows version 1: update Portcullis"
    )]
    NewerVersion {
        /// The version found.
        version: i64,
    },
    /// A version that never was.
    #[error("there is no version {version} of this file, only version 1")]
    UnknownVersion {
        /// The version found.
        version: i64,
    },
    /// Two entries have the same name.
    #[error("the plugin `{name}` is there twice")]
    DuplicateName {
        /// The name.
        name: PluginName,
    },
    /// Two entries have the same installation number.
    #[error("the installation number {number} is there twice")]
    DuplicateNumber {
        /// The number.
        number: u64,
    },
    /// A number that would be given again.
    #[error("the installation number {number} is not below `next-number`, which is {next}")]
    NumberTooHigh {
        /// The number.
        number: u64,
        /// The first number that is free.
        next: u64,
    },
    /// A text that goes into the name of a file and has characters that must not.
    #[error("`{}` may hold only letters, digits, `.`, `_`, `+` and `-`", text.escape_debug())]
    NotPlain {
        /// The text.
        text: String,
    },
    /// The artifact's name is not the one that follows from the plugin, the program and the target.
    #[error("the artifact must be called `{expected}`")]
    FileName {
        /// The name that it must have.
        expected: String,
    },
    /// Not a date with a time and a distance from UTC.
    #[error("`{}` is not a time such as `2026-01-31T12:00:00Z`", text.escape_debug())]
    Timestamp {
        /// The text.
        text: String,
    },
}
