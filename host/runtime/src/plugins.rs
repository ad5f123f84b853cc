//! From a plugin's name to a plugin that can be started: lock file, artifact, sandbox.
//!
//! Each step that can go wrong ends in a [`Report`] with the command that mends it. An artifact that is missing, stale
//! or damaged is made again once, by the other program, and then judged anew; nothing is compiled here.

use portcullis_core::home::artifact::{self, OpenArtifact, StampCheck};
use portcullis_core::home::lock::{Installed, Lock};
use portcullis_core::home::Home;
use portcullis_core::names::PluginName;
use portcullis_core::protocol::report::{ErrorCode, Report};
use portcullis_sandbox::{Engine, PROGRAM_VERSION, Plugin, PluginFault, TARGET};

use crate::rebuild;

/// The plugins of one home.
pub(crate) struct Plugins {
    home: Home,
    engine: Engine,
}

impl Plugins {
    pub(crate) fn new(home: Home, engine: Engine) -> Self {
        Self { home, engine }
    }

    /// Gets a plugin ready to be started. The lock file is read anew each time: a port may outlive an update.
    ///
    /// # Errors
    ///
    /// The report that the extension gets in place of an answer. The private detail has been logged.
    pub(crate) fn load(&self, name: &PluginName) -> Result<Plugin, Box<Report>> {
        let installed = self.find(name)?;
        let first = self.try_load(&installed);
        let problem = match first {
            Ok(plugin) => return Ok(plugin),
            Err(Fault::Incompatible(problem)) => return Err(incompatible(name, &problem)),
            Err(Fault::Artifact(problem)) => problem,
        };
        tracing::warn!(plugin = %name, "making the ahead-of-time code again: {problem}");
        if let Err(error) = rebuild::run(&self.home, name) {
            tracing::error!(plugin = %name, "failed to make the ahead-of-time code again: {error}");
            return Err(unavailable(name));
        }
        let installed = self.find(name)?;
        self.try_load(&installed).map_err(|fault| match fault {
            Fault::Incompatible(problem) => incompatible(name, &problem),
            Fault::Artifact(problem) => {
                tracing::error!(plugin = %name, "the ahead-of-time code is of no use: {problem}");
                unavailable(name)
            }
        })
    }

    fn find(&self, name: &PluginName) -> Result<Installed, Box<Report>> {
        let lock = Lock::load(&self.home).map_err(|error| {
            tracing::error!("{}", chain(&error));
            let sentence = "the list of installed plugins cannot be used";
            let report = Report::new(ErrorCode::PluginMissing, sentence);
            Box::new(report.with_hint("portcullis verify"))
        })?;
        lock.find(name).cloned().ok_or_else(|| {
            tracing::error!(plugin = %name, "a route leads to a plugin that is not installed");
            let sentence = format!("plugin `{name}` is not installed");
            let hint = format!("portcullis add {name}.wasm --name {name}");
            Box::new(Report::new(ErrorCode::PluginMissing, sentence).with_hint(hint))
        })
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

fn unavailable(name: &PluginName) -> Box<Report> {
    let sentence = format!("the ahead-of-time code of plugin `{name}` could not be made again");
    let report = Report::new(ErrorCode::ArtifactUnavailable, sentence);
    Box::new(report.with_hint("portcullis verify"))
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
