//! Windows: the port has put itself, and so this process, into a job that ends with it.

use std::fs::File;
use std::io;
use std::os::windows::io::AsHandle as _;

use anyhow::Result;

/// Nothing is left to do.
pub(super) fn end_with(_parent: u32) -> Result<()> {
    Ok(())
}

/// A program of this user that may open another one's memory may do so here, as everywhere on this system.
pub(super) fn hide() -> io::Result<()> {
    Ok(())
}

/// Both ends of the way to the port, without the buffers that the standard library puts around them: those would keep
/// copies of what passes.
pub(super) fn pipes() -> io::Result<(File, File)> {
    let input = io::stdin().as_handle().try_clone_to_owned()?;
    let output = io::stdout().as_handle().try_clone_to_owned()?;
    Ok((input.into(), output.into()))
}
