//! A handler that tries the one thing that it is told to try, and says whether it could.
//!
//! `{"try": "fs", "what": "/notes/a.txt", "write": true}` is answered with `{"allowed": true}` or with
//! `{"allowed": false, "code": "…"}`. Trying leaves nothing behind that changes what the next one finds. An HTTP request
//! was allowed only where a response came; its code says whether the host or the network is why there was none.

wit_bindgen::generate!({ path: "../../../wit", world: "handler-plugin" });

use exports::portcullis::plugin::handler::{Guest, Peer, PluginError};
use portcullis::plugin::{config, secrets, storage};
use wasip2::http::outgoing_handler;
use wasip2::http::types::{ErrorCode, Fields, OutgoingRequest, Scheme};

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
    Http,
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
        Power::Http => get(what),
    }
}

/// Asks for a URL and waits for the head of the response. The code is the name that `wasi:http` has for the reason.
fn get(url: &str) -> Result<(), String> {
    let not_a_url = |()| "not-a-url".to_owned();
    let (scheme, rest) = url.split_once("://").ok_or(()).map_err(not_a_url)?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "https" => Scheme::Https,
        "http" => Scheme::Http,
        _ => return Err(not_a_url(())),
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&scheme)).map_err(not_a_url)?;
    request.set_authority(Some(authority)).map_err(not_a_url)?;
    request.set_path_with_query(Some(path)).map_err(not_a_url)?;
    let word = |code: ErrorCode| format!("{code:?}");
    let response = outgoing_handler::handle(request, None).map_err(word)?;
    response.subscribe().block();
    match response.get() {
        Some(Ok(answer)) => answer.map(drop).map_err(word),
        Some(Err(())) | None => Err("no answer".to_owned()),
    }
}

export!(Powers);
