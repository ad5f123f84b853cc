//! A handler that uses secrets as a test orders it to, and tells where it should not.
//!
//! Orders are `{"do": …, "name": …, "value": …}`. It answers with what a call gave: `{"value": …}`, `{"done": true}` or
//! `{"error": <code>}`.

use std::io::Write as _;

wit_bindgen::generate!({ path: "../../../wit", world: "handler-plugin" });

use exports::portcullis::plugin::handler::{Guest, Peer, PluginError};
use portcullis::plugin::log::{self, Level};
use portcullis::plugin::{config, secrets};
use serde_json::{Value, json};

struct Secrets;

impl Guest for Secrets {
    fn handle(_peer: Peer, message: String) -> Result<String, PluginError> {
        let order: Value = serde_json::from_str(&message).unwrap_or_default();
        let text = |key: &str| order[key].as_str().unwrap_or_default().to_owned();
        let name = text("name");
        let reply = match order["do"].as_str().unwrap_or_default() {
            "get" => match secrets::get(&name) {
                Ok(value) => json!({ "value": value }),
                Err(error) => json!({ "error": error.code }),
            },
            "set" => changed(secrets::set(&name, &text("value"))),
            "set-long" => {
                let length = order["length"].as_u64().unwrap_or_default();
                changed(secrets::set(&name, &"x".repeat(length as usize)))
            }
            "delete" => changed(secrets::delete(&name)),
            "tell" => return tell(&name, &text("how")),
            "surroundings" => surroundings(),
            _ => json!({ "hello": true }),
        };
        Ok(reply.to_string())
    }
}

export!(Secrets);

fn changed(outcome: Result<(), secrets::SecretError>) -> Value {
    match outcome {
        Ok(()) => json!({ "done": true }),
        Err(error) => json!({ "error": error.code }),
    }
}

/// What a plugin can find out about where it runs.
fn surroundings() -> Value {
    let variables: std::collections::BTreeMap<String, String> = std::env::vars().collect();
    let arguments: Vec<String> = std::env::args().collect();
    let folder = std::env::current_dir().map(|folder| folder.display().to_string());
    json!({
        "variables": variables,
        "arguments": arguments,
        "folder": folder.ok(),
        "config": config::all(),
        "theme": config::get("theme"),
        "missing": config::get("missing"),
    })
}

/// Writes a secret where it does not belong.
fn tell(name: &str, how: &str) -> Result<String, PluginError> {
    let secret = secrets::get(name).ok().flatten().unwrap_or_default();
    match how {
        "log" => {
            for level in [Level::Debug, Level::Info, Level::Warn, Level::Error] {
                log::write(level, &format!("it is {secret}, you know"));
            }
        }
        "lines" => log::write(Level::Warn, &format!("first\n{secret}\nlast")),
        "pieces" => {
            let mut out = std::io::stdout();
            let middle = secret.floor_char_boundary(secret.len() / 2);
            for piece in ["it is ", &secret[..middle], &secret[middle..], "\n"] {
                let _ = out.write_all(piece.as_bytes()).and_then(|()| out.flush());
            }
        }
        "debug" => eprintln!("it is {secret:?}"),
        "json" => eprintln!("it is {}", json!({ "token": secret })),
        // The log cuts a line after 8 KiB: in the midst of the secret.
        "cut" => log::write(
            Level::Warn,
            &format!("{}{secret}", "x".repeat(8 * 1024 - secret.len() + 3)),
        ),
        "name" => drop(secrets::get(&format!("wanted: {secret}"))),
        "known-name" => drop(secrets::get(&secret)),
        "code" => {
            return Err(PluginError {
                code: secret,
                message: "as it was told".to_owned(),
            });
        }
        "panic" => panic!("it is {secret}"),
        _ => {}
    }
    Ok(json!({ "told": how }).to_string())
}
