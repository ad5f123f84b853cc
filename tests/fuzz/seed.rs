//! Writes the seeds as the targets read them: `.hex` as bytes, `.wat` as components, everything else as it is.
//!
//! Seeds are kept as text so that they can be reviewed, and because no built component is committed. Part of
//! `portcullis-tests` and not of the project beside it, since what is built with the fuzzer's flags has the fuzzer's
//! `main`.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail, ensure};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(from), Some(to), None) = (arguments.next(), arguments.next(), arguments.next())
    else {
        bail!("usage: fuzz-seeds FOLDER-OF-SEEDS FOLDER-TO-WRITE");
    };
    for target in list(Path::new(&from))? {
        let folder = Path::new(&to).join(name(&target)?);
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make `{}`", folder.display()))?;
        for seed in list(&target)? {
            let bytes = converted(&seed)
                .with_context(|| format!("`{}` is no usable seed", seed.display()))?;
            let written = folder.join(name(&seed)?);
            fs::write(&written, bytes)
                .with_context(|| format!("cannot write `{}`", written.display()))?;
        }
    }
    Ok(())
}

fn list(folder: &Path) -> anyhow::Result<Vec<std::path::PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot list `{}`", folder.display()))?;
    entries.map(|entry| Ok(entry?.path())).collect()
}

fn name(path: &Path) -> anyhow::Result<&OsStr> {
    path.file_name().context("a listed entry has a name")
}

fn converted(seed: &Path) -> anyhow::Result<Vec<u8>> {
    let bytes = fs::read(seed)?;
    match seed.extension().and_then(OsStr::to_str) {
        Some("hex") => from_hex(std::str::from_utf8(&bytes)?),
        Some("wat") => Ok(wat::parse_bytes(&bytes)?.into_owned()),
        _ => Ok(bytes),
    }
}

/// Pairs of digits; white space and what follows `#` in a line do not count.
fn from_hex(text: &str) -> anyhow::Result<Vec<u8>> {
    let digits: String = text
        .lines()
        .filter_map(|line| line.split('#').next())
        .flat_map(str::split_whitespace)
        .collect();
    ensure!(
        digits.is_ascii() && digits.len().is_multiple_of(2),
        "hexadecimal digits come in pairs"
    );
    (0..digits.len())
        .step_by(2)
        .map(|at| Ok(u8::from_str_radix(&digits[at..at + 2], 16)?))
        .collect()
}
