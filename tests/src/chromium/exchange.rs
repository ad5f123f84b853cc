//! What the extension is told to do, and what it reports: the other half of `tests/extension/exchange.js`, where each
//! kind is described.

use serde::{Deserialize, Serialize};

/// One step of a conversation with a native messaging host.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Step {
    /// Posts one JSON text to the port, which is opened where it is not yet.
    Post {
        /// Any JSON value.
        text: String,
    },
    /// Posts a string to the port.
    PostBytes {
        /// The length of its JSON, both quotes included.
        bytes: usize,
    },
    /// Waits for the next message from the port, or for its end.
    Hear,
    /// Sends one JSON text with `sendNativeMessage` and waits for the answer.
    Ask {
        /// An object, where the browser is to accept it.
        text: String,
    },
    /// Sends `{"text":"xx…"}` with `sendNativeMessage` and waits for the answer.
    AskBytes {
        /// The length of the whole object's JSON.
        bytes: usize,
    },
    /// Closes the port from the extension's side.
    Disconnect,
}

impl Step {
    /// [`Step::Post`] of a text.
    #[must_use]
    pub fn post(text: &str) -> Self {
        Self::Post {
            text: text.to_owned(),
        }
    }
}

/// What came of one step.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Outcome {
    /// The step had nothing to wait for.
    Done,
    /// A message of up to 4096 characters.
    Heard {
        /// The message as `JSON.stringify` writes it.
        text: String,
    },
    /// A longer message.
    HeardLong {
        /// The length of its JSON in UTF-8.
        bytes: usize,
        /// Whether it is what the conversation has sent last.
        same: bool,
    },
    /// The port has closed from the other side, or the request has failed.
    Ended {
        /// What the browser says of it.
        message: String,
    },
    /// Nothing came in time.
    Silence,
    /// The browser refused the call.
    Threw {
        /// The text of the exception.
        message: String,
    },
}
