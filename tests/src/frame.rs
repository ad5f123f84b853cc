//! Frames as the browser sees them, and what it refuses.
//!
//! This is an independent reading of the wire, written from the browsers' rules and not from the host's code: a mistake
//! there must not be repeated here.

use std::time::Instant;

use serde_json::Value;
use serde_json::value::RawValue;

/// The longest JSON text that a browser takes from a host: 1 MiB exactly. Longer frames close the port.
pub const MAX_OUTBOUND_BYTES: usize = 1024 * 1024;

/// One message from the host, already known to be of legal length and JSON.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The JSON text as it came, byte for byte.
    pub text: String,
    /// When the browser had all of it.
    pub at: Instant,
}

/// The inside of an error frame of the host's own.
#[derive(Debug, Clone)]
pub struct HostError {
    /// The stable code.
    pub code: String,
    /// The ordinal of the inbound frame that it answers, from 1.
    pub request: Option<u64>,
    /// The plugin that it is about.
    pub plugin: Option<String>,
    /// The sentence for a person.
    pub message: String,
    /// The command that would mend it.
    pub hint: Option<String>,
    /// Everything, for what only some codes have.
    pub all: Value,
}

/// The bytes of one frame, as a browser on this machine writes them.
pub fn encode(json: &str) -> Vec<u8> {
    let length = u32::try_from(json.len()).expect("a test frame is shorter than 4 GiB");
    let mut bytes = Vec::with_capacity(4 + json.len());
    bytes.extend_from_slice(&length.to_ne_bytes());
    bytes.extend_from_slice(json.as_bytes());
    bytes
}

impl Frame {
    /// The message as a tree.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| {
            panic!(
                "this frame cannot be read as a tree: {error}: {}",
                self.shortened()
            )
        })
    }

    /// The host's own error, where this is one.
    pub fn error(&self) -> Option<HostError> {
        if !self.text.contains("$portcullis") {
            return None;
        }
        let tree = self.json();
        let error = tree.get("$portcullis")?.get("error")?;
        let text = |key: &str| error.get(key).and_then(Value::as_str).map(str::to_owned);
        Some(HostError {
            code: text("code")?,
            request: error.get("request").and_then(Value::as_u64),
            plugin: text("plugin"),
            message: text("message")?,
            hint: text("hint"),
            all: error.clone(),
        })
    }

    /// Fails unless this is the host's error with exactly this code.
    #[track_caller]
    pub fn expect_error(&self, code: &str) -> HostError {
        match self.error() {
            Some(error) if error.code == code => error,
            _ => panic!("expected the error `{code}`, got {}", self.shortened()),
        }
    }

    /// Fails unless the text is this, byte for byte.
    #[track_caller]
    pub fn expect_text(&self, text: &str) -> &Self {
        assert!(
            self.text == text,
            "expected {} bytes `{}`, got {}",
            text.len(),
            cut(text),
            self.shortened()
        );
        self
    }

    /// The length and the beginning, for a failure's message.
    pub fn shortened(&self) -> String {
        format!("{} bytes `{}`", self.text.len(), cut(&self.text))
    }
}

/// Takes complete frames off the front of `bytes`.
///
/// # Errors
///
/// A sentence, when what is there can never become a legal frame.
pub(crate) fn take(bytes: &mut Vec<u8>, mut found: impl FnMut(Frame)) -> Result<(), String> {
    let mut start = 0;
    while let Some(header) = bytes[start..].first_chunk::<4>() {
        let length = u32::from_ne_bytes(*header) as usize;
        if length == 0 || length > MAX_OUTBOUND_BYTES {
            let shown = String::from_utf8_lossy(&bytes[start..bytes.len().min(start + 80)]);
            return Err(format!(
                "a frame of {length} bytes, which no browser takes: {shown:?}"
            ));
        }
        let Some(body) = bytes.get(start + 4..start + 4 + length) else {
            break;
        };
        let text = std::str::from_utf8(body)
            .map_err(|error| format!("a frame of {length} bytes that is not UTF-8: {error}"))?;
        // A raw value is checked by grammar alone: lone surrogates, deep nesting and long numbers are legal JSON.
        serde_json::from_str::<&RawValue>(text)
            .map_err(|error| format!("a frame that is not JSON: {error}: `{}`", cut(text)))?;
        found(Frame {
            text: text.to_owned(),
            at: Instant::now(),
        });
        start += 4 + length;
    }
    bytes.drain(..start);
    Ok(())
}

fn cut(text: &str) -> String {
    const SHOWN: usize = 300;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
