//! The way to the extension, for sessions: a handler that calls these is refused or has nowhere to send.

use serde::Serialize;

use crate::Error;
use crate::bindings::port as host;

/// Sends a message that nobody asked for. Waits while the browser does not read; that time is not counted.
///
/// # Errors
///
/// `closed` (nothing arrives any more), `too-large` (over 1 MiB of JSON), `invalid-json`, `invalid-reply`.
pub fn post(message: &impl Serialize) -> Result<(), Error> {
    let text = serde_json::to_string(message).map_err(|error| Error::invalid_reply(&error))?;
    post_text(&text)
}

/// Sends a JSON text that is written already.
///
/// # Errors
///
/// As [`post`].
pub fn post_text(json: &str) -> Result<(), Error> {
    Ok(host::post(json)?)
}

/// Ends the port once everything posted has been written.
pub fn close() {
    host::close()
}
