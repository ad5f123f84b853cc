//! The crate `native_messaging`, used as its own page shows: its event loop, and a value that is parsed and sent again.

use native_messaging::host::{NmError, Sender, event_loop};
use serde_json::Value;

const LONGEST_REPLY: usize = 1024 * 1024;

#[tokio::main]
async fn main() -> Result<(), NmError> {
    event_loop(|text: String, sender: Sender| async move {
        let mut value: Value = serde_json::from_str(&text).map_err(NmError::DeserializeJson)?;
        if text.len() > LONGEST_REPLY {
            value = text.len().into();
        }
        sender.send(&value).await
    })
    .await
}
