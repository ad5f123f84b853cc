//! `register`, `unregister`, `doctor` and `logs`: from a person's command to a browser that finds the host.
//!
//! Everything happens in a temporary folder that is `HOME`, the system's root and the whole of `PATH`, so a test says
//! which browsers there are. What browsers make of the manifests is tested twice: against the rules that were read from
//! their sources (`manifests`, the conformance cases 39 to 52), and with the browsers themselves.

mod doctor;
mod logs;
mod manifests;
mod places;
mod programs;
mod real_chromium;
mod real_firefox;
mod shapes;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use portcullis_tests::Home;
use serde_json::Value;

use crate::cli::{Said, finished};

/// The host that is registered.
const HOST: &str = "com.example.notes";

/// A machine of our own: a user, a system and the programs on it.
pub(crate) struct Machine {
    pub(crate) home: Home,
}

impl Machine {
    /// A machine without browsers, and a home without plugins.
    fn new() -> Self {
        Self::with(Home::new())
    }

    /// A machine without browsers, on which this home is.
    fn with(home: Home) -> Self {
        let machine = Self { home };
        for folder in ["user", "system", "programs"] {
            fs::create_dir(machine.path(folder)).expect("a temporary folder takes a folder");
        }
        machine
    }

    /// A machine with these programs.
    pub(crate) fn with_programs(programs: &[&str]) -> Self {
        let machine = Self::new();
        for program in programs {
            machine.write(&format!("programs/{program}"), "");
        }
        machine
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.home.beside().join(below)
    }

    /// A file with this text, and the folders above it.
    pub(crate) fn write(&self, below: &str, text: &str) -> PathBuf {
        let path = self.path(below);
        let folder = path.parent().expect("it is in the temporary folder");
        fs::create_dir_all(folder).expect("a temporary folder takes a folder");
        fs::write(&path, text).expect("a temporary folder takes a file");
        path
    }

    pub(crate) fn read(&self, below: &str) -> String {
        let path = self.path(below);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("`{}`: {error}", path.display()))
    }

    /// `portcullis` as the user of this machine starts it.
    pub(crate) fn command<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = self.home.portcullis(arguments);
        command
            .env("HOME", self.path("user"))
            .env("PATH", self.path("programs"))
            .env("PORTCULLIS_SYSTEM_ROOT", self.path("system"));
        for variable in ["XDG_CONFIG_HOME", "CHROME_CONFIG_HOME", "XDG_DATA_HOME"] {
            command.env_remove(variable);
        }
        command
    }

    #[track_caller]
    pub(crate) fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Said {
        finished(&self.home, &mut self.command(arguments))
    }

    /// What a verb prints with `--json`, and its exit code.
    #[track_caller]
    pub(crate) fn json<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> (i32, Value) {
        let mut command = self.command(arguments);
        let output = command
            .arg("--json")
            .output()
            .expect("the program was just built");
        let code = output.status.code().expect("it is not killed");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            code == 0 || code == 1,
            "{command:?} ended with {code}\n{stderr}"
        );
        let json = serde_json::from_slice(&output.stdout);
        (
            code,
            json.unwrap_or_else(|error| panic!("{command:?}: {error}\n{stderr}")),
        )
    }
}

/// Everything below a folder that is no folder, sorted; folders that are not there have nothing below them.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}
