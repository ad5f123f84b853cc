//! The smallest plugin: answers every message with the same bytes.

wit_bindgen::generate!({ path: "../../wit", world: "handler-plugin" });

use exports::portcullis::plugin::handler::{Guest, Peer, PluginError};

struct Echo;

impl Guest for Echo {
    fn handle(_peer: Peer, message: String) -> Result<String, PluginError> {
        Ok(message)
    }
}

export!(Echo);
