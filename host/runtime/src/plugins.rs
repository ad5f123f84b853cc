//! From the plugins that routes name to plugins that can be started: lock file, artifact, sandbox.
//!
//! Everything that needs a right happens in [`prepare`], before the process is confined: every artifact is opened and
//! checked, and one that is missing, stale or damaged is made again once, by the other program. The plugin of the route
//! that fits every message is loaded then, too; the others are loaded from their open files when a message first
//! reaches them. Each step that can go wrong ends in a [`Report`] with the command that mends it.

use std::fs::File;

use portcullis_core::home::Home;
use portcullis_core::home::artifact::{self, OpenArtifact, StampCheck};
use portcullis_core::home::lock::{Installed, Lock};
use portcullis_core::home::store::{self, StoreError};
use portcullis_core::names::PluginName;
use portcullis_core::policy::PortRoutes;
use portcullis_core::protocol::report::{ErrorCode, Report};
use portcullis_sandbox::{Engine, PROGRAM_VERSION, Plugin, PluginFault, Powers, TARGET};

use crate::powers::Opener;
use crate::rebuild::{self, MadeBy};

/// What serves one route.
pub(crate) struct Candidate {
    pub(crate) plugin: Prepared,
    /// What the plugin may reach.
    pub(crate) powers: Powers,
}

/// The plugin of one route.
pub(crate) enum Prepared {
    /// It can be started.
    Loaded(Plugin),
    /// Its artifact is open and will be loaded when a message reaches it.
    Open { name: PluginName, artifact: File },
    /// It cannot be used; every message for it gets this report.
    Unavailable(Box<Report>),
}

/// Prepares the plugin of each route, in the order of the routes.
pub(crate) fn prepare(
    home: &Home,
    engine: &Engine,
    lock: &Lock,
    routes: &PortRoutes,
    opener: &Opener<'_>,
) -> Vec<Candidate> {
    let plugins = Plugins { home, engine, lock };
    let unconditional = routes.unconditional();
    let each = routes.as_slice().iter().enumerate();
    each.map(|(place, route)| {
        let powers = find(lock, &route.plugin).and_then(|installed| opener.open(route, installed));
        let candidate = powers.and_then(|powers| {
            let plugin = if unconditional == Some(place) {
                plugins.load(&route.plugin).map(Prepared::Loaded)?
            } else {
                plugins.open(&route.plugin)?
            };
            Ok(Candidate { plugin, powers })
        });
        candidate.unwrap_or_else(|mut report| {
            report.plugin = Some(route.plugin.to_string());
            Candidate {
                plugin: Prepared::Unavailable(report),
                powers: Powers::none(&route.origin, &route.plugin),
            }
        })
    })
    .collect()
}

impl Prepared {
    /// The plugin, loaded if it is not yet. What is left in its place is only ever asked for again after a failure.
    ///
    /// # Errors
    ///
    /// The report that the message gets in place of an answer.
    pub(crate) fn take(&mut self, engine: &Engine) -> Result<Plugin, Box<Report>> {
        let used = Box::new(Report::new(
            ErrorCode::Internal,
            "the plugin has been loaded before",
        ));
        match std::mem::replace(self, Self::Unavailable(used)) {
            Self::Loaded(plugin) => Ok(plugin),
            Self::Open { name, artifact } => Plugin::load(engine, &artifact).map_err(|fault| {
                let mut report = match fault {
                    PluginFault::Incompatible(problem) => incompatible(&name, &problem),
                    PluginFault::Load(error) => {
                        tracing::error!(plugin = %name, "{}", chain(&error));
                        let sentence =
                            format!("the ahead-of-time code of plugin `{name}` is stale");
                        let report = Report::new(ErrorCode::ArtifactUnavailable, sentence);
                        Box::new(report.with_hint(format!("portcullis rebuild {name}")))
                    }
                };
                report.plugin = Some(name.to_string());
                *self = Self::Unavailable(report.clone());
                report
            }),
            Self::Unavailable(report) => {
                *self = Self::Unavailable(report.clone());
                Err(report)
            }
        }
    }

    /// Whether it may ask for random numbers. What is not loaded yet is not known, and so may.
    pub(crate) fn may_draw_random_numbers(&self) -> bool {
        match self {
            Self::Loaded(plugin) => plugin.may_draw_random_numbers(),
            Self::Open { .. } => true,
            Self::Unavailable(_) => false,
        }
    }

