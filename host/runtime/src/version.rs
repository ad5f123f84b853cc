//! `portcullis-host --version`: the one thing that this program says to a person, so that `portcullis doctor` can tell
//! whether the two programs beside each other belong together.
//!
//! The first argument of a browser's start is an origin or a path, so this is never one. It is looked for before
//! anything is opened, and nothing else is done.

use std::ffi::OsString;
use std::io::Write as _;

use portcullis_sandbox::PROGRAM_VERSION;

use crate::exit::Exit;

/// Whether `arguments`, the whole of argv, ask for the version and for nothing else.
pub(crate) fn is_asked_for(arguments: &[OsString]) -> bool {
    matches!(arguments, [_, only] if only == "--version")
}

/// Prints it on standard output, which is no browser's channel then.
pub(crate) fn tell() -> Exit {
    let told = writeln!(
        std::io::stdout().lock(),
        "portcullis-host {PROGRAM_VERSION}"
    );
    told.map_or(Exit::Internal, |()| Exit::Normal)
}
