//! The example plugins in the languages that authors write, built by the commands of their own READMEs.
//!
//! The command is read from the README, so one that does not work is a failing test and not a surprise for a reader.
//! What a language's registry has is installed where the author would have it, into folders that git does not know;
//! what only the system's package manager has is named in a panic, with the command.

mod project;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

pub use project::{Project, TEMPLATES};

use crate::cargo::{self, Built};
use crate::{guests, programs};

/// The Python that makes the virtual environment, unless `PORTCULLIS_TEST_PYTHON` names another one. The system's own
/// where there is one: what else is first on the path may be a version manager's stub.
const PYTHON: &str = "/usr/bin/python3";

/// Names another Python.
pub const PYTHON_VARIABLE: &str = "PORTCULLIS_TEST_PYTHON";

/// The packages of PyPI that the examples need.
const PYTHON_REQUIREMENTS: &[&str] = &[
    "plugins/ping-pong-python/requirements.txt",
    "host/cli/templates/c/requirements.txt",
    "host/cli/templates/python/requirements.txt",
];

/// A folder with a README whose section `## Build` begins with the command that makes one component.
pub struct Example {
    /// For a test's messages and as the name of the plugin.
    pub name: &'static str,
    /// From the folder of the workspace.
    pub folder: &'static str,
    /// The component: from the folder of the example, or from cargo's target folder.
    output: Place,
    built: Built,
}

