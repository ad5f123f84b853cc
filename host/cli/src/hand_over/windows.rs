//! Windows: the other program is started, and this one waits for it.
//!
//! Both are in one job, so ending this one ends the other. The channel is the other one's alone: it inherits the pipes,
//! and this one neither reads nor writes. The name under which this one was started cannot be passed on; a launcher,
//! which has one that counts, is never a copy of this program.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

use portcullis_sandbox::confine::job::{Job, Limits, UserInterface};

use crate::exit::{HandedOver, Internal};

/// Runs `program` to its end.
pub(super) fn become_program(
    program: &Path,
    _name: Option<&OsStr>,
    further: &[OsString],
) -> anyhow::Error {
    let ended = Job::new(Limits::default(), UserInterface::Allowed)
        .and_then(Job::enter)
        .and_then(|()| Command::new(program).args(further).status());
    match ended {
        // A code that is none of ours is a fault, as a signal is elsewhere.
        Ok(status) => HandedOver {
            code: status
                .code()
                .and_then(|code| code.try_into().ok())
                .unwrap_or(4),
        }
        .into(),
        Err(error) => Internal(format!("cannot start `portcullis-host`: {error}")).into(),
    }
}
