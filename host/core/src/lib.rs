//! What both Portcullis programs know: bytes, frames, callers, policy and the files of the home folder.
//!
//! Everything here is a decision over data that was handed in. The crate reads no environment variable, no clock and
//! no standard input, starts no thread, and knows neither WebAssembly nor an async runtime, so each rule can be tested
//! with plain values and both programs apply the same one.

pub mod caller;
pub mod home;
pub mod manifest;
pub mod names;
pub mod policy;
pub mod protocol;
pub mod requests;
