//! Homes and orders that most tests begin with.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use portcullis_tests::{Home, ORIGIN, guests};
use serde_json::Value;

include!("../guests/verbs.rs");

/// `{"text": "Hello."}`, the message of the browsers' own tests.
pub(crate) const HELLO: &str = r#"{"text": "Hello."}"#;

/// The `.wasm` of a guest, by the name that the tests route to.
pub(crate) fn guest(name: &str) -> PathBuf {
    match name {
        "echo" => guests::echo(),
        "ping-pong" => guests::ping_pong(),
        "unruly" => guests::unruly(),
        "unruly-session" => guests::unruly_session(),
        "counter" => guests::counter(),
        "stdio" => guests::stdio(),
        "storage" => guests::storage(),
        "loops-at-start" => guests::loops_at_start(),
        "traps-at-start" => guests::traps_at_start(),
        "notes" => guests::notes(),
        "sensors" => guests::sensors(),
        "files" => guests::files(),
        _ => panic!("there is no guest `{name}`"),
    }
}

/// A home with one plugin and an unconditional route to it from [`ORIGIN`], all limits at their defaults.
pub(crate) fn home(plugin: &str) -> Home {
    limited_home(plugin, "")
}

/// The same, with these lines under `[limits]`.
pub(crate) fn limited_home(plugin: &str, limits: &str) -> Home {
    home_with(
        &[plugin],
        &format!("[limits]\n{limits}\n{}", route(ORIGIN, plugin)),
    )
}

/// A home with these plugins and this policy; `version = 1` is put before it.
pub(crate) fn home_with(plugins: &[&str], policy: &str) -> Home {
    let home = Home::new();
    for plugin in plugins {
        home.add(plugin, &guest(plugin));
    }
    home.policy(&format!("version = 1\n{policy}"));
    home
}

/// One `[[route]]`, open at its end for more keys.
pub(crate) fn route(origin: &str, plugin: &str) -> String {
    format!("[[route]]\norigin = \"{origin}\"\nplugin = \"{plugin}\"\n")
}

/// An order for an unruly guest.
pub(crate) fn order(verb: Verb, n: u64) -> String {
    format!(r#"{{"do":{},"n":{n}}}"#, word(verb))
}

/// An order that a `when = { "/to" = "…" }` can tell apart.
pub(crate) fn order_to(plugin: &str, verb: Verb, n: u64) -> String {
    format!(r#"{{"to":"{plugin}","do":{},"n":{n}}}"#, word(verb))
}

fn word(verb: Verb) -> String {
    serde_json::to_string(&verb).expect("a verb is a JSON string")
}

/// JSON from a literal, for comparisons that spacing must not decide.
pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("the test wrote JSON")
}

/// `[null,null,…]`: five bytes for each item, so 209 715 items are 1 048 576 bytes.
pub(crate) fn nulls(items: usize) -> String {
    let mut text = "null,".repeat(items);
    text.pop();
    format!("[{text}]")
}

/// Keeps tests apart that need hundreds of megabytes or a quiet machine.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
