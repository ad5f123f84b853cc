//! `pack PLUGIN.wasm --manifest plugin.toml [--output FILE]`: writes into a component what it asks for.
//!
//! The file is replaced as a whole or not at all. What a component imports and what it requests need not fit, since a
//! library may import more than is ever called; the author is told.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use portcullis_core::names::Digest;
use portcullis_core::requests::{LONGEST, Requests};
use portcullis_sandbox::inspect;

use crate::output::Output;
use crate::verbs::add;

/// Writes into a component what it asks for.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The component
    #[arg(value_name = "PLUGIN.wasm")]
    file: PathBuf,
    /// What it asks for, and why
    #[arg(long, value_name = "plugin.toml")]
    manifest: PathBuf,
    /// Where the packed component goes [default: the component's own file]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let Arguments {
        file,
        manifest,
        output,
    } = arguments;
    let bytes = add::read(file)?;
    let cannot = || format!("cannot pack `{}`", file.display());
    let inspection = inspect::inspect(&bytes).with_context(cannot)?;
    let requests = read_manifest(manifest)?;
    let packed = inspect::with_requests(&bytes, &requests);
    if packed.len() as u64 > inspect::LARGEST {
        bail!(
            "{}: with its requests it would be too large to be added",
            cannot()
        );
    }
    let target = output.as_ref().unwrap_or(file);
    replace(target, &packed).with_context(|| format!("cannot write `{}`", target.display()))?;
    Output::new().line(format!(
        "packed `{}` {} into `{}`, sha256 {}",
        requests.name,
        requests.version,
        target.display(),
        Digest::of_bytes(&packed)
    ))?;
    let mut stderr = io::stderr().lock();
    for misfit in inspect::misfits(&inspection, &requests) {
        // With standard error closed there is nobody to warn, and the file is written.
        _ = writeln!(stderr, "warning: {misfit}");
    }
    Ok(())
}

pub(super) fn read_manifest(path: &Path) -> Result<Requests> {
    let shown = path.display();
    let cannot = || format!("cannot read `{shown}`");
    let mut text = String::new();
    let file = fs::File::open(path).with_context(cannot)?;
    // One byte more, so that a longer one is refused for its length and not where it was cut.
    let limit = LONGEST as u64 + 1;
    file.take(limit)
        .read_to_string(&mut text)
        .with_context(cannot)?;
    Requests::parse(&text).map_err(|error| anyhow!("{shown}:{error}"))
}

/// Puts the bytes in the place of a file that is not ours, with the rights that the user's files have.
pub(super) fn replace(target: &Path, bytes: &[u8]) -> Result<()> {
    let folder = match target.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".portcullis-pack-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut temporary = builder.tempfile_in(folder)?;
    temporary.write_all(bytes)?;
    temporary.as_file().sync_all()?;
    temporary.persist(target)?;
    Ok(())
}
