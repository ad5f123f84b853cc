//! C: zig compiles, and the component is made here.
//!
//! The deciding choice: what wit-bindgen and wasm-tools do for C elsewhere needs no tool. The bindings are in the
//! project, and putting the contract into a module and making a component of it are two calls of the library that
//! wasm-tools itself is made of. So an author installs one package of PyPI, which is compiler and C library in one.
//!
//! It is no build system: every source in `src` is compiled each time.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
    WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::Resolve;

use super::python;
use super::tool::Tools;
use crate::environment::Environment;
use crate::project::{Mode, Project};
use crate::scratch::Scratch;

/// The contract, as it was when this program was built.
const CONTRACT: &str = include_str!("../../../../../wit/portcullis.wit");

/// The author's own sources.
const SOURCES: &str = "src";

/// Header and source of the contract, in the project of a handler or a session.
const BINDINGS: &str = "bindings";

/// zig would reserve 16 MiB, which the host counts against the plugin from its start; a plugin in C that needs more
/// than this has a deep recursion.
const STACK: &str = "-Wl,-z,stack-size=131072";

/// What every build has: small code, warnings that find mistakes, no debug information.
const COMMON: &[&str] = &[
    "-target",
    "wasm32-wasi",
    "-Os",
    "-flto",
    "-s",
    "-Wall",
    "-Wextra",
    // What is generated has parameters that it does not use.
    "-Wno-unused-parameter",
    STACK,
];

/// Compiles every source and makes the component.
///
/// # Errors
///
/// When Python or zig is missing, with the command that installs it, when the compiler refuses the sources, or when
/// they do not define what the contract wants.
pub(super) fn build(
    project: &Project,
    tools: &Tools<'_>,
    environment: &Environment,
) -> Result<Vec<u8>> {
    let mut sources = sources(tools, SOURCES)?;
    let python = python::ready(tools, environment)?;
    let present = tools
        .command(&python)
        .args(["-m", "ziglang", "version"])
        .output();
    if !present.is_ok_and(|output| output.status.success()) {
        let python = python.display();
        bail!(
            "there is no C compiler for WebAssembly: install it with `{python} -m pip install -r requirements.txt`"
        );
    }
    let folder = Scratch::new().context("cannot make a temporary folder")?;
    let module = folder.path().join("module.wasm");
    let mut command = tools.command(python);
    command.args(["-m", "ziglang", "cc"]).args(COMMON);
    if let Some(bindings) = bindings(project.mode()) {
        command.args(["-mexec-model=reactor", "-I", BINDINGS]);
        sources.push(PathBuf::from(BINDINGS).join(bindings));
    }
    command.args(sources).arg("-o").arg(&module);
    tools.run(command, &format!("zig cc {SOURCES}/*.c"))?;
    let module = fs::read(module).context("the compiler left no module")?;
    component(module, project.mode()).context("cannot make a component of the compiled module")
}

/// The source of the contract for a mode, which wit-bindgen has written; a program has none.
fn bindings(mode: Mode) -> Option<&'static str> {
    match mode {
        Mode::Handler => Some("handler_plugin.c"),
        Mode::Session => Some("session_plugin.c"),
        Mode::Stdio => None,
    }
}

/// Every C file of a folder, by name, as a path from the project's folder.
fn sources(tools: &Tools<'_>, folder: &str) -> Result<Vec<PathBuf>> {
    let cannot = || format!("cannot look for sources in `{folder}`");
    let mut sources = Vec::new();
    for entry in fs::read_dir(tools.folder().join(folder)).with_context(cannot)? {
        let name = PathBuf::from(entry.with_context(cannot)?.file_name());
        if name.extension().is_some_and(|extension| extension == "c") {
            sources.push(PathBuf::from(folder).join(name));
        }
    }
    if sources.is_empty() {
        bail!("there is no C source in `{folder}`");
    }
    sources.sort();
    Ok(sources)
}

/// A component of a module, for the world of a mode.
fn component(mut module: Vec<u8>, mode: Mode) -> Result<Vec<u8>> {
    let (world, adapter) = match mode {
        Mode::Handler => (
            Some("handler-plugin"),
            WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
        ),
        Mode::Session => (
            Some("session-plugin"),
            WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
        ),
        // Its world is that of the adapter.
        Mode::Stdio => (None, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER),
    };
    if let Some(world) = world {
        let mut resolve = Resolve::default();
        let package = resolve.push_str("portcullis.wit", CONTRACT)?;
        let world = resolve.select_world(&[package], Some(world))?;
        wit_component::embed_component_metadata(
            &mut module,
            &resolve,
            world,
            StringEncoding::UTF8,
        )?;
    }
    ComponentEncoder::default()
        .validate(true)
        .module(&module)?
        .adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, adapter)?
        .encode()
}
