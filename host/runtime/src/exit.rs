//! The exit codes, and the only place that makes them.

use std::io::Write as _;

use portcullis_core::caller::CallerError;

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The port was served to its end.
    Normal,
    /// Nothing could be served, for a reason that the user can mend.
    Misconfigured,
    /// The arguments are not a browser's.
    Usage,
    /// The browser ended in the middle of a frame.
    BrokenFraming,
    /// A fault of the host or of the machine.
    Internal,
}

impl Exit {
    /// The process's exit code. 101 is none of them: it is a panic, and always a bug.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Normal => 0,
            Self::Misconfigured => 1,
            Self::Usage => 2,
            Self::BrokenFraming => 3,
            Self::Internal => 4,
        }
    }
}

/// Tells a person, on standard error, why there was no port, and says how to end for it.
pub(crate) fn report(error: &anyhow::Error) -> Exit {
    let usage = error.downcast_ref::<CallerError>().is_some();
    let hint = if usage {
        "\nportcullis-host is started by a browser; for people there is `portcullis` (try `portcullis --help`)"
    } else {
        ""
    };
    // Standard error may be closed; there is nobody else to tell.
    let _ = writeln!(std::io::stderr(), "portcullis-host: {error:#}{hint}");
    if usage { Exit::Usage } else { Exit::Internal }
}
