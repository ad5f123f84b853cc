//! A plugin's project, as its file `portcullis.toml` describes it: what `new` writes and what `build`, `test` and
//! `bench` work on.
//!
//! | Path | What it is |
//! |---|---|
//! | `portcullis.toml` | name, language and mode, where the component is, and what the plugin may do in its tests |
//! | `plugin.toml` | what the plugin asks for, packed into the component |
//! | `tests/*.transcript` | messages in, messages out |
//!
//! The deciding choice: the tables `[limits]` and `[grant]` are those of a route, read by the policy's own reader and
//! copied as they stand into the policy of a test, so a project cannot be tested under terms that no user could give.
//!
//! What this does not do: it builds and runs nothing.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use clap::ValueEnum;
use portcullis_core::caller::Origin;
use portcullis_core::home::Position;
use portcullis_core::names::{Digest, PluginName, escape, shell_word};
use portcullis_core::policy::{PolicyError, Terms};
use portcullis_sandbox::inspect;
use serde::Deserialize;
use thiserror::Error;
use toml::Spanned;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

/// The file that makes a folder a project.
pub(crate) const FILE: &str = "portcullis.toml";

/// The file with what the plugin asks for.
pub(crate) const MANIFEST: &str = "plugin.toml";

/// The folder of the transcripts.
pub(crate) const TESTS: &str = "tests";

/// How the names of transcripts end.
pub(crate) const TRANSCRIPT: &str = "transcript";

/// The longest `portcullis.toml` that is read, in bytes: a grant with everything in it has a tenth of this.
const LONGEST: u64 = 64 * 1024;

/// The language of a project, which decides its toolchain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Language {
    /// Rust, by cargo for `wasm32-wasip2`
    Rust,
    /// JavaScript, by componentize-qjs
    Js,
    /// TypeScript, by its own compiler and componentize-qjs
    Ts,
    /// Python, by componentize-py
    Python,
    /// C, by zig
    C,
}

impl Language {
    /// Every language, in the order in which people are shown them.
    pub(crate) const ALL: [Self; 5] = [Self::Rust, Self::Js, Self::Ts, Self::Python, Self::C];

    /// As it is typed.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Js => "js",
            Self::Ts => "ts",
            Self::Python => "python",
            Self::C => "c",
        }
    }
}

/// How the plugin of a project is to be driven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// One request, one reply
    Handler,
    /// State, timers and messages that nobody asked for, for the life of a port
    Session,
    /// A program that reads and writes native messaging frames on its standard input and output
    Stdio,
}

impl Mode {
    /// As it is typed, and as `inspect` calls it.
    pub(crate) fn as_str(self) -> &'static str {
        inspect::Mode::from(self).as_str()
    }

    /// For a sentence: `a handler`.
    pub(crate) fn shown(self) -> &'static str {
        match self {
            Self::Handler => "handler",
            Self::Session => "session",
            Self::Stdio => "program",
        }
    }
}

impl From<Mode> for inspect::Mode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Handler => Self::Handler,
            Mode::Session => Self::Session,
            Mode::Stdio => Self::Stdio,
        }
    }
}

/// A project whose `portcullis.toml` holds together. Nothing else of it has been looked at.
#[derive(Debug)]
pub(crate) struct Project {
    folder: PathBuf,
    name: PluginName,
    language: Language,
    mode: Mode,
    component: PathBuf,
    build: Vec<String>,
    terms: Terms,
    document: DocumentMut,
}

/// Why a folder is no project that can be worked on.
#[derive(Debug, Error)]
pub(crate) enum ProjectError {
    #[error(
        "there is no `{FILE}` in `{}`: go to a plugin's project, or make one with `portcullis new NAME --lang rust`",
        .folder.display()
    )]
    None { folder: PathBuf },
    #[error("cannot read `{}`", .file.display())]
    Unreadable {
        file: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("`{}` is larger than {LONGEST} bytes, and no project needs that: shorten it", .file.display())]
    TooLong { file: PathBuf },
    #[error("{}:{position}: {problem}", .file.display())]
    Wrong {
        file: PathBuf,
        position: Position,
        problem: String,
    },
    #[error(transparent)]
    Terms(#[from] PolicyError),
}

/// The shape of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    name: PluginName,
    language: Language,
    mode: Mode,
    component: Spanned<PathBuf>,
    #[serde(default)]
    build: Vec<Spanned<String>>,
    /// These two are the policy's to read.
    #[serde(default, rename = "limits")]
    _limits: toml::Table,
    #[serde(default, rename = "grant")]
    _grant: toml::Table,
}

impl Project {
    /// Reads the project in a folder.
    ///
    /// # Errors
    ///
    /// A [`ProjectError`]: there is none, its file cannot be read, or something in it is wrong, with line and column.
    pub(crate) fn open(folder: &Path) -> Result<Self, ProjectError> {
        let file = folder.join(FILE);
        Self::parse(folder, &read(folder, &file)?, &file)
    }

