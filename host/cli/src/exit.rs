//! The exit codes, and the only place that makes them.
//!
//! 0 done · 1 refused or misconfigured, the user can mend it · 2 wrong usage · 4 internal error. An error is of the
//! second kind unless it says otherwise: this program does little that the user has no hand in.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use thiserror::Error;

use crate::output::{OutputError, plain_lines};

/// Marks an error as nobody's fault but ours or the machine's.
#[derive(Debug, Error)]
#[error("{0}")]
pub(crate) struct Internal(pub(crate) String);

/// Marks an error as one in what was typed, where the usage could not say so.
#[derive(Debug, Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// Not an error of this program: another one has run in its place and ended with this code.
#[cfg(windows)]
#[derive(Debug, Error)]
#[error("portcullis-host ended with code {code}")]
pub(crate) struct HandedOver {
    pub(crate) code: u8,
}

/// The exit code of a verb's result. An error is told to the person, with its causes, on standard error.
pub(crate) fn code(result: Result<()>) -> ExitCode {
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    #[cfg(windows)]
    if let Some(HandedOver { code }) = error.downcast_ref() {
        return ExitCode::from(*code);
    }
    if let Some(usage) = error.downcast_ref::<clap::Error>() {
        // Also how help and version come: they are asked for, and end with 0.
        _ = usage.print();
        return if usage.use_stderr() {
            ExitCode::from(2)
        } else {
            ExitCode::SUCCESS
        };
    }
    if error.chain().any(is_closed_output) {
        // Whoever read our output has seen enough, as in `portcullis list | head -1`.
        return ExitCode::SUCCESS;
    }
    // With standard error closed there is nobody to tell, and the code still says it.
    // A cause may quote a file that somebody else wrote, and a terminal obeys.
    let told = plain_lines(&format!("{error:#}"));
    _ = writeln!(io::stderr().lock(), "error: {told}");
    let is = |wanted: fn(&(dyn std::error::Error + 'static)) -> bool| error.chain().any(wanted);
    ExitCode::from(if is(|cause| cause.is::<Usage>()) {
        2
    } else if is(|cause| cause.is::<Internal>()) {
        4
    } else {
        1
    })
}

fn is_closed_output(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause
        .downcast_ref::<OutputError>()
        .is_some_and(|error| error.0.kind() == io::ErrorKind::BrokenPipe)
}
