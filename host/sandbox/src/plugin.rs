//! A plugin that is ready to be started: its mode, its imports linked, its exports found.
//!
//! Only the interfaces that a component imports are linked, since linking all of WASI takes as long as starting the
//! rest of the sandbox. An import that the host does not offer is refused here, in words, before wasmtime is asked.

use std::fs::File;

use wasmtime::component::{Component, InstancePre, Linker};

use crate::artifact::{self, LoadError};
use crate::capabilities;
use crate::contract::{HandlerExports, RunExport, SessionExports};
use crate::engine::Engine;
use crate::instance::State;
use crate::offered;
use crate::parts::TooMany;

/// How a plugin is used, by what it exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `portcullis:plugin/handler`: one request, one reply.
    Handler,
    /// `portcullis:plugin/session`: callbacks for the life of a port.
    Session,
    /// `wasi:cli/run`: bytes on its own standard input and output, for the life of a port or of one message.
    Stdio,
}

/// A loaded plugin.
pub struct Plugin {
    pub(crate) engine: Engine,
    pub(crate) prepared: InstancePre<State>,
    pub(crate) exports: Exports,
    has_wasi: bool,
}

/// Where the functions of the contract are.
pub(crate) enum Exports {
    Handler(HandlerExports),
    Session(SessionExports),
    Stdio(RunExport),
}

/// Why a plugin cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PluginFault {
    /// Its artifact is of no use; it may be made again.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It needs what this host does not have, or offers what this host cannot use. For people.
    #[error("{0}")]
    Incompatible(String),
}

/// The interfaces of the contract that make a mode.
const HANDLER: &str = "portcullis:plugin/handler@0.1.0";
const SESSION: &str = "portcullis:plugin/session@0.1.0";

/// What a program exports whose `main` is all there is. Found in every version that is compatible.
const RUN: &str = "wasi:cli/run@0.2.0";

impl Plugin {
    /// Maps the artifact and gets the plugin ready. `artifact` must have been checked by the caller; see
    /// [`portcullis_core::home::artifact`].
    ///
    /// # Errors
    ///
    /// [`PluginFault`]; a fault of the artifact may be mended by making it again, the other one not.
    pub fn load(engine: &Engine, artifact: &File) -> Result<Self, PluginFault> {
        Self::of(engine, &artifact::load(engine, artifact)?)
    }

    /// The same for code that [`compile`](crate::compile) has just given and that another process still has open for
    /// writing: Windows maps no such file.
    ///
    /// # Errors
    ///
    /// As [`Self::load`].
    #[cfg(all(windows, feature = "compile"))]
    pub fn load_copy(engine: &Engine, code: &[u8]) -> Result<Self, PluginFault> {
        Self::of(engine, &artifact::load_copy(engine, code)?)
    }

    fn of(engine: &Engine, component: &Component) -> Result<Self, PluginFault> {
        let exports = exports(component)?;
        TooMany::in_component(component)
            .map_err(|too_many| PluginFault::Incompatible(format!("it {too_many}")))?;
        let prepared = link(engine, component)?;
        let shape = component.component_type();
        let mut imports = shape.imports(&engine.inner);
        Ok(Self {
            engine: engine.clone(),
            prepared,
            exports,
            has_wasi: imports.any(|(import, _)| import.starts_with("wasi:")),
        })
    }

    /// Whether it may ask for random numbers: it imports something of WASI, whose generators are seeded together.
    #[must_use]
    pub fn may_draw_random_numbers(&self) -> bool {
        self.has_wasi
    }

    /// How the plugin is used.
    #[must_use]
    pub fn mode(&self) -> Mode {
        match self.exports {
            Exports::Handler(_) => Mode::Handler,
            Exports::Session(_) => Mode::Session,
            Exports::Stdio(_) => Mode::Stdio,
        }
    }
}

fn exports(component: &Component) -> Result<Exports, PluginFault> {
    let handler = component.get_export_index(None, HANDLER);
    let session = component.get_export_index(None, SESSION);
    let (found, mode) = match (handler, session) {
        (Some(interface), None) => (
            HandlerExports::find(component, &interface).map(Exports::Handler),
            "handler",
        ),
        (None, Some(interface)) => (
            SessionExports::find(component, &interface).map(Exports::Session),
            "session",
        ),
        (Some(_), Some(_)) => {
            let problem = "it exports both `handler` and `session`: export one";
            return Err(PluginFault::Incompatible(problem.to_owned()));
        }
        (None, None) => match component.get_export_index(None, RUN) {
            Some(interface) => (
                RunExport::find(component, &interface).map(Exports::Stdio),
                "run",
            ),
            None => {
                let problem = format!("it exports none of `{HANDLER}`, `{SESSION}` and `{RUN}`");
                return Err(PluginFault::Incompatible(problem));
            }
        },
    };
    found.ok_or_else(|| {
        let problem = format!("its `{mode}` lacks a function of the contract");
        PluginFault::Incompatible(problem)
    })
}

fn link(engine: &Engine, component: &Component) -> Result<InstancePre<State>, PluginFault> {
    let incompatible = |error: wasmtime::Error| PluginFault::Incompatible(format!("{error:#}"));
    let mut linker = Linker::<State>::new(&engine.inner);
    for (import, _) in component.component_type().imports(&engine.inner) {
        if let Some(difference) = offered::difference(import) {
            return Err(PluginFault::Incompatible(difference));
        }
        let interface = import
            .split_once('@')
            .map_or(import, |(interface, _)| interface);
        capabilities::link(&mut linker, interface).map_err(incompatible)?;
    }
    linker.instantiate_pre(component).map_err(incompatible)
}

#[cfg(all(test, feature = "compile"))]
mod tests;
