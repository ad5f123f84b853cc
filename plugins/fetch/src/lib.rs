//! Fetches a URL for an extension, without the rules that a page is held to: no CORS, no cookies of the browser, no
//! `Origin`. Where it may go is for the policy to say, not for the extension and not for this plugin.
//!
//! `{"url": …, "method"?, "headers"?, "body"?}` → `{"status", "headers", "body"}`, texts all of them. An error value
//! has the code `invalid-request`, `request-failed` (with the name that `wasi:http` has for the reason), `too-long` or
//! `not-text`.

wit_bindgen::generate!({ path: "../../wit", world: "handler-plugin" });

mod exchange;

use std::collections::BTreeMap;

use exports::portcullis::plugin::handler::{Guest, Peer, PluginError};
use serde::{Deserialize, Serialize};

/// What an extension asks for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    url: String,
    #[serde(default = "get")]
    method: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
}

/// What came back, whatever its status. Fields of one name are joined by commas, as in a browser's `Headers`.
#[derive(Serialize)]
struct Response {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

fn get() -> String {
    "GET".to_owned()
}

struct Fetch;

impl Guest for Fetch {
    fn handle(_peer: Peer, message: String) -> Result<String, PluginError> {
        let request = serde_json::from_str(&message)
            .map_err(|problem| error("invalid-request", &problem.to_string()))?;
        let response = exchange::fetch(&request)?;
        serde_json::to_string(&response).map_err(|problem| error("not-text", &problem.to_string()))
    }
}

fn error(code: &str, message: &str) -> PluginError {
    PluginError {
        code: code.to_owned(),
        message: message.to_owned(),
    }
}

export!(Fetch);
