//! A handler that tries the one thing that it is told to try, and says whether it could.
//!
//! `{"try": "fs", "what": "/notes/a.txt", "write": true}` is answered with `{"allowed": true}` or with
//! `{"allowed": false, "code": "…"}`. Trying leaves nothing behind that changes what the next one finds.

wit_bindgen::generate!({ path: "../../../wit", world: "handler-plugin" });

use exports::portcullis::plugin::handler::{Guest, Peer, PluginError};
use portcullis::plugin::{config, secrets, storage};

#[derive(serde::Deserialize)]
struct Order {
    r#try: Power,
    #[serde(default)]
    what: String,
    #[serde(default)]
    write: bool,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Power {
    Fs,
    Storage,
    Secret,
    Env,
    Config,
}

struct Powers;

impl Guest for Powers {
    fn handle(_peer: Peer, message: String) -> Result<String, PluginError> {
        let order: Order = serde_json::from_str(&message).map_err(|error| PluginError {
            code: "not-an-order".to_owned(),
            message: error.to_string(),
        })?;
        let answer = match carry_out(&order) {
            Ok(()) => serde_json::json!({ "allowed": true }),
            Err(code) => serde_json::json!({ "allowed": false, "code": code }),
        };
        Ok(answer.to_string())
    }
}

fn carry_out(order: &Order) -> Result<(), String> {
    let Order { r#try, what, write } = order;
    match r#try {
        Power::Fs => {
            let mut options = std::fs::OpenOptions::new();
            let opened = options.read(!write).append(*write).open(what);
            opened.map(drop).map_err(|error| error.kind().to_string())
        }
        Power::Storage => storage::get("key").map(drop).map_err(|error| error.code),
        Power::Secret if *write => secrets::set(what, "value").map_err(|error| error.code),
        Power::Secret => secrets::get(what).map(drop).map_err(|error| error.code),
        Power::Env => std::env::var(what)
            .map(drop)
            .map_err(|error| error.to_string()),
        Power::Config => config::get(what)
            .map(drop)
            .ok_or_else(|| "not-set".to_owned()),
    }
}

export!(Powers);
