//! Windows: limits of a job end the process with a code of the system's.

use std::io;
use std::os::windows::process::CommandExt as _;
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};

use portcullis_sandbox::confine::job::{Job, Limits, UserInterface};
use windows_sys::Win32::Foundation::{
    ERROR_NOT_ENOUGH_QUOTA, STATUS_STACK_BUFFER_OVERRUN, STATUS_STACK_OVERFLOW,
};
use windows_sys::Win32::System::Threading::CREATE_NO_WINDOW;

static IN_JOB: AtomicBool = AtomicBool::new(false);

/// Puts this process into a job, once, so that the compiler is in it from its first moment and is ended with this
/// process.
pub(super) fn prepare(command: &mut Command) -> io::Result<()> {
    // One thread starts compilers, one after the other.
    if !IN_JOB.load(Ordering::SeqCst) {
        Job::new(Limits::default(), UserInterface::Allowed)?.enter()?;
        IN_JOB.store(true, Ordering::SeqCst);
    }
    command.creation_flags(CREATE_NO_WINDOW);
    Ok(())
}

/// The limit that has ended a child with this status and these words, if one has. The size of the native code is not
/// among them: the child checks it.
pub(super) fn limit_met(status: ExitStatus, words: &str) -> Option<&'static str> {
    match status.code()?.cast_unsigned() {
        ERROR_NOT_ENOUGH_QUOTA => Some("time"),
        code if code == STATUS_STACK_OVERFLOW.cast_unsigned() => Some("stack"),
        // How an abort ends, and a failed allocation is one.
        code if code == STATUS_STACK_BUFFER_OVERRUN.cast_unsigned()
            && words.contains("memory allocation") =>
        {
            Some("memory")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::os::windows::process::ExitStatusExt as _;

    use super::super::failure;
    use super::*;
    use crate::exit::Internal;

    #[test]
    fn the_end_of_the_child_is_put_into_words() {
        let cases = [
            (1816, "", "(time)"),
            (0xc000_00fd, "", "(stack)"),
            (
                0xc000_0409,
                "memory allocation of 1 bytes failed",
                "(memory)",
            ),
            (1, "error: it is broken", "it is broken"),
        ];
        for (code, words, expected) in cases {
            let said = failure(ExitStatus::from_raw(code), words).to_string();
            assert!(said.contains(expected), "{said}");
        }
        for code in [101, 0xc000_0409, 0xc000_0005] {
            assert!(failure(ExitStatus::from_raw(code), "oh").is::<Internal>());
        }
    }
}
