//! Unix: limits of the process itself end it by a signal.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitStatus};

use rustix::process::Signal;

/// The child sees to its own end (`compile-artifact`).
pub(super) fn prepare(_command: &mut Command) -> io::Result<()> {
    Ok(())
}

/// The limit that has ended a child with this status and these words, if one has.
pub(super) fn limit_met(status: ExitStatus, words: &str) -> Option<&'static str> {
    let is = |signal: Signal| status.signal() == Some(signal.as_raw());
    if is(Signal::XCPU) {
        Some("time")
    } else if is(Signal::XFSZ) {
        Some("size of the native code")
    } else if is(Signal::ABORT) && words.contains("overflowed its stack") {
        Some("stack")
    } else if is(Signal::ABORT) || is(Signal::KILL) {
        // A failed allocation aborts; the kernel kills where the machine itself has no more.
        Some("memory")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::failure;
    use super::*;
    use crate::exit::Internal;

    fn said(status: i32, words: &str) -> String {
        failure(ExitStatus::from_raw(status), words).to_string()
    }

    #[test]
    fn the_end_of_the_child_is_put_into_words() {
        let exit = |code: i32| code << 8;
        let limits = |limit: &str| {
            format!(
                "the compiler was stopped by its limits ({limit}): the component asks for too much"
            )
        };
        let cases = [
            (Signal::XCPU.as_raw(), "", limits("time")),
            (Signal::KILL.as_raw(), "", limits("memory")),
            (
                Signal::ABORT.as_raw(),
                "memory allocation of 1 bytes failed",
                limits("memory"),
            ),
            (
                Signal::ABORT.as_raw(),
                "thread 'main' has overflowed its stack",
                limits("stack"),
            ),
            (Signal::XFSZ.as_raw(), "", limits("size of the native code")),
            (exit(1), "error: it is broken", "it is broken".to_owned()),
        ];
        for (status, words, expected) in cases {
            assert_eq!(said(status, words), expected);
        }
        let panicked = failure(ExitStatus::from_raw(exit(101)), "oh");
        assert!(panicked.is::<Internal>(), "{panicked}");
        assert!(failure(ExitStatus::from_raw(Signal::SEGV.as_raw()), "").is::<Internal>());
    }
}
