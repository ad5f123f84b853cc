//! The one error of a plugin: a code for programs and a sentence for people, as the contract has it.

use std::borrow::Cow;
use std::fmt;

use crate::bindings::{PluginError, port, secrets, storage, timers};

/// What went wrong, as the extension is told it.
///
/// The host wraps it in its own frame with the code `plugin-error`; the JavaScript client makes it a `PortcullisError`
/// again, with this code. The errors of the host's functions turn into it by `?` and keep their codes.
///
/// ```
/// use portcullis_plugin::Error;
///
/// let error = Error::new("no-such-note", "there is no note `milk`");
/// assert_eq!(error.to_string(), "there is no note `milk` (no-such-note)");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    code: Cow<'static, str>,
    message: String,
}

impl Error {
    /// An error with a code (short, stable, lower case with dashes) and a sentence. The host cuts a code at 1 KiB and a
    /// sentence at 16 KiB.
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
        }
    }

    /// The code, for programs.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The sentence, for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The message of the extension does not fit the plugin's type.
    pub(crate) fn invalid_message(error: &serde_json::Error) -> Self {
        Self::new(
            "invalid-message",
            format!("the message is not understood: {error}"),
        )
    }

    /// A value of the plugin's has no JSON form, as a map whose keys are no texts.
    pub(crate) fn invalid_reply(error: &serde_json::Error) -> Self {
        Self::new(
            "invalid-reply",
            format!("the plugin's answer cannot be written as JSON: {error}"),
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.message, self.code)
    }
}

impl std::error::Error for Error {}

impl From<Error> for PluginError {
    fn from(error: Error) -> Self {
        Self {
            code: error.code.into_owned(),
            message: error.message,
        }
    }
}

macro_rules! from_the_host {
    ($($error:path),*) => {
        $(impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self::new(error.code, error.message)
            }
        })*
    };
}

from_the_host!(
    port::PostError,
    timers::TimerError,
    storage::StorageError,
    secrets::SecretError
);
