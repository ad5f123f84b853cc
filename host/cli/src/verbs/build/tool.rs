//! Running the tools of others: found or not, watched, silent unless they fail.
//!
//! What a tool says goes to a file and is shown in its own words when it fails; a build that succeeds is one line. With
//! `--verbose` it goes to standard error as it comes, never to standard output, which has the result alone.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use crate::progress::Progress;
#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

/// The pause between two looks at a tool. Short beside the shortest build.
const PAUSE: Duration = Duration::from_millis(20);

/// The most that is shown of what a failed tool said: its last words, where compilers put what matters.
const LONGEST_WORDS: u64 = 64 * 1024;

/// A tool that may be missing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tool {
    /// How it is started.
    pub(super) program: &'static str,
    /// How it is installed: a command, or more than one, in words.
    pub(super) install: &'static str,
}

/// Runs tools for one project.
#[derive(Debug)]
pub(super) struct Tools<'a> {
    folder: &'a Path,
    verbose: bool,
}

/// Where a tool's standard output goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StandardOutput {
    /// To what it says for people.
    Words,
    /// To the caller.
    Data,
}

impl<'a> Tools<'a> {
    pub(super) fn new(folder: &'a Path, verbose: bool) -> Self {
        Self { folder, verbose }
    }

    /// The folder of the project, in which the tools run.
    pub(super) fn folder(&self) -> &'a Path {
        self.folder
    }

    /// A file or folder of the project as a tool must be told of it that runs in the project's folder.
    ///
    /// # Errors
    ///
    /// When the current folder is gone.
    pub(super) fn whole_path(&self, path: &str) -> Result<PathBuf> {
        let whole = std::path::absolute(self.folder.join(path));
        whole.with_context(|| format!("cannot tell where `{path}` is"))
    }

    /// Runs a line of `build` in the system's shell.
    pub(super) fn shell(&self, line: &str) -> Result<()> {
        let mut command = platform::shell(line);
        command.current_dir(self.folder).stdin(Stdio::null());
        self.run(command, line)
    }

    /// A command in the project's folder that reads nothing.
    pub(super) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder).stdin(Stdio::null());
        command
    }

    /// What a tool says when it is asked for something short, for example its version.
    ///
    /// # Errors
    ///
    /// When the tool is missing, with the command that installs it, or fails.
    pub(super) fn ask(&self, tool: Tool, arguments: &[&str]) -> Result<String> {
        let output = self.command(tool.program).args(arguments).output();
        let output = output.map_err(|error| tool.missing(&error))?;
        if !output.status.success() {
            bail!(
                "`{} {}` ended with {}: {}",
                tool.program,
                arguments.join(" "),
                output.status,
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Runs a command to its end. `line` is how a person would type it.
    ///
    /// # Errors
    ///
    /// When it cannot be started or fails; what it said has then been shown.
    pub(super) fn run(&self, command: Command, line: &str) -> Result<()> {
        self.run_to(command, line, StandardOutput::Words).map(drop)
    }

    /// [`Self::run`], giving back what the command wrote to its standard output.
    pub(super) fn run_for_data(&self, command: Command, line: &str) -> Result<Vec<u8>> {
        self.run_to(command, line, StandardOutput::Data)
    }

    fn run_to(&self, mut command: Command, line: &str, to: StandardOutput) -> Result<Vec<u8>> {
        // Files and not pipes: nobody has to read while the tool writes.
        let mut words = tempfile::tempfile()?;
        let mut data = tempfile::tempfile()?;
        let for_words = || -> io::Result<Stdio> {
            Ok(if self.verbose {
                io::stderr().into()
            } else {
                words.try_clone()?.into()
            })
        };
        command.stderr(for_words()?);
        command.stdout(match to {
            StandardOutput::Words => for_words()?,
            StandardOutput::Data => data.try_clone()?.into(),
        });
        let doing = format!("running `{line}`");
        let progress = match self.verbose {
            true => Progress::begin_plainly(&doing),
            false => Progress::begin(&doing),
        };
        let status = watch(&mut command, &progress);
        progress.end();
        let status = status.with_context(|| format!("cannot run `{line}`"))?;
        if !status.success() {
            show(&mut words)?;
            bail!("`{line}` ended with {status}");
        }
        let mut bytes = Vec::new();
        data.seek(SeekFrom::Start(0))?;
        data.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

impl Tool {
    /// What is wrong when it cannot be started.
    fn missing(self, error: &io::Error) -> anyhow::Error {
        let Self { program, install } = self;
        match error.kind() {
            io::ErrorKind::NotFound => anyhow!("there is no `{program}`: {install}"),
            _ => anyhow!("cannot start `{program}`: {error}"),
        }
    }
}

fn watch(command: &mut Command, progress: &Progress) -> io::Result<ExitStatus> {
    let mut child = command.spawn()?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        progress.tick();
        thread::sleep(PAUSE);
    }
}

/// Shows the last words of a tool as they are.
fn show(words: &mut File) -> io::Result<()> {
    let length = words.metadata()?.len();
    words.seek(SeekFrom::Start(length.saturating_sub(LONGEST_WORDS)))?;
    let mut bytes = Vec::new();
    words.read_to_end(&mut bytes)?;
    // With standard error closed there is nobody to show them to.
    _ = io::stderr().lock().write_all(&bytes);
    Ok(())
}
