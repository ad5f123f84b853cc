//! The records of the contract. Private to this crate: at its door they become [`crate::Peer`], [`crate::Outcome`]
//! and the types of [`crate::Port`].

use wasmtime::component::{ComponentType, Lift, Lower};

use super::Text;

/// `types.peer`.
#[derive(ComponentType, Lower)]
#[component(record)]
pub(crate) struct PeerRecord {
    pub(crate) origin: String,
    pub(crate) browser: String,
    #[component(name = "host-name")]
    pub(crate) host_name: Option<String>,
}

/// The longest `code` of a plugin's own error, in bytes: a code is a word.
const CODE_LIMIT: usize = 1024;

/// The longest `message` of a plugin's own error, in bytes: a paragraph, and with escapes still far below a frame.
const MESSAGE_LIMIT: usize = 16 * 1024;

/// `types.plugin-error`.
#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct PluginErrorRecord {
    pub(crate) code: Text<CODE_LIMIT>,
    pub(crate) message: Text<MESSAGE_LIMIT>,
}

/// `port.post-error`, `timers.timer-error`, `storage.storage-error` and `secrets.secret-error`, which are alike.
#[derive(ComponentType, Lower)]
#[component(record)]
pub(crate) struct CodedError {
    pub(crate) code: String,
    pub(crate) message: String,
}

/// `storage.page`.
#[derive(ComponentType, Lower)]
#[component(record)]
pub(crate) struct PageRecord {
    pub(crate) keys: Vec<String>,
    pub(crate) next: Option<String>,
}

/// `log.level`.
#[derive(ComponentType, Lift, Clone, Copy)]
#[component(enum)]
#[repr(u8)]
#[expect(
    dead_code,
    reason = "two levels are only ever made by lifting them out of a guest"
)]
pub(crate) enum LogLevel {
    #[component(name = "debug")]
    Debug,
    #[component(name = "info")]
    Info,
    #[component(name = "warn")]
    Warn,
    #[component(name = "error")]
    Error,
}