    fn parse(folder: &Path, text: &str, file: &Path) -> Result<Self, ProjectError> {
        let wrong = |at: usize, problem: String| ProjectError::Wrong {
            file: file.to_owned(),
            position: Position::of(text, at),
            problem,
        };
        let shape: Shape = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            wrong(at, error.message().to_owned())
        })?;
        let component = shape.component.get_ref();
        let is_inside = component
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        let is_wasm = component
            .extension()
            .is_some_and(|extension| extension == "wasm");
        if !is_inside || !is_wasm {
            let problem = format!(
                "`{}` is not a `.wasm` file in the project: write its path from the project's folder, without `..`",
                escape(&component.to_string_lossy())
            );
            return Err(wrong(shape.component.span().start, problem));
        }
        if let Some(empty) = shape
            .build
            .iter()
            .find(|line| line.get_ref().trim().is_empty())
        {
            let problem = "a line of `build` is a command, this one is empty".to_owned();
            return Err(wrong(empty.span().start, problem));
        }
        let terms = Terms::parse(text, file)?;
        let document = text.parse().map_err(|error: toml_edit::TomlError| {
            let at = error.span().map_or(0, |span| span.start);
            wrong(at, error.message().to_owned())
        })?;
        Ok(Self {
            folder: folder.to_owned(),
            name: shape.name,
            language: shape.language,
            mode: shape.mode,
            component: shape.component.into_inner(),
            build: shape.build.into_iter().map(Spanned::into_inner).collect(),
            terms,
            document,
        })
    }

    /// The folder that was opened, as it was named.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A verb of this program on this project, as it is typed in the folder where this one was.
    pub(crate) fn command(&self, verb: &str) -> String {
        if self.folder == Path::new(".") {
            return format!("portcullis {verb}");
        }
        format!(
            "portcullis {verb} {}",
            shell_word(&self.folder.to_string_lossy())
        )
    }

    /// What the plugin is called where it is tested, and its artifacts.
    pub(crate) fn name(&self) -> &PluginName {
        &self.name
    }

    /// What it is written in.
    pub(crate) fn language(&self) -> Language {
        self.language
    }

    /// How it is to be driven. What its component really exports is for `inspect` to say.
    pub(crate) fn mode(&self) -> Mode {
        self.mode
    }

    /// Where the built component is, whether or not it has been built.
    pub(crate) fn component(&self) -> PathBuf {
        // As a person would name it who is in the folder.
        if self.folder == Path::new(".") {
            self.component.clone()
        } else {
            self.folder.join(&self.component)
        }
    }

    /// The command lines that build it, where it does not leave that to `portcullis build`; each for the system's
    /// shell, in the project's folder.
    pub(crate) fn build(&self) -> &[String] {
        &self.build
    }

    /// The file with what the plugin asks for, whether or not there is one.
    pub(crate) fn manifest(&self) -> PathBuf {
        self.folder.join(MANIFEST)
    }

    /// What the plugin may use and reach in its tests.
    pub(crate) fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Every transcript, by name.
    ///
    /// # Errors
    ///
    /// When the folder `tests` cannot be read. One that is missing has no transcripts.
    pub(crate) fn transcripts(&self) -> io::Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(self.folder.join(TESTS)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut transcripts = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|it| it == TRANSCRIPT) {
                transcripts.push(path);
            }
        }
        transcripts.sort();
        Ok(transcripts)
    }

    /// A policy with one route: this origin may use the plugin, within the project's limits and with its grant.
    /// `approved` is the build whose requests count as approved, which a grant of powers needs.
    pub(crate) fn policy_text(&self, origin: &Origin, approved: Option<&Digest>) -> String {
        let mut route = Table::new();
        route["origin"] = value(origin.as_str());
        route["plugin"] = value(self.name.as_str());
        if let Some(limits) = self.document.get("limits") {
            route["limits"] = limits.clone();
        }
        let grant = self.document.get("grant").cloned();
        let mut grant = grant.unwrap_or_else(|| Item::Table(Table::new()));
        if let (Some(digest), Some(table)) = (approved, grant.as_table_like_mut()) {
            table.insert("approved", value(format!("sha256:{digest}")));
        }
        route["grant"] = grant;
        let mut routes = ArrayOfTables::new();
        routes.push(route);
        let mut policy = DocumentMut::new();
        policy["version"] = value(portcullis_core::policy::VERSION);
        policy["route"] = Item::ArrayOfTables(routes);
        policy.to_string()
    }
}

fn read(folder: &Path, path: &Path) -> Result<String, ProjectError> {
    let unreadable = |cause| ProjectError::Unreadable {
        file: path.to_owned(),
        cause,
    };
    let file = File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ProjectError::None {
            folder: folder.to_owned(),
        },
        _ => unreadable(error),
    })?;
    let mut text = String::new();
    // One byte more, so that a longer one is refused for its length and not where it was cut.
    file.take(LONGEST + 1)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    if text.len() as u64 > LONGEST {
        return Err(ProjectError::TooLong {
            file: path.to_owned(),
        });
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
