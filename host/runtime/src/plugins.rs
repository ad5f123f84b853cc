//! From a plugin's name to a plugin that can be started: lock file, artifact, sandbox.
//!
//! Each step that can go wrong ends in a [`Report`] with the command that mends it. An artifact that is missing, stale
//! or damaged is made again once, by the other program, and then judged anew; nothing is compiled here.

use portcullis_core::home::Home;
use portcullis_core::home::artifact::{self, OpenArtifact, StampCheck};
use portcullis_core::home::lock::{Installed, Lock};
use portcullis_core::home::store::{self, StoreError};
use portcullis_core::names::PluginName;
use portcullis_core::protocol::report::{ErrorCode, Report};
use portcullis_sandbox::{Engine, PROGRAM_VERSION, Plugin, PluginFault, TARGET};

use crate::rebuild;

/// The plugins of one home.
pub(crate) struct Plugins {
    home: Home,
    engine: Engine,
    lock: Lock,
}

impl Plugins {
    /// The plugins that `lock` lists, which has been read from `home`.
    pub(crate) fn new(home: Home, engine: Engine, lock: Lock) -> Self {
        Self { home, engine, lock }
    }

    /// Gets a plugin ready to be started.
    ///
    /// # Errors
    ///
    /// The report that the extension gets in place of an answer. The private detail has been logged.
    pub(crate) fn load(&self, name: &PluginName) -> Result<Plugin, Box<Report>> {
        let installed = find(&self.lock, name)?;
        let first = self.try_load(installed);
        let problem = match first {
            Ok(plugin) => return Ok(plugin),
            Err(Fault::Incompatible(problem)) => return Err(incompatible(name, &problem)),
            Err(Fault::Artifact(problem)) => problem,
        };
        tracing::warn!(plugin = %name, "making the ahead-of-time code again: {problem}");
        if let Err(error) = rebuild::run(&self.home, name) {
            tracing::error!(plugin = %name, "failed to make the ahead-of-time code again: {error}");
            return Err(self.unavailable(installed));
        }
        // It has a new entry now, and perhaps a whole new version: a port may outlive an update.
        let lock = read_lock(&self.home)?;
        let installed = find(&lock, name)?;
        self.try_load(installed).map_err(|fault| match fault {
            Fault::Incompatible(problem) => incompatible(name, &problem),
            Fault::Artifact(problem) => {
                tracing::error!(plugin = %name, "the ahead-of-time code is of no use: {problem}");
                self.unavailable(installed)
            }
        })
    }

    /// What to say where there is no artifact and none could be made: a stored plugin that was changed is another
    /// matter than a compiler that failed.
    fn unavailable(&self, installed: &Installed) -> Box<Report> {
        let name = &installed.name;
        let (code, sentence) = match store::read(&self.home, &installed.digest, installed.size) {
            Err(StoreError::WrongDigest { .. }) => (
                ErrorCode::DigestMismatch,
                format!("the stored plugin `{name}` is not the one that was installed"),
            ),
            _ => (
                ErrorCode::ArtifactUnavailable,
                format!("the ahead-of-time code of plugin `{name}` could not be made again"),
            ),
        };
        Box::new(Report::new(code, sentence).with_hint("portcullis verify"))
    }

    fn try_load(&self, installed: &Installed) -> Result<Plugin, Fault> {
        let OpenArtifact { file, stamp, .. } =
            artifact::open(&self.home, installed, PROGRAM_VERSION, TARGET)
                .map_err(|problem| Fault::Artifact(chain(&problem)))?;
        if let StampCheck::HashedAgain { .. } = stamp {
            tracing::warn!(
                plugin = %installed.name,
                "the ahead-of-time code was touched and is unchanged; `portcullis verify` spares the check"
            );
        }
        Plugin::load(&self.engine, &file).map_err(|fault| match fault {
            PluginFault::Load(error) => Fault::Artifact(chain(&error)),
            PluginFault::Incompatible(problem) => Fault::Incompatible(problem),
        })
    }
}

/// Reads the list of what is installed.
///
/// # Errors
///
/// The report that the extension gets in place of every answer. The private detail has been logged.
pub(crate) fn read_lock(home: &Home) -> Result<Lock, Box<Report>> {
    Lock::load(home).map_err(|error| {
        tracing::error!("{}", chain(&error));
        let report = Report::new(
            ErrorCode::PolicyInvalid,
            "the list of installed plugins cannot be used",
        );
        Box::new(report.with_hint("portcullis verify"))
    })
}

fn find<'a>(lock: &'a Lock, name: &PluginName) -> Result<&'a Installed, Box<Report>> {
    lock.find(name).ok_or_else(|| {
        tracing::error!(plugin = %name, "a route leads to a plugin that is not installed");
        let sentence = format!("plugin `{name}` is not installed");
        let hint = format!("portcullis add {name}.wasm --name {name}");
        Box::new(Report::new(ErrorCode::PluginMissing, sentence).with_hint(hint))
    })
}

/// Why a plugin is not there.
enum Fault {
    /// Making the artifact again may help.
    Artifact(String),
    /// Nothing but another build of the plugin, or of the host, helps.
    Incompatible(String),
}

fn incompatible(name: &PluginName, problem: &str) -> Box<Report> {
    tracing::error!(plugin = %name, "incompatible plugin: {problem}");
    let sentence = format!("plugin `{name}` does not fit this host: {problem}");
    Box::new(Report::new(ErrorCode::IncompatiblePlugin, sentence))
}

/// An error with its causes, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
