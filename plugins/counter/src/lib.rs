//! A counter that all ports of an extension share, and that is still there tomorrow.
//!
//! `{"add": 5}` adds, `{"get": true}` only looks, and both are answered with `{"value": n}`. It shows how to change
//! something that others change at the same time: read it, compute, and set it by `compare-and-swap`, which does
//! nothing if somebody else was faster. Then begin again with what they left.
//!
//! It needs `portcullis grant ORIGIN counter storage`.

use portcullis::plugin::storage::{self, StorageError};
use serde::Deserialize;

wit_bindgen::generate!({ path: "../../wit", world: "handler-plugin" });

use exports::portcullis::plugin::handler::{Guest, Peer, PluginError};

/// Where the value is kept: a number as text.
const KEY: &str = "value";

/// What an extension may ask for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
enum Request {
    Add(i64),
    Get(bool),
}

struct Counter;

impl Guest for Counter {
    fn handle(_peer: Peer, message: String) -> Result<String, PluginError> {
        let value = match serde_json::from_str(&message) {
            Ok(Request::Add(number)) => add(number)?,
            Ok(Request::Get(true)) => number_in(storage::get(KEY)?.as_deref())?,
            _ => {
                return Err(PluginError {
                    code: "unknown-request".to_owned(),
                    message: "send `{\"add\": n}` or `{\"get\": true}`".to_owned(),
                });
            }
        };
        Ok(format!("{{\"value\":{value}}}"))
    }
}

/// Adds, and begins again for as long as others are faster. Each time one of them has succeeded, so all of them come to
/// an end; a call that takes too long is ended by the host, and nothing is lost by that.
fn add(number: i64) -> Result<i64, PluginError> {
    loop {
        let old = storage::get(KEY)?;
        let value = number_in(old.as_deref())?.saturating_add(number);
        let new = value.to_string();
        if storage::compare_and_swap(KEY, old.as_deref(), Some(new.as_bytes()))? {
            return Ok(value);
        }
    }
}

/// The number that is kept; 0 where there is none yet.
fn number_in(kept: Option<&[u8]>) -> Result<i64, PluginError> {
    let Some(bytes) = kept else { return Ok(0) };
    let text = std::str::from_utf8(bytes).ok();
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| PluginError {
            code: "not-a-number".to_owned(),
            message: "what is kept is not a number; `portcullis storage set` can mend it"
                .to_owned(),
        })
}

/// The host's own code and words tell the extension most, for example that storage is not granted.
impl From<StorageError> for PluginError {
    fn from(error: StorageError) -> Self {
        Self {
            code: error.code,
            message: error.message,
        }
    }
}

export!(Counter);
