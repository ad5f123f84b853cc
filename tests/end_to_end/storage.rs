//! What plugins keep: who may, who sees what, and that nothing is lost that was acknowledged.
//!
//! Through the real programs, with a guest that does with its storage what it is told (`tests/guests/storage`) and with
//! the plugin `counter`.

mod crowd;
mod durable;
mod granted;
mod hostile;
mod people;
mod places;
mod quota;

use portcullis_tests::{Frame, Home, ORIGIN, Port};
use serde_json::{Value, json};

use crate::fixture::{guest, route};

/// A route whose plugin may keep something. `more` are further lines of the route.
fn granting(home: &Home, origin: &str, plugin: &str, more: &str) -> String {
    format!(
        "{}{more}\n[route.grant]\n{}storage = true\n",
        route(origin, plugin),
        home.approved(plugin)
    )
}

/// A home with one plugin that may keep something for [`ORIGIN`], and these lines under `[limits]`.
fn storing_home(plugin: &str, limits: &str) -> Home {
    let home = Home::new();
    home.add(plugin, &guest(plugin));
    let granting = granting(&home, ORIGIN, plugin, "");
    home.policy(&format!("version = 1\n[limits]\n{limits}\n{granting}"));
    home
}

/// Sends an order and returns what came of it.
#[track_caller]
fn ask(port: &mut Port, order: Value) -> Value {
    port.ask(&order.to_string()).json()
}

/// The reply to a call that was refused with this code.
fn error(code: &str) -> Value {
    json!({ "error": code })
}

#[track_caller]
fn set(port: &mut Port, key: &str, text: &str) {
    let set = ask(port, json!({ "do": "set", "key": key, "text": text }));
    assert_eq!(set, "set", "{key}");
}

#[track_caller]
fn get(port: &mut Port, key: &str) -> Value {
    ask(port, json!({ "do": "get", "key": key }))
}

/// All keys, a page at a time.
#[track_caller]
fn keys(port: &mut Port, prefix: &str, limit: u32) -> Vec<String> {
    let mut found = Vec::new();
    let mut after = Value::Null;
    loop {
        let order = json!({ "do": "keys", "prefix": prefix, "after": after, "limit": limit });
        let page = ask(port, order);
        let keys = page["keys"].as_array().unwrap_or_else(|| panic!("{page}"));
        assert!(keys.len() <= limit as usize, "{page}");
        found.extend(
            keys.iter()
                .map(|key| key.as_str().expect("a key").to_owned()),
        );
        after = page["next"].clone();
        if after.is_null() {
            return found;
        }
    }
}

/// The number in a frame of a plugin's own.
#[track_caller]
fn number(frame: &Frame) -> u64 {
    frame
        .json()
        .as_u64()
        .unwrap_or_else(|| panic!("no number: {}", frame.shortened()))
}
