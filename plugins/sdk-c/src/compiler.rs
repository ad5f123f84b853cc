//! zig as a C compiler for WebAssembly.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::bindings::Written;

/// Names the Python that has the package `ziglang`, where that is not the first one on the path.
const PYTHON_VARIABLE: &str = "PORTCULLIS_PYTHON";

/// The package, in the version that this was tried with.
const PACKAGE: &str = "ziglang==0.15.2";

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
    STACK,
];

/// Compiles a module whose functions the host calls.
///
/// # Errors
///
/// When zig is missing, with the command that installs it, or when it has refused the sources, after its own words.
pub(crate) fn library(sources: &[PathBuf], bindings: &Written, module: &Path) -> Result<()> {
    let mut command = zig();
    command.args(COMMON).arg("-mexec-model=reactor");
    command.arg("-I").arg(&bindings.folder);
    // What is generated has parameters that it does not use.
    command.args(sources).arg("-Wno-unused-parameter");
    command.arg(&bindings.source).arg(&bindings.object);
    run(command, module)
}

/// Compiles a program with `main`.
///
/// # Errors
///
/// As [`library`].
pub(crate) fn program(sources: &[PathBuf], module: &Path) -> Result<()> {
    let mut command = zig();
    command.args(COMMON).args(sources);
    run(command, module)
}

fn zig() -> Command {
    let mut command = Command::new(python());
    command.args(["-m", "ziglang", "cc"]);
    command
}

fn python() -> OsString {
    let default = if cfg!(windows) { "python" } else { "python3" };
    env::var_os(PYTHON_VARIABLE).unwrap_or_else(|| default.into())
}

fn run(mut command: Command, module: &Path) -> Result<()> {
    command.arg("-o").arg(module);
    if command.status().is_ok_and(|status| status.success()) {
        return Ok(());
    }
    let python = python();
    let python = python.display();
    let present = Command::new(self::python())
        .args(["-m", "ziglang", "version"])
        .output();
    if present.is_ok_and(|output| output.status.success()) {
        bail!("the compiler refused the sources");
    }
    bail!(
        "there is no C compiler for WebAssembly: install it with `{python} -m pip install {PACKAGE}`"
    )
}
