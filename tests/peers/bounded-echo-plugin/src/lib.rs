//! The plugin `echo`, but a message that is too long to come back, over 1 MiB, is answered with its length, as in every
//! host that is measured.

wit_bindgen::generate!({ path: "../../../wit", world: "handler-plugin" });

use exports::portcullis::plugin::handler::{Guest, Peer, PluginError};

const LONGEST_REPLY: usize = 1024 * 1024;

struct Echo;

impl Guest for Echo {
    fn handle(_peer: Peer, message: String) -> Result<String, PluginError> {
        if message.len() > LONGEST_REPLY {
            return Ok(message.len().to_string());
        }
        Ok(message)
    }
}

export!(Echo);
