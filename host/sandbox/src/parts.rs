//! What a component may be made of: how many instances, tables and memories.
//!
//! The deciding choice: the numbers are fixed, since no setting could mend a component that has more, and they stand
//! apart from wasmtime, so that the inspector, which knows nothing of it, judges by the same ones as a start does.
//!
//! What this does not do: it counts nothing. The inspector counts from the bytes, the budget of an instance from what
//! wasmtime says.

use std::fmt;

/// Core instances in one component. A JavaScript or Python component has fewer than ten.
const INSTANCE_LIMIT: usize = 64;

/// Tables in one component, for the same reason.
const TABLE_LIMIT: usize = 64;

/// Memories in one component: one, or two with an adapter; each reserves address space.
const MEMORY_LIMIT: usize = 16;

/// What a component is made of, as far as the number is bounded. Each takes memory of the host's own beside its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Core modules that are instantiated.
    Instances,
    /// Tables of those.
    Tables,
    /// Linear memories of those.
    Memories,
}

impl Part {
    /// The most that a plugin may have of it.
    #[must_use]
    pub const fn limit(self) -> usize {
        match self {
            Self::Instances => INSTANCE_LIMIT,
            Self::Tables => TABLE_LIMIT,
            Self::Memories => MEMORY_LIMIT,
        }
    }

    /// Judges a number that has been counted before anything runs.
    pub(crate) fn judge(self, found: u64) -> Result<(), TooMany> {
        if found > self.limit() as u64 {
            Err(TooMany { part: self, found })
        } else {
            Ok(())
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Instances => "core instances",
            Self::Tables => "tables",
            Self::Memories => "memories",
        })
    }
}

/// A component of more parts than a plugin may have. A sentence that goes on after "it".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("has at least {found} {part}, and a plugin may have {}: build it with fewer", part.limit())]
pub struct TooMany {
    /// Which part.
    pub part: Part,
    /// How many there are at least: whoever counts may stop at the first that is one too many.
    pub found: u64,
}
