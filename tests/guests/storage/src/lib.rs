//! A session that does with its storage what it is told, and says what came of it.
//!
//! A reply is what the call returned, or `{"error": code}`. Keys and values are made here where they would not fit a
//! message.

use portcullis::plugin::{port, storage};
use serde::Deserialize;
use serde_json::{Value, json};

wit_bindgen::generate!({ path: "../../../wit", world: "session-plugin" });

use exports::portcullis::plugin::session::{Guest, Peer, PluginError};
use storage::StorageError;

/// One order.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
enum Order {
    /// The value as text, its length where it is long, or `null`.
    Get {
        key: String,
    },
    /// A value that is said, or one of so many bytes.
    Set {
        key: String,
        #[serde(default)]
        text: String,
        #[serde(default)]
        bytes: usize,
    },
    Delete {
        key: String,
    },
    Keys {
        #[serde(default)]
        prefix: String,
        after: Option<String>,
        #[serde(default)]
        limit: u32,
    },
    Swap {
        key: String,
        expected: Option<String>,
        value: Option<String>,
    },
    /// A swap that expects a value of so many bytes.
    SwapLong {
        key: String,
        bytes: usize,
    },
    /// A key of so many bytes.
    SetLongKey {
        bytes: usize,
    },
    /// Sets keys `<prefix><number>` to so many bytes each, until it is refused; says how many there were and why.
    Fill {
        prefix: String,
        keys: u32,
        bytes: usize,
    },
    /// Adds 1 to a key so many times by swaps; says what it was at the end.
    Add {
        key: String,
        times: u32,
    },
    /// Counts up in a key and posts each number once it is kept, until it is refused or killed.
    Count {
        key: String,
        bytes: usize,
    },
    /// Reads a key so many times.
    Read {
        key: String,
        times: u32,
    },
}

/// A text of so many bytes may be shown in a reply.
const SHORT: usize = 1000;

struct Storage;

impl Guest for Storage {
    fn connect(_peer: Peer) -> Result<(), PluginError> {
        Ok(())
    }

    fn message(json: String) -> Result<Option<String>, PluginError> {
        let order = serde_json::from_str(&json).map_err(|error| PluginError {
            code: "unknown-order".to_owned(),
            message: error.to_string(),
        })?;
        let reply = obey(order).unwrap_or_else(|error| json!({ "error": error.code }));
        Ok(Some(reply.to_string()))
    }

    fn timer(_token: u64) -> Result<(), PluginError> {
        Ok(())
    }

    fn disconnect() {}
}

fn obey(order: Order) -> Result<Value, StorageError> {
    Ok(match order {
        Order::Get { key } => match storage::get(&key)? {
            None => Value::Null,
            Some(value) if value.len() > SHORT => json!(value.len()),
            Some(value) => json!(String::from_utf8_lossy(&value)),
        },
        Order::Set { key, text, bytes } => {
            let value = if bytes == 0 {
                text.into_bytes()
            } else {
                filler(bytes)
            };
            storage::set(&key, &value)?;
            json!("set")
        }
        Order::Delete { key } => {
            storage::delete(&key)?;
            json!("deleted")
        }
        Order::Keys {
            prefix,
            after,
            limit,
        } => {
            let page = storage::keys(&prefix, after.as_deref(), limit)?;
            json!({ "keys": page.keys, "next": page.next })
        }
        Order::Swap {
            key,
            expected,
            value,
        } => {
            let bytes = |text: &Option<String>| text.as_ref().map(|text| text.as_bytes().to_vec());
            let (expected, value) = (bytes(&expected), bytes(&value));
            json!(storage::compare_and_swap(
                &key,
                expected.as_deref(),
                value.as_deref()
            )?)
        }
        Order::SwapLong { key, bytes } => {
            json!(storage::compare_and_swap(&key, Some(&filler(bytes)), None)?)
        }
        Order::SetLongKey { bytes } => {
            storage::set(&"k".repeat(bytes), b"")?;
            json!("set")
        }
        Order::Fill {
            prefix,
            keys,
            bytes,
        } => fill(&prefix, keys, &filler(bytes)),
        Order::Add { key, times } => {
            let mut last = 0;
            for _ in 0..times {
                last = add_one(&key)?;
            }
            json!(last)
        }
        Order::Count { key, bytes } => count(&key, bytes)?,
        Order::Read { key, times } => {
            for _ in 0..times {
                storage::get(&key)?;
            }
            json!("read")
        }
    })
}

fn filler(bytes: usize) -> Vec<u8> {
    vec![b'x'; bytes]
}

fn fill(prefix: &str, keys: u32, value: &[u8]) -> Value {
    for number in 0..keys {
        if let Err(error) = storage::set(&format!("{prefix}{number}"), value) {
            return json!({ "kept": number, "error": error.code });
        }
    }
    json!({ "kept": keys })
}

fn add_one(key: &str) -> Result<u64, StorageError> {
    loop {
        let old = storage::get(key)?;
        let value = number(old.as_deref()) + 1;
        let new = value.to_string();
        if storage::compare_and_swap(key, old.as_deref(), Some(new.as_bytes()))? {
            return Ok(value);
        }
    }
}

/// The value is the number and then so many bytes that make it long.
fn count(key: &str, bytes: usize) -> Result<Value, StorageError> {
    let mut value = number(storage::get(key)?.as_deref());
    loop {
        value += 1;
        let mut text = value.to_string();
        text.push(' ');
        text.push_str(&"x".repeat(bytes));
        storage::set(key, text.as_bytes())?;
        if port::post(&value.to_string()).is_err() {
            return Ok(json!("closed"));
        }
    }
}

fn number(kept: Option<&[u8]>) -> u64 {
    let text = String::from_utf8_lossy(kept.unwrap_or_default());
    let word = text.split(' ').next().unwrap_or_default();
    word.parse().unwrap_or(0)
}

export!(Storage);
