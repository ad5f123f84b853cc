//! A Portcullis plugin as a typed function: JSON is read into your types and written from them, errors have codes, and
//! what the host offers is a function call.
//!
//! The whole of a plugin that answers `"ping"`:
//!
//! ```
//! use portcullis_plugin::{Error, Peer, handler};
//!
//! fn answer(_peer: Peer, word: String) -> Result<String, Error> {
//!     if word == "ping" { Ok("pong".into()) } else { Err(Error::new("unknown-request", "send `\"ping\"`")) }
//! }
//!
//! handler!(answer);
//! # assert_eq!(portcullis_plugin::respond(answer, portcullis_plugin::Peer::default(), "\"ping\""), Ok("\"pong\"".into()));
//! ```
//!
//! Its crate is a `cdylib`, and `cargo build --release --target wasm32-wasip2` makes the component. A plugin that keeps
//! state, sets timers, or speaks unasked implements [`Session`] and ends with [`session!`].
//!
//! # Requests with a number
//!
//! `connect()` of the JavaScript client gives each request a number, so that a reply finds its question although other
//! messages come between them. The number travels as the member `$id` of the message, or beside `$value` where the
//! message is no object, and comes back beside `$reply`. This crate takes it off before your function sees the message
//! and puts it on again. A message without a number is answered as it is.
//!
//! # What this crate does not do
//!
//! It does not catch panics: a plugin is built with `panic = "abort"`, the host answers for it and starts a fresh
//! instance. It brings no async runtime: a call returns when it has its answer, or [`later`] keeps the right to give
//! it.

mod bindings;
mod envelope;
mod error;
mod handler;
mod session;

pub mod config;
pub mod log;
pub mod port;
pub mod secrets;
pub mod storage;
pub mod timers;

pub use error::Error;
pub use handler::respond;
pub use session::{Later, Session, later};

/// Who is at the other end of the port. The host fills it in from what the browser passed to it, never from a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Peer {
    /// `chrome-extension://<id>/` or a Mozilla add-on ID.
    pub origin: String,
    /// `chromium` or `mozilla`.
    pub browser: String,
    /// The name that the extension passed to `connectNative`, where the host can know it.
    pub host_name: Option<String>,
}

/// What the macros of this crate expand to. Not for use by hand.
#[doc(hidden)]
pub mod expanded {
    pub use crate::bindings::{handler, session};
    pub use crate::handler::answer;
    pub use crate::session::Held;
}
