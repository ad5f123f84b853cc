//! `portcullis` as a person meets it: what it prints, what it refuses, and what is on the disk afterwards.
//!
//! Every run is checked as a whole: standard output, standard error and exit code. Paths of the throw-away home are
//! replaced by `[HOME]`, so that expectations can be written down. An exit code that is not documented, a panic's among
//! them, is always a failure.

mod adding;
mod interrupted;
mod malformed;
mod refused;
mod routes;
mod sending;
mod starting;
mod verifying;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use portcullis_tests::Home;
use serde_json::Value;

/// What one run of `portcullis` left behind.
#[derive(Debug)]
pub(crate) struct Said {
    command: String,
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `portcullis` with these arguments on this home.
#[track_caller]
pub(crate) fn run<'a>(home: &Home, arguments: impl IntoIterator<Item = &'a str>) -> Said {
    finished(home, &mut home.portcullis(arguments))
}

/// Runs the command and takes what it said.
#[track_caller]
pub(crate) fn finished(home: &Home, command: &mut Command) -> Said {
    let output = command.output().expect("the program was just built");
    said(home, command, &output)
}

#[track_caller]
pub(crate) fn said(home: &Home, command: &Command, output: &Output) -> Said {
    let command = format!("{command:?}");
    let text = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).expect("everything that is printed is UTF-8");
        // The home is inside the folder beside it, so it goes first.
        text.replace(&*home.path().to_string_lossy(), "[HOME]")
            .replace(&*home.beside().to_string_lossy(), "[BESIDE]")
    };
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    let Some(code @ (0 | 1 | 2 | 4)) = output.status.code() else {
        panic!("{command} ended with {}\n{stdout}{stderr}", output.status);
    };
    Said {
        command,
        code,
        stdout,
        stderr,
    }
}

impl Said {
    /// Succeeded, printed exactly this and said nothing else.
    #[track_caller]
    pub(crate) fn prints(self, stdout: &str) -> Self {
        assert_eq!(
            (self.code, &*self.stderr, &*self.stdout),
            (0, "", stdout),
            "{}",
            self.command
        );
        self
    }

    /// Succeeded and said nothing on standard error; what it printed is for the test to look at.
    #[track_caller]
    pub(crate) fn succeeds(self) -> String {
        assert_eq!(
            (self.code, &*self.stderr),
            (0, ""),
            "{}\n{}",
            self.command,
            self.stdout
        );
        self.stdout
    }

    /// Was refused with this code and this one error, and printed nothing.
    #[track_caller]
    pub(crate) fn refuses(self, code: i32, error: &str) -> Self {
        let expected = format!("error: {error}\n");
        assert_eq!(
            (self.code, &*self.stdout, &*self.stderr),
            (code, "", &*expected),
            "{}",
            self.command
        );
        self
    }

    /// Was refused with this code, and the error has these words in it.
    #[track_caller]
    pub(crate) fn refuses_with(self, code: i32, words: &str) -> Self {
        assert_eq!(
            (self.code, &*self.stdout),
            (code, ""),
            "{}\n{}",
            self.command,
            self.stderr
        );
        assert!(
            self.stderr.contains(words),
            "{}: `{words}` is not in\n{}",
            self.command,
            self.stderr
        );
        self
    }
}

/// Everything in the home but the lock that writers hold, and what hosts keep of the policy, which is there or not by when
/// the last of them started: path and bytes, sorted.
pub(crate) fn contents(home: &Home) -> Vec<(PathBuf, Vec<u8>)> {
    fn walk(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
        for entry in fs::read_dir(folder).expect("the home can be read") {
            let path = entry.expect("the home can be read").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.file_name().is_some_and(|name| name != ".lock") {
                let bytes = fs::read(&path).expect("the home can be read");
                found.push((path, bytes));
            }
        }
    }
    let mut found = Vec::new();
    walk(home.path(), &mut found);
    found.retain(|(path, _)| !path.starts_with(home.path().join("compiled")));
    found.sort();
    found
}

/// The files in one folder of the home.
pub(crate) fn files(home: &Home, folder: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(home.path().join(folder)) else {
        return Vec::new();
    };
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("the home can be read").path())
        .collect();
    files.sort();
    files
}

/// What `portcullis list --json` prints.
#[track_caller]
pub(crate) fn listed(home: &Home) -> Value {
    serde_json::from_str(&run(home, ["list", "--json"]).succeeds()).expect("it is JSON")
}

/// The names of the installed plugins.
#[track_caller]
pub(crate) fn installed(home: &Home) -> Vec<String> {
    let list = listed(home);
    let list = list.as_array().expect("an array");
    list.iter()
        .map(|plugin| plugin["name"].as_str().expect("a name").to_owned())
        .collect()
}

/// A file beside the home, to hand to the program.
pub(crate) fn file(home: &Home, name: &str, bytes: &[u8]) -> String {
    let path = home.beside().join(name);
    fs::write(&path, bytes).expect("a temporary folder takes a file");
    path.to_str()
        .expect("temporary folders have plain names")
        .to_owned()
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str()
        .expect("the project's folder has a plain name")
}
