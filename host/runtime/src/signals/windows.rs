//! Windows: events of the console, which come on a thread of the system's.
//!
//! Browsers start the host without a console or with a hidden one, and end it by its input or at once; so this is for
//! the end of the user's session, and for a person at a terminal.

use std::io;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use windows_sys::Win32::System::Console::{CTRL_BREAK_EVENT, CTRL_C_EVENT, SetConsoleCtrlHandler};
use windows_sys::core::BOOL;

use super::ENDED;
use crate::channel::bell;

/// Longer than a port takes to end. The system waits for a handler five seconds.
const LONGER_THAN_THE_END: Duration = Duration::from_secs(2);

/// The event has been dealt with.
const HANDLED: BOOL = 1;

/// Installs the handler.
pub(super) fn install() -> io::Result<()> {
    // SAFETY: the handler is a function of this program, which is never unloaded.
    if unsafe { SetConsoleCtrlHandler(Some(on_event), 1) } == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

unsafe extern "system" fn on_event(event: u32) -> BOOL {
    ENDED.store(true, Ordering::SeqCst);
    bell::ring();
    if event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT {
        // The window is closed or the session ends: as soon as this returns, the system ends the process.
        thread::sleep(LONGER_THAN_THE_END);
    }
    HANDLED
}
