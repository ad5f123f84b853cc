//! A handler that does what a test orders it to, however bad. The list of its deeds is `tests/guests/verbs.rs`.

use std::cell::Cell;

wit_bindgen::generate!({ path: "../../../wit", world: "handler-plugin" });

use exports::portcullis::plugin::handler::{Guest, Peer, PluginError};
use portcullis::plugin::{config, log};

include!("../../verbs.rs");
include!("../../texts.rs");
include!("../../deeds.rs");

struct Unruly;

thread_local! {
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

impl Guest for Unruly {
    fn handle(peer: Peer, message: String) -> Result<String, PluginError> {
        let calls = CALLS.replace(CALLS.get() + 1);
        let Some(order) = order(&message) else {
            return Ok(length(&message));
        };
        common(&order, &message, &peer, calls)
            .unwrap_or_else(|| Err(refusal("not-a-session", "only a session can do that")))
    }
}

export!(Unruly);

/// Runs while the component is instantiated, before any export is called: the component's tools make the start function
/// of what has this name.
#[cfg(any(feature = "loop-at-start", feature = "trap-at-start"))]
// SAFETY: nothing else in the module defines the name; the standard library has no `_initialize` in a library.
#[unsafe(no_mangle)]
extern "C" fn _initialize() {
    if cfg!(feature = "loop-at-start") {
        run_for_ever();
    }
    core::arch::wasm32::unreachable();
}
