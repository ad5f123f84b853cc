//! Python: a virtual environment with what `requirements.txt` names, and componentize-py.
//!
//! The packages are looked for in `PORTCULLIS_BUILD_PYTHON`, then in the virtual environment that is active, then in
//! the project's own `.venv`, which alone is made and filled here. C is built with the same, since its compiler is a
//! package of PyPI.

use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::tool::{Tool, Tools};
use crate::environment::Environment;
use crate::project::{Mode, Project};
use crate::scratch::Scratch;
use crate::verbs::add;

/// The names of the packages that the build needs.
const REQUIREMENTS: &str = "requirements.txt";

/// The project's own environment.
const OWN: &str = ".venv";

/// In the environment: the text of the requirements that were installed into it.
const INSTALLED: &str = "portcullis-installed.txt";

/// What makes a virtual environment.
const SYSTEM: Tool = Tool {
    program: if cfg!(windows) { "python" } else { "python3" },
    install: if cfg!(windows) {
        "install Python with `winget install Python.Python.3.13`"
    } else if cfg!(target_os = "macos") {
        "install Python with `brew install python`"
    } else {
        "install Python with `apt-get install python3 python3-venv`, or what your distribution has for it"
    },
};

/// Makes the component of the module `plugin` in `src`.
///
/// # Errors
///
/// When Python or the package is missing, with the command that installs it, or when componentize-py fails.
pub(super) fn build(
    project: &Project,
    tools: &Tools<'_>,
    environment: &Environment,
) -> Result<Vec<u8>> {
    let world = match project.mode() {
        Mode::Handler => "handler-plugin",
        Mode::Session => "session-plugin",
        Mode::Stdio => {
            bail!("componentize-py makes no programs: write `mode = \"handler\"` or `\"session\"`")
        }
    };
    let python = ready(tools, environment)?;
    let script = python.with_file_name(format!("componentize-py{EXE_SUFFIX}"));
    if !script.is_file() {
        bail!(
            "there is no `componentize-py` beside `{}`: install it with `{} -m pip install -r {REQUIREMENTS}`",
            python.display(),
            python.display()
        );
    }
    let folder = Scratch::new().context("cannot make a temporary folder")?;
    let made = folder.path().join("component.wasm");
    let mut command = tools.command(script);
    command.args(["-d", "wit", "-w", world, "componentize"]);
    command.args(["-p", "src", "-p", "sdk", "plugin", "-o"]);
    command.arg(&made);
    tools.run(
        command,
        &format!("componentize-py -w {world} componentize plugin"),
    )?;
    add::read(&made)
}

/// A Python with the packages that the project names.
///
/// # Errors
///
/// When there is no Python, with the command that installs it, or when the packages cannot be installed.
pub(super) fn ready(tools: &Tools<'_>, environment: &Environment) -> Result<PathBuf> {
    if let Some(python) = environment.build_python() {
        return Ok(python.to_owned());
    }
    if let Some(active) = environment.virtual_environment() {
        return Ok(active.join(PYTHON_IN_ENVIRONMENT));
    }
    let own = tools.whole_path(OWN)?;
    let python = own.join(PYTHON_IN_ENVIRONMENT);
    let wanted = fs::read_to_string(tools.folder().join(REQUIREMENTS))
        .with_context(|| format!("cannot read `{REQUIREMENTS}`"))?;
    let stamp = own.join(INSTALLED);
    if python.is_file() && fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    tools.ask(SYSTEM, &["--version"])?;
    let mut command = tools.command(SYSTEM.program);
    command.args(["-m", "venv", OWN]);
    tools.run(command, &format!("{} -m venv {OWN}", SYSTEM.program))?;
    let mut command = tools.command(&python);
    command.args(["-m", "pip", "install", "--disable-pip-version-check"]);
    command.args(["-r", REQUIREMENTS]);
    tools.run(command, &format!("pip install -r {REQUIREMENTS}"))?;
    // Last, so that what was interrupted is done again.
    fs::write(&stamp, wanted)?;
    Ok(python)
}

const PYTHON_IN_ENVIRONMENT: &str = if cfg!(windows) {
    "Scripts\\python.exe"
} else {
    "bin/python3"
};
