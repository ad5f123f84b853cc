//! The log file that the user can read. The host cuts lines at 8 KiB, escapes them, tags them with the plugin's name
//! and limits their rate. What an extension sends has no place in it.

use crate::bindings::log::{Level, write};

/// What only a developer wants to know; in the file where `PORTCULLIS_LOG=debug`.
pub fn debug(text: impl AsRef<str>) {
    write(Level::Debug, text.as_ref())
}

/// What happened.
pub fn info(text: impl AsRef<str>) {
    write(Level::Info, text.as_ref())
}

/// What is odd, and went on.
pub fn warn(text: impl AsRef<str>) {
    write(Level::Warn, text.as_ref())
}

/// What failed.
pub fn error(text: impl AsRef<str>) {
    write(Level::Error, text.as_ref())
}
