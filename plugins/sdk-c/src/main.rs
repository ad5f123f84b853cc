//! `portcullis-c`: C sources in, a Portcullis plugin out.
//!
//! Three steps that are three tools elsewhere: wit-bindgen writes the C side of the contract, zig (a package of PyPI,
//! compiler and C library in one) compiles, wit-component makes a component of the module. They are one program,
//! because the versions of the first and the last have to fit each other, and because an author then needs no tool
//! that is not in an ordinary registry. The generated sources are left where `--bindings` says, for an editor to
//! read.
//!
//! It is no build system: every source is compiled each time.

mod arguments;
mod bindings;
mod compiler;

use std::env;
use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
    WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_component::ComponentEncoder;

use crate::arguments::{Arguments, Kind, USAGE};

fn main() -> ExitCode {
    let outcome = match Arguments::read(env::args_os().skip(1)) {
        Ok(arguments) => build(&arguments),
        Err(problem) => Err(anyhow::anyhow!("{problem}\n\n{USAGE}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell where standard error is gone.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn build(arguments: &Arguments) -> Result<()> {
    let folder = tempfile::tempdir().context("could not make a temporary folder")?;
    let module = folder.path().join("module.wasm");
    match &arguments.kind {
        Kind::World(world) => {
            let written = bindings::write(world, &arguments.bindings)?;
            compiler::library(&arguments.sources, &written, &module)?;
        }
        Kind::Program => compiler::program(&arguments.sources, &module)?,
    }
    let adapter = match arguments.kind {
        Kind::World(_) => WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
        Kind::Program => WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
    };
    let module = fs::read(&module).context("the compiler left no module")?;
    let component = ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|encoder| encoder.adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, adapter))
        .and_then(ComponentEncoder::encode)
        .context("could not make a component of the compiled module")?;
    if let Some(parent) = arguments.output.parent() {
        fs::create_dir_all(parent)
            .with_context(|| format!("could not make `{}`", parent.display()))?;
    }
    fs::write(&arguments.output, &component)
        .with_context(|| format!("could not write `{}`", arguments.output.display()))?;
    writeln!(
        io::stdout(),
        "{}: {} bytes",
        arguments.output.display(),
        component.len()
    )?;
    Ok(())
}
