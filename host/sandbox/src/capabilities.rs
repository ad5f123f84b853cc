//! What a guest can ask the host for, one file for each.
//!
//! Each capability checks in its first line what it has been granted. What a component does not import is not linked,
//! so it costs nothing and cannot be reached.

pub(crate) mod clocks;
pub(crate) mod config;
pub(crate) mod files;
pub(crate) mod http;
pub(crate) mod log;
pub(crate) mod output;
pub(crate) mod port;
pub(crate) mod secrets;
pub(crate) mod stdio;
pub(crate) mod storage;
pub(crate) mod timers;
pub(crate) mod wasi;

use wasmtime::component::Linker;

use crate::instance::State;

/// Defines one interface that a component imports. `interface` is its name without a version, and has been found among
/// [`crate::offered`].
pub(crate) fn link(linker: &mut Linker<State>, interface: &str) -> wasmtime::Result<()> {
    match interface {
        // Types only: nothing to define but the name.
        "portcullis:plugin/types" => linker.instance("portcullis:plugin/types@0.1.0").map(|_| ()),
        "portcullis:plugin/log" => log::link(linker),
        "portcullis:plugin/config" => config::link(linker),
        "portcullis:plugin/port" => port::link(linker),
        "portcullis:plugin/timers" => timers::link(linker),
        "portcullis:plugin/storage" => storage::link(linker),
        "portcullis:plugin/secrets" => secrets::link(linker),
        "wasi:clocks/monotonic-clock" => clocks::link(linker),
        "wasi:http/types" | "wasi:http/outgoing-handler" => http::link(linker, interface),
        "wasi:filesystem/types" | "wasi:filesystem/preopens" => files::link(linker, interface),
        _ => wasi::link(linker, interface),
    }
}
