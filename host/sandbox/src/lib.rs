//! WebAssembly components behind a narrow door: one plugin, one instance, one call at a time.
//!
//! The decision that shaped it: what must hold for every guest holds by construction. There is one way to build a
//! store, and it always has the byte budget, both clocks and the caps on what a guest can make the host build; there
//! is one way to enter a guest, and it always runs the clocks. No type of wasmtime leaves this crate, and no JSON value
//! enters it: a guest receives text and returns text. The crate knows nothing of frames, of browsers or of the policy
//! file. It never compiles in the program that a browser starts; feature `compile` is for the other one.

pub mod alarms;
mod artifact;
mod capabilities;
pub mod confine;
mod contract;
mod engine;
#[cfg(feature = "compile")]
pub mod inspect;
mod instance;
pub mod offered;
pub mod pages;
mod parts;
mod plugin;
mod powers;

#[cfg(feature = "compile")]
pub use artifact::{CompileError, compile};
pub use artifact::{LoadError, PROGRAM_VERSION, TARGET};
pub use capabilities::files::{Folder, Folders};
pub use capabilities::http::{AddressKind, Http, Network, Roots, address_kind};
pub use capabilities::log::{PLUGIN_TARGET, PluginLog};
pub use capabilities::port::{Port, PostFault, SilentPort, TimerFault};
pub use capabilities::secrets::{Answer, Secrets, Unavailable, Vault};
pub use capabilities::stdio::{Outlet, OutputRefused};
pub use capabilities::storage::Storage;
pub use contract::Incoming;
pub use engine::{Engine, EngineError};
pub use instance::{Failure, FailureKind, Instance, Outcome, Peer, Run, Terms, Usage, Used};
pub use parts::{Part, TooMany};
pub use plugin::{Mode, Plugin, PluginFault};
pub use powers::{Denials, Powers};
