//! Windows: on the ticker's thread. It must not wait for anything that the stuck thread could hold, so it ends the
//! process without its own way out, and says so in the log alone: whoever should read standard error may be the reason.

use std::fs::File;
use std::io::Write as _;
use std::sync::OnceLock;

use windows_sys::Win32::System::Threading::{GetCurrentProcess, TerminateProcess};

use super::WORD;

static LOG: OnceLock<File> = OnceLock::new();

/// Where the watchdog's last word goes.
pub(crate) fn remember_log(file: &File) {
    // Without a log it ends the process all the same.
    if let Ok(file) = file.try_clone() {
        _ = LOG.set(file);
    }
}

pub(super) fn give_up() {
    if let Some(mut log) = LOG.get() {
        _ = log.write_all(WORD);
    }
    // SAFETY: the pseudo-handle of this process is always valid. Nothing of the process is needed after this.
    unsafe { TerminateProcess(GetCurrentProcess(), 4) };
}
