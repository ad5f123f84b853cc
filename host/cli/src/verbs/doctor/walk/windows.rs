//! Windows: any file may be started.

use std::fs::Metadata;

pub(super) fn is_executable(found: &Metadata) -> bool {
    found.is_file()
}
