//! Has the other program make an artifact again: the one child that this program ever starts.
//!
//! The child gets nothing but a pipe for its words, is ended when the port ends, and holds its own limits for the
//! compiler. It is looked for beside this program alone, never on a search path.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use portcullis_core::home::{Home, launcher};
use portcullis_core::names::PluginName;

use crate::{channel, signals};
#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

/// The longest that a rebuild may take. A JavaScript engine needs ten seconds on two busy cores.
const PATIENCE: Duration = Duration::from_secs(120);

/// Time between two looks at the child and at the port.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Words of the child that are kept for the log, in bytes.
const WORDS_LIMIT: u64 = 4096;

/// Why there is no new artifact.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RebuildError {
    #[error("failed to start `portcullis`, which is looked for beside this program: {0}")]
    NotStarted(io::Error),
    #[error("failed to wait for `portcullis`: {0}")]
    NotWaited(io::Error),
    #[error("the port ended meanwhile")]
    PortEnded,
    #[error("it took longer than two minutes")]
    TooLong,
    #[error("`portcullis rebuild` failed ({status}): {words}")]
    Failed { status: ExitStatus, words: String },
}

/// Who has made an artifact again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MadeBy {
    /// The child of this port.
    Us,
    /// Another port's, while this one's waited for the lock; or nobody, since it was good.
    Another,
}

/// Sees to it that the artifact of an installed plugin is made again, once for all ports that ask at the same time.
pub(crate) fn run(home: &Home, name: &PluginName) -> Result<MadeBy, RebuildError> {
    let mut command = other_program(home).map_err(RebuildError::NotStarted)?;
    command
        .args(["rebuild", name.as_str()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(RebuildError::NotStarted)?;
    let finished = wait(&mut child);
    if finished.is_err() {
        // It may have ended by itself in between; what matters is that it is gone.
        let _ = child.kill();
        let _ = child.wait();
    }
    let status = finished?;
    if status.success() {
        // It says so where it has made something, and is silent where there was nothing to do.
        let silent = words(child.stdout.take()).is_empty();
        return Ok(if silent { MadeBy::Another } else { MadeBy::Us });
    }
    let words = words(child.stderr.take());
    Err(RebuildError::Failed { status, words })
}

/// A command for `portcullis`, bound to this home: beside this program, and with no descriptor but its own.
///
/// # Errors
///
/// Where this program's own place cannot be found, or the child could not be ended with it.
pub(crate) fn other_program(home: &Home) -> io::Result<Command> {
    let own = std::env::current_exe()?;
    let name_of_program = format!("portcullis{}", std::env::consts::EXE_SUFFIX);
    let mut command = Command::new(launcher::folder_of_programs(&own).join(name_of_program));
    command.env("PORTCULLIS_HOME", home.root());
    platform::prepare(&mut command)?;
    Ok(command)
}

/// What a child that has ended left in a pipe.
fn words(pipe: Option<impl Read>) -> String {
    let mut words = Vec::new();
    if let Some(pipe) = pipe {
        // Without its words it has still ended as it did.
        let _ = pipe.take(WORDS_LIMIT).read_to_end(&mut words);
    }
    String::from_utf8_lossy(&words).trim().to_owned()
}

fn wait(child: &mut Child) -> Result<ExitStatus, RebuildError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().map_err(RebuildError::NotWaited)? {
            return Ok(status);
        }
        if signals::ended() || channel::input_is_closed() {
            return Err(RebuildError::PortEnded);
        }
        if Instant::now() >= deadline {
            return Err(RebuildError::TooLong);
        }
        std::thread::sleep(LOOK_EVERY);
    }
}
