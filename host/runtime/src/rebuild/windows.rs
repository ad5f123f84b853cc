//! Windows: the child is in a job with this process, and ended with it.
//!
//! What other handles a browser may have left open to be inherited cannot be told; those of the channel are not
//! (`channel`).

use std::io;
use std::os::windows::process::CommandExt as _;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use portcullis_sandbox::confine::job::{Job, Limits, UserInterface};
use windows_sys::Win32::System::Threading::CREATE_NO_WINDOW;

static IN_JOB: AtomicBool = AtomicBool::new(false);

/// Puts this process into a job, once, so that the child is in it from its first moment.
pub(super) fn prepare(command: &mut Command) -> io::Result<()> {
    // A port has one thread that starts children.
    if !IN_JOB.load(Ordering::SeqCst) {
        Job::new(Limits::default(), UserInterface::Allowed)?.enter()?;
        IN_JOB.store(true, Ordering::SeqCst);
    }
    command.creation_flags(CREATE_NO_WINDOW);
    Ok(())
}
