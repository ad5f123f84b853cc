//! Unix: where system administrators look for settings.

use std::io;
use std::path::PathBuf;

/// The file's place.
pub(super) fn file() -> io::Result<PathBuf> {
    Ok(PathBuf::from(if cfg!(target_os = "macos") {
        "/Library/Application Support/Portcullis/policy.toml"
    } else {
        "/etc/portcullis/policy.toml"
    }))
}
