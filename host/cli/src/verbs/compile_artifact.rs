//! `compile-artifact INPUT OUTPUT`: the compiler, within limits. Hidden: `add` and `rebuild` start it.
//!
//! The limits are taken before the file is even opened, and for good: a component that wants more than they allow
//! ends this process and nothing else.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use portcullis_core::names::escape;
use portcullis_sandbox::{Engine, PluginFault, inspect};

use crate::exit::Internal;
#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

/// Compiles one file within limits.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The component
    input: PathBuf,
    /// The file to put the native code into, which must exist
    output: PathBuf,
    /// The process that waits for it: without that one, it ends
    #[arg(long, value_name = "NUMBER")]
    parent: Option<u32>,
}

/// Address space, in bytes: 4 GiB. The largest plugins of common toolchains (Python, 18 MB; JavaScript, 12 MB) need
/// 0.4 GiB; the compiler's own tables make up a part of it that does not count as used memory.
const MOST_MEMORY: u64 = 4 << 30;

/// Seconds of CPU time. Those same plugins need 10; a slow machine needs several times that.
const MOST_SECONDS: u64 = 120;

/// The largest file that may be written, in bytes: 512 MiB. Native code is two to four times its component.
const MOST_OUTPUT: u64 = 512 << 20;

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    platform::take_limits()
        .map_err(|error| Internal(format!("cannot take limits for the compiler: {error}")))?;
    platform::end_with(arguments.parent)?;
    let component = read(&arguments.input)?;
    let code = match portcullis_sandbox::compile(&component) {
        Ok(code) => code,
        // It may quote the component.
        Err(error) => bail!("{}", escape(&error.to_string())),
    };
    drop(component);
    // Where the system limits what is written, that ends the process here.
    #[cfg(windows)]
    if code.len() as u64 > MOST_OUTPUT {
        bail!(
            "its native code would be larger than {MOST_OUTPUT} bytes, which is the most that is kept"
        );
    }
    write(&arguments.output, &code)
        .with_context(|| format!("cannot write `{}`", arguments.output.display()))?;
    drop(code);
    check_that_it_links(&arguments.output)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let mut component = Vec::new();
    File::open(path)
        .and_then(|file| file.take(inspect::LARGEST + 1).read_to_end(&mut component))
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    if component.len() as u64 > inspect::LARGEST {
        bail!("`{}` is too large", path.display());
    }
    Ok(component)
}

fn write(path: &Path, code: &[u8]) -> io::Result<()> {
    OpenOptions::new()
        .write(true)
        .truncate(true)
        .open(path)?
        .write_all(code)
}

/// Asks the sandbox to link what was just compiled, without running any of it. So a function of another type than the
/// contract's is found now, and not when a browser waits for the answer.
fn check_that_it_links(path: &Path) -> Result<()> {
    let engine = Engine::start(|| ()).map_err(|error| Internal(error.to_string()))?;
    let loaded = platform::load(&engine, path)
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    match loaded {
        Ok(_) => Ok(()),
        Err(PluginFault::Incompatible(problem)) => {
            bail!("it does not fit this host: {}", escape(&problem))
        }
        Err(PluginFault::Load(error)) => Err(Internal(error.to_string()).into()),
    }
}
