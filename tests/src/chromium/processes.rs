//! The processes that were started from one path, read from `/proc`.
//!
//! A browser does not tell the process number of a host. A launcher's path is in the argument list of what was started
//! from it: first, or second where the kernel has put a script's interpreter before it.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How often `/proc` is read while waiting. One reading costs about a millisecond.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Returns the numbers of the running processes that were started from `launcher`. A process that has ended and was
/// not yet collected by its parent does not count.
///
/// # Errors
///
/// Where `/proc` cannot be read.
pub fn started_from(launcher: &Path) -> Result<Vec<u32>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").context("could not read `/proc`")? {
        let Some(number) = entry?
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        // A process may end between the two readings, and then has no arguments.
        let arguments = fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
        if arguments
            .split(|byte| *byte == 0)
            .take(2)
            .any(|one| one == launcher.as_os_str().as_bytes())
        {
            found.push(number);
        }
    }
    Ok(found)
}

/// Waits until no process that was started from `launcher` runs, and returns how long that was after `since`.
///
/// # Errors
///
/// Where one still runs `within` that time after `since`.
pub fn wait_until_gone(launcher: &Path, since: Instant, within: Duration) -> Result<Duration> {
    loop {
        let running = started_from(launcher)?;
        let waited = since.elapsed();
        if running.is_empty() && waited <= within {
            return Ok(waited);
        }
        if waited > within {
            bail!(
                "{} still ran {waited:?} later, as {running:?}",
                launcher.display()
            );
        }
        thread::sleep(LOOK_EVERY);
    }
}
