//! Starting the host the way a browser does: real program, real argv, pipes.
//!
//! A [`Browser`] is what would be in the browser and its manifest; [`Browser::start`] makes a [`Port`], one process of the
//! host. It does not model a browser's own checks of a manifest: a test may start the host in ways that no browser would.

mod ended;
mod port;
mod reader;

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub use ended::Ended;
pub use port::{PATIENCE, Port};

use crate::home::{ADD_ON, Home, ORIGIN};
use crate::programs;

/// What becomes of the host's stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stderr {
    /// Read to its end and kept for [`Ended`], as Firefox does.
    Kept,
    /// A pipe that nobody reads any more: a write to it fails.
    Broken,
}

/// What the browser does with the host's stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Reads it as fast as it comes.
    Read,
    /// Does not read until [`Port::resume_output`], so that the pipe fills.
    Unread,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Chromium,
    Mozilla,
}

/// A browser that is about to open a port.
#[derive(Debug)]
pub struct Browser {
    family: Family,
    origin: String,
    host_name: Option<String>,
    launcher: Option<PathBuf>,
    program: Option<PathBuf>,
    argv_0: Option<OsString>,
    further: Vec<OsString>,
    arguments: Option<Vec<OsString>>,
    wrapper: Vec<OsString>,
    home: PathBuf,
    environment: Vec<(OsString, Option<OsString>)>,
    bare_environment: bool,
    directory: Option<PathBuf>,
    stderr: Stderr,
    output: Output,
}

impl Browser {
    /// A browser of the Chromium family whose extension is [`ORIGIN`]: `portcullis-host chrome-extension://…/`.
    pub fn chromium(home: &Home) -> Self {
        Self::new(home, Family::Chromium, ORIGIN)
    }

    /// A browser of the Mozilla family whose add-on is [`ADD_ON`]: `portcullis-host /…/<host name>.json <add-on>`.
    pub fn mozilla(home: &Home) -> Self {
        Self::new(home, Family::Mozilla, ADD_ON)
    }

    fn new(home: &Home, family: Family, origin: &str) -> Self {
        Self {
            family,
            origin: origin.to_owned(),
            host_name: None,
            launcher: None,
            program: None,
            argv_0: None,
            further: Vec::new(),
            arguments: None,
            wrapper: Vec::new(),
            home: home.path().to_owned(),
            environment: Vec::new(),
            bare_environment: false,
            directory: None,
            stderr: Stderr::Kept,
            output: Output::Read,
        }
    }

    /// The extension or add-on that calls.
    #[must_use]
    pub fn origin(mut self, origin: &str) -> Self {
        origin.clone_into(&mut self.origin);
        self
    }

    /// The host name that the extension asked for. Chromium starts the host through `<home>/hosts/<host name>`, which is
    /// made here; Mozilla names its manifest `<host name>.json`.
    #[must_use]
    pub fn host_name(mut self, home: &Home, name: &str) -> Self {
        if self.family == Family::Chromium {
            self.launcher = Some(home.launcher(name));
        }
        self.host_name = Some(name.to_owned());
        self
    }

    /// One more argument after those of the family (`--parent-window=0`).
    #[must_use]
    pub fn argument(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.further.push(argument.as_ref().to_owned());
        self
    }

    /// Exactly these arguments in place of the family's.
    #[must_use]
    pub fn arguments<T: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = T>) -> Self {
        self.arguments = Some(
            arguments
                .into_iter()
                .map(|one| one.as_ref().to_owned())
                .collect(),
        );
        self
    }

    /// Another program than `portcullis-host` (`portcullis` registered by mistake, `/bin/false`).
    #[must_use]
    pub fn program(mut self, program: &Path) -> Self {
        self.program = Some(program.to_owned());
        self
    }

    /// Another `argv[0]` than the path of the program.
    #[must_use]
    pub fn argv_0(mut self, name: impl AsRef<OsStr>) -> Self {
        self.argv_0 = Some(name.as_ref().to_owned());
        self
    }

    /// Starts the host by `wrapper host arguments…`; the wrapper has to `exec` it, so that the process stays the same.
    #[must_use]
    pub fn wrapper<T: AsRef<OsStr>>(mut self, wrapper: impl IntoIterator<Item = T>) -> Self {
        self.wrapper = wrapper
            .into_iter()
            .map(|one| one.as_ref().to_owned())
            .collect();
        self
    }

    /// One environment variable.
    #[must_use]
    pub fn environment(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment
            .push((name.as_ref().to_owned(), Some(value.as_ref().to_owned())));
        self
    }

    /// Without this environment variable, even where it is set for every port (`PORTCULLIS_HOME`).
    #[must_use]
    pub fn without_environment(mut self, name: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.as_ref().to_owned(), None));
        self
    }

    /// No environment at all but what was set here, and not even `PORTCULLIS_HOME`.
    #[must_use]
    pub fn bare_environment(mut self) -> Self {
        self.bare_environment = true;
        self
    }

    /// The current directory of the host.
    #[must_use]
    pub fn directory(mut self, directory: &Path) -> Self {
        self.directory = Some(directory.to_owned());
        self
    }

    /// What becomes of stderr; [`Stderr::Kept`] unless set.
    #[must_use]
    pub fn stderr(mut self, stderr: Stderr) -> Self {
        self.stderr = stderr;
        self
    }

    /// Whether the browser reads; [`Output::Read`] unless set.
    #[must_use]
    pub fn output(mut self, output: Output) -> Self {
        self.output = output;
        self
    }

    /// Opens a port.
    ///
    /// # Panics
    ///
    /// When the program cannot be started.
    #[track_caller]
    pub fn start(self) -> Port {
        self.try_start()
            .unwrap_or_else(|error| panic!("could not start the host: {error}"))
    }

    fn try_start(self) -> io::Result<Port> {
        let program = match (&self.program, &self.launcher) {
            (Some(program), _) | (None, Some(program)) => program.as_path(),
            (None, None) => programs::host(),
        };
        let mut command = match self.wrapper.split_first() {
            None => Command::new(program),
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(program);
                command
            }
        };
        if let Some(name) = &self.argv_0 {
            command.arg0(name);
        }
        command
            .args(self.argv())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if self.bare_environment {
            command.env_clear();
        } else {
            command
                .env("PORTCULLIS_HOME", &self.home)
                .env_remove("PORTCULLIS_LOG");
        }
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        match self.stderr {
            Stderr::Kept => command.stderr(Stdio::piped()),
            Stderr::Broken => {
                let (unread, write) = io::pipe()?;
                drop(unread);
                command.stderr(write)
            }
        };
        Port::new(command.spawn()?, self.output)
    }

    fn argv(&self) -> Vec<OsString> {
        let family = match (&self.arguments, self.family) {
            (Some(arguments), _) => arguments.clone(),
            (None, Family::Chromium) => vec![OsString::from(&self.origin)],
            (None, Family::Mozilla) => {
                let name = self.host_name.as_deref().unwrap_or("com.example.test");
                let manifest = format!("/home/user/.mozilla/native-messaging-hosts/{name}.json");
                vec![OsString::from(manifest), OsString::from(&self.origin)]
            }
        };
        family
            .into_iter()
            .chain(self.further.iter().cloned())
            .collect()
    }
}
