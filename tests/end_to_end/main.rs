//! The programs as a browser and a person meet them. One binary, so that programs and guests are built once.
//!
//! The tests of sections A, B and C of the conformance cases carry their case's number: `case_05_…`. Everything is
//! written from the contracts, against the real programs, over pipes; no crate of the project is linked.

mod arguments;
mod artifacts;
mod checkers;
mod chromium;
mod cli;
mod fixture;
mod framing;
mod layers;
mod lifecycle;
mod limits;
mod logs;
mod malformed;
mod memory;
mod misdeeds;
mod sessions;
mod tidy;
