//! `compile-artifact INPUT OUTPUT`: the compiler, within limits. Hidden: `add` and `rebuild` start it.
//!
//! The limits are taken before the file is even opened, and for good: a component that wants more than they allow
//! ends this process and nothing else.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use portcullis_core::names::escape;
use portcullis_sandbox::{Engine, Plugin, PluginFault, inspect};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::exit::Internal;

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
    take_limits()
        .map_err(|error| Internal(format!("cannot take limits for the compiler: {error}")))?;
    end_with(arguments.parent)?;
    let component = read(&arguments.input)?;
    let code = match portcullis_sandbox::compile(&component) {
        Ok(code) => code,
        // It may quote the component.
        Err(error) => bail!("{}", escape(&error.to_string())),
    };
    drop(component);
    write(&arguments.output, &code)
        .with_context(|| format!("cannot write `{}`", arguments.output.display()))?;
    drop(code);
    check_that_it_links(&arguments.output)
}

/// Limits every resource that a component can make the compiler use. Nobody can raise them again.
fn take_limits() -> io::Result<()> {
    // The kernel kills at the maximum and only warns (with a signal that ends this process too) at the current limit.
    // The distance makes sure that it is the warning that is seen.
    limit(Resource::Cpu, MOST_SECONDS, MOST_SECONDS + 5)?;
    limit(Resource::As, MOST_MEMORY, MOST_MEMORY)?;
    limit(Resource::Fsize, MOST_OUTPUT, MOST_OUTPUT)?;
    // What a component made the compiler keep in memory belongs into no file.
    limit(Resource::Core, 0, 0)
}

/// Makes sure that this process does not outlive the one that waits for it. Where the system has no way to ask for
/// that, the limits end it.
fn end_with(parent: Option<u32>) -> Result<()> {
    let Some(parent) = parent else { return Ok(()) };
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
        .map_err(|error| Internal(format!("cannot tie the compiler to its parent: {error}")))?;
    // It may have ended before it could be asked for.
    let now = rustix::process::getppid().map(|now| now.as_raw_pid().unsigned_abs());
    if now != Some(parent) {
        bail!(Internal("whoever asked for this has ended".to_owned()));
    }
    Ok(())
}

/// Sets a limit, or leaves the stricter one that is there.
fn limit(resource: Resource, current: u64, maximum: u64) -> io::Result<()> {
    let before = getrlimit(resource);
    let stricter =
        |wanted: u64, there: Option<u64>| Some(there.map_or(wanted, |there| there.min(wanted)));
    setrlimit(
        resource,
        Rlimit {
            current: stricter(current, before.current),
            maximum: stricter(maximum, before.maximum),
        },
    )?;
    Ok(())
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
    let file = File::open(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    match Plugin::load(&engine, &file) {
        Ok(_) => Ok(()),
        Err(PluginFault::Incompatible(problem)) => {
            bail!("it does not fit this host: {}", escape(&problem))
        }
        Err(PluginFault::Load(error)) => Err(Internal(error.to_string()).into()),
    }
}
