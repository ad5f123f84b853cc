//! A guest that sends whatever request it is told to, well-formed or not, and says exactly what became of it.
//!
//! Every order is answered, with `"failed"` naming the step that went wrong and the host's word for it; only a trap is
//! no answer.

wit_bindgen::generate!({ path: "../../../wit", world: "handler-plugin" });

mod deeds;
mod exchange;
mod sockets;

use exports::portcullis::plugin::handler::{Guest, Peer, PluginError};
use serde::Deserialize;

/// What there is to do.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
enum Order {
    /// Nothing: shows that the plugin is there.
    Nothing,
    /// One request, and its response.
    Send { request: exchange::Request },
    /// The same request this often at the same time: how often each outcome came.
    Many {
        request: exchange::Request,
        times: usize,
    },
    /// The same request this often, one after the other, none waited for.
    Abandon {
        request: exchange::Request,
        times: usize,
    },
    /// Sends, and keeps the response unread for as long as the instance lives.
    Hold { request: exchange::Request },
    /// Keeps this many of these, each as large as it can be made, and sends none: how many were made.
    Keep { what: deeds::Kept, number: usize },
    /// Puts this many fields into one map, each by a call or all by one.
    Fields { number: usize, at_once: bool },
    /// Sets this field in a map: the host's word.
    Field { name: String, value: String },
    /// Tries TCP, UDP and name lookup: the host's word for each.
    Sockets { port: u16 },
}

struct Http;

impl Guest for Http {
    fn handle(_peer: Peer, message: String) -> Result<String, PluginError> {
        let order: Order = serde_json::from_str(&message).map_err(|problem| PluginError {
            code: "test".to_owned(),
            message: problem.to_string(),
        })?;
        let done = match order {
            Order::Nothing => serde_json::json!("nothing"),
            Order::Send { request } => exchange::outcome(exchange::send(&request)),
            Order::Many { request, times } => deeds::many(&request, times),
            Order::Abandon { request, times } => deeds::abandon(&request, times),
            Order::Hold { request } => deeds::hold(&request),
            Order::Keep { what, number } => deeds::keep(&what, number),
            Order::Fields { number, at_once } => deeds::fields(number, at_once),
            Order::Field { name, value } => deeds::field(&name, &value),
            Order::Sockets { port } => sockets::try_all(port),
        };
        Ok(done.to_string())
    }
}

export!(Http);