    /// The artifact that is still to be loaded.
    pub(crate) fn code(&self) -> Option<&File> {
        match self {
            Self::Open { artifact, .. } => Some(artifact),
            Self::Loaded(_) | Self::Unavailable(_) => None,
        }
    }
}

/// The plugins of one home.
struct Plugins<'a> {
    home: &'a Home,
    engine: &'a Engine,
    lock: &'a Lock,
}

impl Plugins<'_> {
    /// Gets a plugin ready to be started.
    fn load(&self, name: &PluginName) -> Result<Plugin, Box<Report>> {
        self.with_artifact(name, |artifact| {
            Plugin::load(self.engine, &artifact).map_err(|fault| match fault {
                PluginFault::Load(error) => Fault::Artifact(chain(&error)),
                PluginFault::Incompatible(problem) => Fault::Incompatible(problem),
            })
        })
    }

    /// Opens a plugin's artifact.
    fn open(&self, name: &PluginName) -> Result<Prepared, Box<Report>> {
        self.with_artifact(name, |artifact| {
            Ok(Prepared::Open {
                name: name.clone(),
                artifact,
            })
        })
    }

    /// Does something with a plugin's open and checked artifact; if that shows it to be of no use, once more with one
    /// that was made again.
    fn with_artifact<R>(
        &self,
        name: &PluginName,
        using: impl Fn(File) -> Result<R, Fault>,
    ) -> Result<R, Box<Report>> {
        let installed = find(self.lock, name)?;
        let problem = match self.open_artifact(installed).and_then(&using) {
            Ok(used) => return Ok(used),
            Err(Fault::Incompatible(problem)) => return Err(incompatible(name, &problem)),
            Err(Fault::Artifact(problem)) => problem,
        };
        match rebuild::run(self.home, name) {
            // One line for all the ports that have met it at once.
            Ok(MadeBy::Us) => {
                tracing::warn!(plugin = %name, "made the ahead-of-time code again: {problem}");
            }
            Ok(MadeBy::Another) => {
                tracing::debug!(plugin = %name, "another port has mended the ahead-of-time code: {problem}");
            }
            Err(error) => {
                tracing::error!(
                    plugin = %name,
                    "failed to make the ahead-of-time code again: {error} (it is needed, since: {problem})"
                );
                return Err(self.unavailable(installed));
            }
        }
        // It has a new entry now. Its approval was judged, and its powers were opened, for the old one: another build, or
        // another installation, that was put in its place meanwhile must not get them.
        let lock = read_lock(self.home)?;
        let renewed = find(&lock, name)?;
        if (renewed.digest, renewed.number) != (installed.digest, installed.number) {
            tracing::warn!(plugin = %name, "refused: it was replaced while this port was being opened");
            let sentence = format!(
                "plugin `{name}` was replaced while the port was being opened: connect again"
            );
            return Err(Box::new(Report::new(
                ErrorCode::ArtifactUnavailable,
                sentence,
            )));
        }
        let installed = renewed;
        self.open_artifact(installed).and_then(&using).map_err(|fault| match fault {
            Fault::Incompatible(problem) => incompatible(name, &problem),
            Fault::Artifact(problem) => {
                tracing::error!(plugin = %name, "the ahead-of-time code is of no use: {problem}");
                self.unavailable(installed)
            }
        })
    }

    fn open_artifact(&self, installed: &Installed) -> Result<File, Fault> {
        let OpenArtifact { file, stamp, .. } =
            artifact::open(self.home, installed, PROGRAM_VERSION, TARGET)
                .map_err(|problem| Fault::Artifact(chain(&problem)))?;
        if let StampCheck::HashedAgain { .. } = stamp {
            tracing::warn!(
                plugin = %installed.name,
                "the ahead-of-time code was touched and is unchanged; `portcullis verify` spares the check"
            );
        }
        Ok(file)
    }

    /// What to say where there is no artifact and none could be made: a stored plugin that was changed is another
    /// matter than a compiler that failed.
    fn unavailable(&self, installed: &Installed) -> Box<Report> {
        let name = &installed.name;
        let (code, sentence) = match store::read(self.home, &installed.digest, installed.size) {
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
