//! `completions SHELL`: what makes a shell complete the verbs and options of this program.
//!
//! Made from the definitions that the arguments are read by, at the moment it is asked for, so that it fits this build.
//! It completes what was defined, and never looks into the home: a Tab must not open files of plugins.

use std::io::{self, Write as _};

use anyhow::Result;
use clap_complete::Shell;

use crate::arguments;
use crate::output::OutputError;

/// Prints what a shell needs to complete this program's verbs and options.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut script = Vec::new();
    let mut command = arguments::visible();
    clap_complete::generate(arguments.shell, &mut command, "portcullis", &mut script);
    io::stdout()
        .lock()
        .write_all(&script)
        .map_err(OutputError)?;
    Ok(())
}
