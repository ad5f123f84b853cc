//! The shell for lines of `build`, which takes its line with the quotes that are in it.

use std::os::windows::process::CommandExt;
use std::process::Command;

/// A command that runs one line. With `/S` everything between the outer quotes is the line, as it stands; arguments that
/// are quoted in the usual way would reach it with backslashes.
pub(super) fn shell(line: &str) -> Command {
    let mut command = Command::new("cmd");
    command.raw_arg(format!("/S /C \"{line}\""));
    command
}
