//! The shell for lines of `build`, where every system has the same one.

use std::process::Command;

/// A command that runs one line.
pub(super) fn shell(line: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", line]);
    command
}
