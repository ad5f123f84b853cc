//! Windows: a job with limits. It limits memory and processor time; what may be written is checked before it is.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use portcullis_sandbox::confine::job::{Job, Limits, UserInterface};
use portcullis_sandbox::{Engine, Plugin, PluginFault};

use super::{MOST_MEMORY, MOST_SECONDS};

/// Limits every resource that a component can make the compiler use. This process cannot leave the job.
pub(super) fn take_limits() -> io::Result<()> {
    let limits = Limits {
        processes: Some(1),
        memory: Some(usize::try_from(MOST_MEMORY).unwrap_or(usize::MAX)),
        time: Some(Duration::from_secs(MOST_SECONDS)),
    };
    Job::new(limits, UserInterface::Allowed)?.enter()
}

/// Nothing is left to do: the parent has put itself, and so this process, into a job that ends with it (`compiler`).
pub(super) fn end_with(_parent: Option<u32>) -> Result<()> {
    Ok(())
}

/// Loads what was just written. A copy of it: the parent has the file open for writing, and such a file is not mapped.
pub(super) fn load(engine: &Engine, path: &Path) -> io::Result<Result<Plugin, PluginFault>> {
    Ok(Plugin::load_copy(engine, &fs::read(path)?))
}
