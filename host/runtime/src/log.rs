//! Where the host's own words go: warnings to standard error, which is the browser's log, and everything from the set
//! level up to `<home>/logs/portcullis.log`, which is the user's.
//!
//! Never on the channel, and never the body of a message or a reply. Both ways go through [`redaction`], which takes the
//! secrets out that this port knows. A log that cannot be written is no reason to refuse a port: the host then says so
//! on standard error and goes on.

mod lines;
mod redaction;

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use portcullis_core::home::{self, Home};
use tracing::level_filters::LevelFilter;

use lines::Lines;
pub(crate) use redaction::conceal;

/// The name of the log file.
const FILE_NAME: &str = "portcullis.log";

/// Where a full log is kept. One generation: the log is for finding out what happened just now.
const OLD_FILE_NAME: &str = "portcullis.log.1";

/// Bytes at which a log is full. With the old one, a home never holds more than twice this, plus what one process
/// writes in its life.
const SIZE_LIMIT: u64 = 4 * 1024 * 1024;

/// Starts logging. Without a home there is only standard error.
pub(crate) fn start(home: Option<&Home>, level: LevelFilter) {
    let opened = home.map(|home| open(&home.logs())).transpose();
    let (file, fault) = match opened {
        Ok(file) => (file, None),
        Err(fault) => (None, Some(fault)),
    };
    if let Some(file) = &file {
        crate::watchdog::remember_log(file);
    }
    tracing::subscriber::set_global_default(Lines::new(file.map(Arc::new), level))
        .expect("a program starts logging once");
    if let Some(fault) = fault {
        tracing::warn!("failed to open the log file: {fault}");
    }
}

/// Opens the log for appending, after moving a full one away.
fn open(folder: &Path) -> io::Result<File> {
    let path = folder.join(FILE_NAME);
    let file = match home::append(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            home::make_folder(folder)?;
            home::append(&path)?
        }
        opened => opened?,
    };
    if file.metadata()?.len() < SIZE_LIMIT {
        return Ok(file);
    }
    std::fs::rename(&path, folder.join(OLD_FILE_NAME))?;
    home::append(&path)
}
