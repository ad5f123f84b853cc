//! `portcullis-c`: writes the C side of the contract into `bindings/`, from where `portcullis new` takes it.
//!
//! The deciding choice: what wit-bindgen writes is kept beside this program, so that nobody who writes a plugin needs
//! wit-bindgen, and so that a change of the contract is seen as the change of a header. A test compares the two.
//!
//! What says which world a module is for is not kept: `portcullis build` puts that into the module by itself.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use wit_bindgen_core::Files;
use wit_parser::Resolve;

/// The contract, as it was when this program was built.
const CONTRACT: &str = include_str!("../wit/portcullis.wit");

/// Where a source begins to ask for the object file that says which world it is for. `portcullis build` says it.
const OBJECT_WANTED: &str = "\n// Ensure that the *_component_type.o object is linked in";

/// The worlds that a plugin can be built for.
const WORLDS: [&str; 2] = ["handler-plugin", "session-plugin"];

fn main() -> ExitCode {
    match write(&folder()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell where standard error is gone.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("bindings")
}

fn write(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("could not make `{}`", folder.display()))?;
    for world in WORLDS {
        for (name, contents) in bindings(world)? {
            let file = folder.join(name);
            fs::write(&file, contents)
                .with_context(|| format!("could not write `{}`", file.display()))?;
        }
    }
    Ok(())
}

/// Header and source for a world, by their names.
fn bindings(world: &str) -> Result<Vec<(String, String)>> {
    let mut resolve = Resolve::default();
    let package = resolve
        .push_str("portcullis.wit", CONTRACT)
        .context("the contract cannot be read")?;
    let selected = resolve.select_world(&[package], Some(world))?;
    let mut files = Files::default();
    let options = wit_bindgen_c::Opts {
        no_object_file: true,
        ..wit_bindgen_c::Opts::default()
    };
    options
        .build()
        .generate(&mut resolve, selected, &mut files)
        .with_context(|| format!("could not write bindings for `{world}`"))?;
    let texts = files.iter().map(|(name, contents)| {
        let text = std::str::from_utf8(contents).with_context(|| format!("`{name}` is no text"))?;
        let kept = text.split(OBJECT_WANTED).next().unwrap_or(text);
        Ok((name.to_owned(), kept.to_owned()))
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_what_the_contract_gives() {
        for world in WORLDS {
            for (name, contents) in bindings(world).expect("the contract is a valid one") {
                let kept = fs::read_to_string(folder().join(&name)).unwrap_or_default();
                assert!(
                    kept == contents,
                    "`bindings/{name}` is not what `wit/` gives: run `cargo run` in `plugins/sdk-c`"
                );
            }
        }
    }
}
