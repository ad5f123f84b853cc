//! A browser to test against.
//!
//! Everything here stands outside the programs: it builds them as they ship (each with a cargo invocation of its own, so
//! that the features of one are not unified into the other), gives them a throw-away home, starts the host with the
//! argv that a browser would use, and speaks frames over pipes. No crate of the project is linked, so that a test can
//! only see what a browser or a person can see.
//!
//! What is asserted without being asked for: everything on the host's standard output is a frame, and no program ends
//! with a panic or by a signal that the test did not send.

pub mod cargo;
// The fake browser and the drivers of the real ones wait for pipes and processes in ways of Linux.
#[cfg(target_os = "linux")]
pub mod chromium;
#[cfg(target_os = "linux")]
pub mod firefox;
pub mod guests;
#[cfg(target_os = "linux")]
pub mod languages;
pub mod programs;

#[cfg(target_os = "linux")]
mod browser;
mod frame;
mod home;
mod plain;

#[cfg(target_os = "linux")]
pub use browser::{Browser, Ended, Output, PATIENCE, Port, Stderr};
pub use frame::{Frame, HostError, MAX_OUTBOUND_BYTES, encode};
pub use home::{ADD_ON, Home, ORIGIN, OTHER_ORIGIN};
pub use plain::{PlainEnd, PlainPort};
