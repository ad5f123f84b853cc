//! `new NAME --lang LANGUAGE [--mode MODE]`: writes a plugin's project into a folder of that name.
//!
//! The deciding choice: a project is complete. Everything that its build takes and no registry has, the SDK and the
//! contract, is in it, so it needs neither this repository nor a newer release of it to be built again in a year.
//!
//! The folder appears as a whole or not at all: it is written beside its place and renamed.

mod templates;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use portcullis_core::names::PluginName;

use crate::exit::Usage;
use crate::output::Output;
use crate::project::{Language, Mode};
use templates::{Template, template};

/// Writes a plugin's project into a new folder.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// What the plugin and its folder are called
    name: PluginName,
    /// The language that it is written in
    #[arg(long, value_name = "LANGUAGE")]
    lang: Language,
    /// How the host drives it
    #[arg(long, value_name = "MODE", default_value = "handler")]
    mode: Mode,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { name, lang, mode } = arguments;
    let Some(template) = template(*lang, *mode) else {
        let having: Vec<_> = Language::ALL
            .iter()
            .filter(|language| template(**language, *mode).is_some())
            .map(|language| format!("`--lang {}`", language.as_str()))
            .collect();
        return Err(Usage(format!(
            "there is no {} template for `{}`, because its toolchain makes no program for WASI of a plain `main`: use {}, \
             or `--mode handler` or `--mode session`",
            mode.as_str(),
            lang.as_str(),
            having.join(" or ")
        ))
        .into());
    };
    let folder = Path::new(name.as_str());
    require_free(folder)?;
    write(folder, &template, name)
        .with_context(|| format!("cannot write a project into `{}`", folder.display()))?;
    let mut output = Output::new();
    output.line(format!(
        "made `{name}/`: a {} in {}; the plugin is `{name}/{}`",
        mode.shown(),
        templates::shown(*lang),
        template.source
    ))?;
    output.line(format!(
        "next: `cd {name}`, `portcullis build`, `portcullis test`"
    ))?;
    Ok(())
}

/// Refuses a place where there is something already; an empty folder is nothing.
fn require_free(folder: &Path) -> Result<()> {
    let shown = folder.display();
    let is_folder = match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        metadata => metadata
            .with_context(|| format!("cannot look at `{shown}`"))?
            .is_dir(),
    };
    if !is_folder {
        bail!("`{shown}` is there and is no folder: choose another name, or remove it");
    }
    let mut entries =
        fs::read_dir(folder).with_context(|| format!("cannot look into `{shown}`"))?;
    if entries.next().is_some() {
        bail!("the folder `{shown}` is not empty: choose another name, or remove it");
    }
    Ok(())
}

fn write(folder: &Path, template: &Template, name: &PluginName) -> Result<()> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".portcullis-new-");
    // As any folder that a person makes, and not for this user alone as temporary ones are.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
    // In the current folder, which is also where the project goes: a rename does not cross file systems.
    let temporary = builder.tempdir_in(".")?;
    for (path, text) in template.files(name) {
        let file: PathBuf = temporary.path().join(path);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&file, text)?;
    }
    // An empty folder makes room, since not every system renames onto one.
    match fs::remove_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        removed => removed?,
    }
    fs::rename(temporary.path(), folder)?;
    // What it would remove has another name by now.
    _ = temporary.keep();
    Ok(())
}
