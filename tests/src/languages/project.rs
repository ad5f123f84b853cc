//! Projects as an author begins them: made by `portcullis new` and built by `portcullis build`, outside the repository.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::{require, share_packages};
use crate::{Home, guests};

/// Every language and mode that there is a template of.
pub const TEMPLATES: [(&str, &str); 12] = [
    ("rust", "handler"),
    ("rust", "session"),
    ("rust", "stdio"),
    ("js", "handler"),
    ("js", "session"),
    ("ts", "handler"),
    ("ts", "session"),
    ("python", "handler"),
    ("python", "session"),
    ("c", "handler"),
    ("c", "session"),
    ("c", "stdio"),
];

/// A project of a template, with a home to try its plugin in. Both are gone when the value is dropped.
pub struct Project {
    /// Where nothing is granted and nothing installed until the caller does it.
    pub home: Home,
    name: String,
    parent: TempDir,
}

impl Project {
    /// A new project, not yet built.
    ///
    /// # Panics
    ///
    /// When `portcullis new` refuses, with what it said, or a tool of the language is missing.
    pub fn new(language: &str, mode: &str) -> Self {
        match language {
            "rust" => guests::require_target(),
            "js" | "ts" => require("npm", "apt-get install -y nodejs npm"),
            _ => {}
        }
        let parent = tempfile::Builder::new()
            .prefix("portcullis-project-")
            .tempdir()
            .expect("the system's temporary folder can be written");
        let project = Self {
            home: Home::new(),
            name: format!("{language}-{mode}"),
            parent,
        };
        let mut command =
            project
                .home
                .portcullis(["new", &project.name, "--lang", language, "--mode", mode]);
        succeed(command.current_dir(project.parent.path()));
        project
    }

    /// What the project and its plugin are called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The project's folder.
    pub fn folder(&self) -> PathBuf {
        self.parent.path().join(&self.name)
    }

    /// Where the component is, once it has been built.
    pub fn component(&self) -> PathBuf {
        self.folder().join(format!("target/{}.wasm", self.name))
    }

    /// `portcullis` with these arguments in the project's folder, with the packages at hand, not yet started.
    pub fn portcullis<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = self.home.portcullis(arguments);
        command.current_dir(self.folder());
        share_packages(&mut command);
        command
    }

    /// Runs `portcullis` with these arguments in the project's folder and returns what it printed.
    ///
    /// # Panics
    ///
    /// When it does not succeed, with all that it said.
    #[track_caller]
    pub fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> String {
        succeed(&mut self.portcullis(arguments))
    }

    /// Replaces a text in a file of the project.
    ///
    /// # Panics
    ///
    /// When it does not stand there.
    #[track_caller]
    pub fn change(&self, path: &str, from: &str, to: &str) -> &Self {
        let file = self.folder().join(path);
        let text = std::fs::read_to_string(&file).expect("the file is the template's");
        assert!(text.contains(from), "`{path}` has no `{from}`\n{text}");
        std::fs::write(&file, text.replace(from, to)).expect("the project is ours");
        self
    }

    /// The compiled code of the plugins that were added, in bytes.
    pub fn artifact_size(&self) -> u64 {
        folder_size(&self.home.path().join("cache"))
    }
}

#[track_caller]
fn succeed(command: &mut Command) -> String {
    let output = command.output().expect("the program was just built");
    assert!(
        output.status.success(),
        "{command:?} ended with {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("everything that is printed is UTF-8")
}

fn folder_size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.metadata().ok())
        .filter(std::fs::Metadata::is_file)
        .map(|metadata| metadata.len())
        .sum()
}
