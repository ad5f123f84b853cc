//! The programs as a browser and a person meet them. One binary, so that programs and guests are built once.
//!
//! The tests of sections A, B and C of the conformance cases carry their case's number: `case_05_…`. Everything is
//! written from the contracts, against the real programs, over pipes; no crate of the project is linked.
//!
//! `everywhere` is for every system; what looks deeper is written for Linux.

mod everywhere;
mod layers;
mod tidy;

#[cfg(target_os = "linux")]
mod arguments;
#[cfg(target_os = "linux")]
mod artifacts;
#[cfg(target_os = "linux")]
mod checkers;
#[cfg(target_os = "linux")]
mod chromium;
#[cfg(target_os = "linux")]
mod cli;
#[cfg(target_os = "linux")]
mod client;
#[cfg(target_os = "linux")]
mod completions;
#[cfg(target_os = "linux")]
mod confinement;
#[cfg(target_os = "linux")]
mod console;
#[cfg(target_os = "linux")]
mod explain;
#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod fixture;
#[cfg(target_os = "linux")]
mod framing;
#[cfg(target_os = "linux")]
mod granting;
#[cfg(target_os = "linux")]
mod hostile;
#[cfg(target_os = "linux")]
mod http;
#[cfg(target_os = "linux")]
mod installing;
#[cfg(target_os = "linux")]
mod languages;
#[cfg(target_os = "linux")]
mod lifecycle;
#[cfg(target_os = "linux")]
mod limits;
#[cfg(target_os = "linux")]
mod logs;
#[cfg(target_os = "linux")]
mod malformed;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
mod misdeeds;
#[cfg(target_os = "linux")]
mod powers;
#[cfg(target_os = "linux")]
mod quarantine;
#[cfg(target_os = "linux")]
mod registering;
#[cfg(target_os = "linux")]
mod repl;
#[cfg(target_os = "linux")]
mod secrets;
#[cfg(target_os = "linux")]
mod sessions;
#[cfg(target_os = "linux")]
mod stdio;
#[cfg(target_os = "linux")]
mod storage;
#[cfg(target_os = "linux")]
mod templates;
#[cfg(target_os = "linux")]
mod transcripts;
