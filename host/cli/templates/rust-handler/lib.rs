//! Answers `"ping"` with `"pong"`. A message and a reply can be of any type that serde reads and writes.

use portcullis_plugin::{Error, Peer, handler};

fn answer(_peer: Peer, word: String) -> Result<String, Error> {
    match word.as_str() {
        "ping" => Ok("pong".to_owned()),
        _ => Err(Error::new("unknown-request", "send `\"ping\"`")),
    }
}

handler!(answer);
