//! The native messaging wire: frames, what may stand in them, and the frames that the host itself makes.
//!
//! Reading and writing take values, never a file descriptor, so that every rule of the wire is tested with plain
//! bytes. Nothing here decides who may send what; that is [`crate::policy`].

pub mod broker;
pub mod frame;
pub mod json;
pub mod pointer;
pub mod report;

/// The longest JSON text that a browser takes from a host, in bytes: 1024 × 1024.
///
/// Chromium closes the port at one byte more (`native_message_process_host.cc`, `kMaximumNativeMessageSize`), and so
/// does Firefox (`webextensions.native-messaging.max-input-message-bytes`).
pub const OUTBOUND_LIMIT: usize = 1024 * 1024;

/// The longest JSON text that the host ever takes from a browser, in bytes: 64 MiB.
///
/// Chromium's own limit (`extensions/common/mojom/message_port.mojom`, `kMaxMessageBytes`). Firefox would send up to
/// 4 GiB, but takes quadratic time for it; a host that allowed it would lend any extension 4 GiB of memory.
pub const INBOUND_CEILING: u32 = 64 * 1024 * 1024;

/// Bytes of the length that precedes each JSON text, in native byte order.
pub const HEADER_LENGTH: usize = 4;