enum Place {
    Folder(&'static str),
    CargoTarget(&'static str),
}

/// The ping-pong of the browsers' pages, as a session, once for each way to write it.
pub static PING_PONGS: [Example; 5] = [
    Example::cargo("rust-sdk", "plugins/ping-pong-sdk", "ping_pong_sdk.wasm"),
    Example::new("c", "plugins/ping-pong-c", "target/ping-pong.wasm"),
    Example::new(
        "javascript",
        "plugins/ping-pong-js",
        "target/ping-pong.wasm",
    ),
    Example::new(
        "typescript-sdk",
        "plugins/ping-pong-ts",
        "target/ping-pong.wasm",
    ),
    Example::new(
        "python-sdk",
        "plugins/ping-pong-python",
        "target/ping-pong.wasm",
    ),
];

/// The example of each SDK: a handler that greets by name.
pub static GREETERS: [Example; 3] = [
    Example::cargo("rust", "plugins/sdk-rust", "examples/greet.wasm"),
    Example::new("javascript", "plugins/sdk-js", "target/greet.wasm"),
    Example::new("python", "plugins/sdk-python", "target/greet.wasm"),
];

/// The ping-pong as a program that knows nothing of Portcullis.
pub static PROGRAMS: [Example; 2] = [
    Example::cargo(
        "rust",
        "plugins/ping-pong-stdio-rust",
        "ping-pong-stdio.wasm",
    ),
    Example::new("c", "plugins/ping-pong-stdio-c", "target/ping-pong.wasm"),
];

impl Example {
    const fn new(name: &'static str, folder: &'static str, output: &'static str) -> Self {
        let output = Place::Folder(output);
        Self {
            name,
            folder,
            output,
            built: Built::new(),
        }
    }

    const fn cargo(name: &'static str, folder: &'static str, output: &'static str) -> Self {
        let output = Place::CargoTarget(output);
        Self {
            name,
            folder,
            output,
            built: Built::new(),
        }
    }

    /// The component, built at the first call.
    ///
    /// # Panics
    ///
    /// When a tool is missing, with the command that installs it, or when the build fails, with its output.
    pub fn wasm(&self) -> &Path {
        self.built
            .get(&format!("the example `{}`", self.folder), || self.build())
    }

    fn build(&self) -> PathBuf {
        guests::require_target();
        let folder = cargo::root().join(self.folder);
        let line = documented(&folder.join("README.md"));
        // Two tests of two processes must not install packages into one folder at the same time.
        let _alone = cargo::lock(&cargo::target().join("languages"));
        let output = run(&line, &folder);
        assert!(
            output.status.success(),
            "`{line}` in `{}` ended with {}\n{}{}",
            self.folder,
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        let wasm = match self.output {
            Place::Folder(path) => folder.join(path),
            Place::CargoTarget(path) => cargo_target().join("wasm32-wasip2/release").join(path),
        };
        assert!(
            wasm.is_file(),
            "`{line}` in `{}` left no `{}`",
            self.folder,
            wasm.display()
        );
        wasm
    }
}

/// Runs one line of a shell as an author would, in a folder, with the packages of PyPI at hand.
///
/// # Panics
///
/// When the shell cannot be started, or a tool that the line needs is not there.
pub fn run(line: &str, folder: &Path) -> Output {
    if line.contains("npm") {
        require("npm", "apt-get install -y nodejs npm");
    }
    let mut command = Command::new("sh");
    command
        .args(["-c", line])
        .current_dir(folder)
        .stdin(Stdio::null());
    share_packages(&mut command);
    let mut first = Vec::new();
    if line.contains("python") || line.contains("componentize-py") || line.contains("portcullis") {
        first.push(python_packages().join("bin"));
    }
    if line.contains("portcullis") {
        let program = programs::portcullis();
        first.extend(program.parent().map(Path::to_owned));
    }
    command.env("PATH", path_with(first));
    command
        .output()
        .unwrap_or_else(|error| panic!("could not start a shell for `{line}`: {error}"))
}

/// Lets a command that builds a plugin share what takes long: what cargo has compiled, and the packages of PyPI. An
/// author's own environment is kept out.
pub fn share_packages(command: &mut Command) {
    guests::without_leaks(command);
    command
        .env("CARGO_TARGET_DIR", cargo_target())
        .env(
            "PORTCULLIS_BUILD_PYTHON",
            python_packages().join("bin/python3"),
        )
        // Compiled Python beside the sources is of no use to anybody here.
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env_remove("VIRTUAL_ENV");
}

/// The command of a README: the first code of its section `## Build`.
fn documented(readme: &Path) -> String {
    let text = fs::read_to_string(readme)
        .unwrap_or_else(|error| panic!("`{}`: {error}", readme.display()));
    let section = text.split_once("\n## Build\n").map(|(_, section)| section);
    let line =
        section.and_then(|section| section.lines().find_map(|line| line.strip_prefix("    ")));
    line.unwrap_or_else(|| panic!("`{}` has no command under `## Build`", readme.display()))
        .to_owned()
}

/// Where cargo puts what these commands build: beside the other guests, whose dependencies are the same.
fn cargo_target() -> PathBuf {
    cargo::target().join("guests")
}

/// A virtual environment with everything of PyPI that the examples need, made at the first call. Nothing is asked of
/// the network where it is complete.
fn python_packages() -> &'static Path {
    static READY: OnceLock<PathBuf> = OnceLock::new();
    READY.get_or_init(|| {
        let folder = cargo::target().join("languages/python");
        let python = folder.join("bin/python3");
        if !python.exists() {
            let made = Command::new(system_python())
                .args(["-m", "venv"])
                .arg(&folder)
                .output();
            require_success(made, "apt-get install -y python3 python3-venv");
        }
        let mut command = Command::new(&python);
        command.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]);
        for file in PYTHON_REQUIREMENTS {
            command.arg("-r").arg(cargo::root().join(file));
        }
        let files = PYTHON_REQUIREMENTS.join(" -r ");
        require_success(
            command.output(),
            &format!("python3 -m pip install -r {files}"),
        );
        folder
    })
}

fn system_python() -> OsString {
    env::var_os(PYTHON_VARIABLE).unwrap_or_else(|| {
        let system = Path::new(PYTHON);
        if system.exists() {
            system.into()
        } else {
            "python3".into()
        }
    })
}

fn path_with(first: Vec<PathBuf>) -> OsString {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = first.into_iter().chain(env::split_paths(&path));
    env::join_paths(folders).expect("the folders of a path have no colon")
}

/// Fails with the command that installs a program, where it cannot be started.
fn require(program: &str, install: &str) {
    require_success(Command::new(program).arg("--version").output(), install);
}

fn require_success(outcome: std::io::Result<Output>, install: &str) {
    match outcome {
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!(
            "a tool for the example plugins is missing; run `{install}`\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) => panic!("a tool for the example plugins is missing; run `{install}`: {error}"),
    }
}
