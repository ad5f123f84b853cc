//! Unix: a mode says whether a file can be executed.

use std::fs::Metadata;
use std::os::unix::fs::PermissionsExt as _;

/// For the owner, the group or others.
const EXECUTE: u32 = 0o111;

pub(super) fn is_executable(found: &Metadata) -> bool {
    found.is_file() && found.permissions().mode() & EXECUTE != 0
}
