//! Compiling in a child process with limits, seen from the parent.
//!
//! The deciding choice: wasmtime promises nothing about the time and memory that compiling a hostile component takes,
//! so it is never done in a process that anybody waits for. The child is this program again with the hidden verb
//! `compile-artifact`; it takes its own limits first thing, and here it is watched by the clock. Whatever it leaves is
//! in a temporary file that only a success moves into place.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::env;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::exit::Internal;
use crate::output;
use crate::progress::Progress;
#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

/// How long a compilation may take by the clock on the wall. Longer than the CPU time that the child allows itself, so
/// that this fires only where the machine is overloaded.
const PATIENCE: Duration = Duration::from_secs(180);

/// The pause between two looks at the child. Short beside the shortest compilation.
const PAUSE: Duration = Duration::from_millis(10);

/// The most that is kept of what the child says about a failure.
const LONGEST_WORDS: u64 = 4096;

/// The exit code of a panic, which is always a bug.
const PANICKED: i32 = 101;

/// Compiles the component in the file `input` into the file `output`, which must be there. `what` is what a person is
/// told that is being compiled, and `size` how large it is.
///
/// Returns once the child has ended. What it left in `output` after a failure is of no use.
pub(crate) fn compile(input: &Path, output: &Path, what: &str, size: u64) -> anyhow::Result<()> {
    let not_started = |error: io::Error| Internal(format!("cannot start the compiler: {error}"));
    // A file and not a pipe: nobody has to read while the child writes.
    let mut words = tempfile::tempfile().map_err(not_started)?;
    let program = env::current_exe().map_err(not_started)?;
    let mut command = Command::new(program);
    command
        .arg("compile-artifact")
        .args([input, output])
        .args(["--parent", &std::process::id().to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(words.try_clone().map_err(not_started)?);
    let child = platform::prepare(&mut command)
        .and_then(|()| command.spawn())
        .map_err(not_started)?;
    let progress = Progress::begin(&format!("compiling `{what}` ({})", output::size(size)));
    let ended = watch(child, &progress);
    progress.end();
    match ended.map_err(|error| Internal(format!("cannot watch the compiler: {error}")))? {
        Ended::ByItself(status) if status.success() => Ok(()),
        Ended::ByItself(status) => Err(failure(status, &read_words(&mut words))),
        Ended::ByClock => Err(CompileFailure::Limits { limit: "time" }.into()),
    }
}

/// Why there is no native code, where that is not our own fault.
#[derive(Debug, Error)]
enum CompileFailure {
    #[error("the compiler was stopped by its limits ({limit}): the component asks for too much")]
    Limits { limit: &'static str },
    #[error("{words}")]
    Refused { words: String },
}

enum Ended {
    ByItself(ExitStatus),
    ByClock,
}

fn watch(mut child: Child, progress: &Progress) -> io::Result<Ended> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Ended::ByItself(status));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(Ended::ByClock);
        }
        progress.tick();
        thread::sleep(PAUSE);
    }
}

fn read_words(words: &mut File) -> String {
    let mut bytes = Vec::new();
    let read = words
        .seek(SeekFrom::Start(0))
        .and_then(|_| words.take(LONGEST_WORDS).read_to_end(&mut bytes));
    // Without its words the failure is still a failure.
    read.map(|_| String::from_utf8_lossy(&bytes).trim().to_owned())
        .unwrap_or_default()
}

/// What a child means that ended with this status and these words.
fn failure(status: ExitStatus, words: &str) -> anyhow::Error {
    if let Some(limit) = platform::limit_met(status, words) {
        CompileFailure::Limits { limit }.into()
    } else if status.code() == Some(1) {
        let words = words.strip_prefix("error: ").unwrap_or(words).to_owned();
        CompileFailure::Refused { words }.into()
    } else {
        let kind = if status.code() == Some(PANICKED) {
            " with a bug"
        } else {
            ""
        };
        Internal(format!("the compiler ended{kind} ({status}): {words}")).into()
    }
}
