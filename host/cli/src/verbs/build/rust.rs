//! Rust: `cargo build --release --target wasm32-wasip2`, whose linker makes the component.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::tool::{Tool, Tools};
use crate::verbs::add;

const TARGET: &str = "wasm32-wasip2";

const INSTALL: &str = if cfg!(windows) {
    "install Rust with `winget install Rustlang.Rustup`, then `rustup target add wasm32-wasip2`"
} else {
    "install Rust with `curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh`, then \
     `rustup target add wasm32-wasip2`"
};

const CARGO: Tool = Tool {
    program: "cargo",
    install: INSTALL,
};

const RUSTC: Tool = Tool {
    program: "rustc",
    install: INSTALL,
};

/// What matters of cargo's messages.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// Builds the crate in the project's folder and returns its component.
///
/// # Errors
///
/// When Rust or its standard library for the target is missing, with the command that installs it, when the build
/// fails, or when the crate makes no component.
pub(super) fn build(tools: &Tools<'_>) -> Result<Vec<u8>> {
    tools.ask(CARGO, &["--version"])?;
    require_target(tools)?;
    let line = format!("cargo build --release --target {TARGET}");
    let mut command = tools.command(CARGO.program);
    command.args(["build", "--release", "--target", TARGET]);
    // The component is where cargo says: it may be told to build elsewhere, and its file is named after the crate.
    command.arg("--message-format=json-render-diagnostics");
    let messages = tools.run_for_data(command, &line)?;
    let manifest = fs::canonicalize(tools.folder().join("Cargo.toml"))
        .context("cannot find `Cargo.toml` in the project's folder")?;
    match component(&String::from_utf8_lossy(&messages), &manifest) {
        Some(path) => add::read(&path),
        None => bail!(
            "`{line}` made no `.wasm` of this crate: it needs `crate-type = [\"cdylib\"]` under `[lib]`, or a `src/main.rs`"
        ),
    }
}

/// Refuses a compiler that has no standard library for the target, in a way that also fits Rust without rustup.
fn require_target(tools: &Tools<'_>) -> Result<()> {
    let folder = tools.ask(RUSTC, &["--print", "target-libdir", "--target", TARGET])?;
    if !Path::new(&folder).is_dir() {
        bail!(
            "Rust has no standard library for `{TARGET}`: add it with `rustup target add {TARGET}`"
        );
    }
    Ok(())
}

/// The last component that cargo made of the crate with this manifest.
fn component(messages: &str, manifest: &Path) -> Option<PathBuf> {
    let artifacts = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok())
        .filter(|message| {
            message.reason == "compiler-artifact"
                && fs::canonicalize(&message.manifest_path).is_ok_and(|path| path == manifest)
        });
    artifacts
        .flat_map(|message| message.filenames)
        .rfind(|path| path.extension().is_some_and(|it| it == "wasm"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_component_is_the_one_of_this_crate() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let manifest = folder.path().join("Cargo.toml");
        let other = folder.path().join("Other.toml");
        for path in [&manifest, &other] {
            fs::write(path, "").expect("the folder is ours");
        }
        let manifest = fs::canonicalize(manifest).expect("it is there");
        let line = |reason: &str, manifest: &Path, file: &str| {
            serde_json::json!({ "reason": reason, "manifest_path": manifest, "filenames": [file] })
                .to_string()
        };
        let messages = [
            line("compiler-artifact", &manifest, "/t/libplugin.rlib"),
            line("compiler-artifact", &manifest, "/t/plugin.wasm"),
            line("compiler-artifact", &other, "/t/other.wasm"),
            line("build-script-executed", &manifest, "/t/never.wasm"),
            "no JSON".to_owned(),
        ];
        let found = component(&messages.join("\n"), &manifest);
        assert_eq!(found, Some(PathBuf::from("/t/plugin.wasm")));
        assert_eq!(component(&messages[0], &manifest), None);
    }
}
