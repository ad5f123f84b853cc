//! The one engine of the process: its configuration and its ticker.
//!
//! One engine because a type of one engine must never meet another's (RUSTSEC-2026-0222), and because the ticker's
//! signal handler can know only one.

mod configuration;
mod ticker;

pub(crate) use configuration::configuration;
pub(crate) use ticker::{TICK, running};

/// The engine. There is one in a process.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: wasmtime::Engine,
}

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The machine lacks something that the configuration needs.
    #[error("failed to set up the sandbox: {0}")]
    Configuration(String),
    /// The clock that stops runaway guests could not be started.
    #[error("failed to set up the sandbox's clock")]
    Ticker(#[source] std::io::Error),
    /// [`Engine::start`] was called twice.
    #[error("the sandbox is already set up")]
    Twice,
}

impl Engine {
    /// Builds the engine and prepares its ticker, which runs only while a guest does.
    ///
    /// `on_tick` is called at each tick, every 10 ms while a guest runs, from a signal handler or another thread: it
    /// must be safe there (no allocation, no lock), and must not wait.
    ///
    /// # Errors
    ///
    /// [`EngineError`]; no guest can run then.
    pub fn start(on_tick: fn()) -> Result<Self, EngineError> {
        let inner = wasmtime::Engine::new(&configuration())
            .map_err(|error| EngineError::Configuration(format!("{error:#}")))?;
        ticker::prepare(&inner, on_tick)?;
        Ok(Self { inner })
    }
}
