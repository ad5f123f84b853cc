//! What can be measured; one file for each kind.

pub(crate) mod growth;
pub(crate) mod idle;
pub(crate) mod inbound;
pub(crate) mod memory;
pub(crate) mod protections;
pub(crate) mod start;
pub(crate) mod trip;

use anyhow::Result;
use clap::ValueEnum;
use serde::Serialize;

use crate::row::Row;
use crate::setup::Setup;

/// One kind of measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Mode {
    /// From starting the process to its first reply.
    Start,
    /// A message and its reply in a port that is open.
    Trip,
    /// Long messages from the browser with a short reply.
    Inbound,
    /// The memory of 1, 10 and 100 ports.
    Memory,
    /// Starts with 1 to 1 000 routes and plugins in the home.
    Routes,
    /// Starts of components of 0.1 to 18 MB.
    Size,
    /// Starts of ports that use 1 to 10 plugins.
    Plugins,
    /// What a port does when there is nothing to do.
    Idle,
    /// The operating system's confinement on and off.
    Protections,
}

impl Mode {
    /// In the order in which they are measured and told.
    pub(crate) fn all() -> &'static [Self] {
        Self::value_variants()
    }

    /// For headings.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Start => "Start to first reply",
            Self::Trip => "Round trip",
            Self::Inbound => "Long message in, short reply",
            Self::Memory => "Memory of idle ports",
            Self::Routes => "Start, by routes and plugins in the home",
            Self::Size => "Start, by size of the component",
            Self::Plugins => "Start, by plugins that the port uses",
            Self::Idle => "Wake-ups of an idle port in 10 s",
            Self::Protections => "Confinement by the operating system",
        }
    }

    /// Measures it.
    ///
    /// # Errors
    ///
    /// A host that cannot be built or started, a reply that is wrong, a process that does not end well.
    pub(crate) fn measure(self, setup: &Setup) -> Result<Vec<Row>> {
        match self {
            Self::Start => start::measure(setup),
            Self::Trip => trip::measure(setup),
            Self::Inbound => inbound::measure(setup),
            Self::Memory => memory::measure(setup),
            Self::Routes => growth::by_routes(setup),
            Self::Size => growth::by_size(setup),
            Self::Plugins => growth::by_plugins(setup),
            Self::Idle => idle::measure(setup),
            Self::Protections => protections::measure(setup),
        }
    }
}
