//! The C side of the contract, written by wit-bindgen.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use wit_bindgen_core::Files;
use wit_parser::Resolve;

/// The contract, as it was when this program was built.
const CONTRACT: &str = include_str!("../wit/portcullis.wit");

/// The files that were written.
pub(crate) struct Written {
    /// Where the header is.
    pub(crate) folder: PathBuf,
    /// To be compiled with the author's own.
    pub(crate) source: PathBuf,
    /// To be linked: it says which world the module is for.
    pub(crate) object: PathBuf,
}

/// Writes header, source and object for a world into `folder`.
///
/// # Errors
///
/// When there is no such world, or the folder cannot be written.
pub(crate) fn write(world: &str, folder: &Path) -> Result<Written> {
    let mut resolve = Resolve::default();
    let package = resolve
        .push_str("portcullis.wit", CONTRACT)
        .context("the contract in this program cannot be read")?;
    ensure!(
        resolve.packages[package].worlds.contains_key(world),
        "there is no world `{world}`: `handler-plugin` and `session-plugin` are the two"
    );
    let selected = resolve.select_world(&[package], Some(world))?;
    let mut files = Files::default();
    let mut generator = wit_bindgen_c::Opts::default().build();
    generator
        .generate(&mut resolve, selected, &mut files)
        .with_context(|| format!("could not write bindings for `{world}`"))?;
    fs::create_dir_all(folder).with_context(|| format!("could not make `{}`", folder.display()))?;
    for (name, contents) in files.iter() {
        let file = folder.join(name);
        fs::write(&file, contents)
            .with_context(|| format!("could not write `{}`", file.display()))?;
    }
    let name = world.replace('-', "_");
    Ok(Written {
        folder: folder.to_owned(),
        source: folder.join(format!("{name}.c")),
        object: folder.join(format!("{name}_component_type.o")),
    })
}
