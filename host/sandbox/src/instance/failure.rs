//! The ways in which a call can fail, told apart once.
//!
//! A failure has a kind, which the extension may know, and a private detail, which goes to the log only: the text of a
//! trap can hold names that the guest has chosen.

use wasmtime_wasi::I32Exit;

use crate::capabilities::stdio::OutputRefused;

use super::State;
use super::budget::Refusal;
use super::clocks::{Phase, Stopped};
use crate::parts::TooMany;

/// How a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// It trapped while it was started.
    InitFailed,
    /// It took too long to start.
    InitTimeout,
    /// It trapped.
    Crashed,
    /// It ended itself, with this code.
    Exited(i32),
    /// It was refused memory and then trapped.
    OutOfMemory,
    /// It is made of more parts than a plugin may have, so it could not be started at all.
    DoesNotFit(TooMany),
    /// It used more processor time than it may.
    CpuTimeout,
    /// It took more time in all than it may.
    WallTimeout,
    /// What it wrote was refused by whoever takes it.
    OutputRefused,
}

/// A failed call. The instance is gone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Failure {
    /// How it failed.
    pub kind: FailureKind,
    /// What happened, for the log: may hold text that the guest has chosen.
    pub detail: String,
}

/// Text of a guest in a detail is cut here: a trap's message says what matters at its beginning.
const DETAIL_LIMIT: usize = 2048;

/// Tells what an error from inside a call means.
pub(super) fn classify(error: wasmtime::Error, state: &State) -> Failure {
    let starting = state.clocks.phase() == Phase::Start;
    let refusal = state.budget.refusal_since(state.clocks.call_began());
    let kind = if let Some(stopped) = error.downcast_ref::<Stopped>() {
        match (stopped, starting) {
            (_, true) => FailureKind::InitTimeout,
            (Stopped::Cpu, false) => FailureKind::CpuTimeout,
            (Stopped::Wall, false) => FailureKind::WallTimeout,
        }
    } else if let Some(exit) = error.downcast_ref::<I32Exit>() {
        FailureKind::Exited(exit.0)
    } else if error.is::<OutputRefused>() {
        FailureKind::OutputRefused
    } else if let Some(too_many) = TooMany::in_error(&error).filter(|_| starting) {
        FailureKind::DoesNotFit(too_many)
    } else if refusal.is_some() {
        FailureKind::OutOfMemory
    } else if starting {
        FailureKind::InitFailed
    } else {
        FailureKind::Crashed
    };
    let mut detail = match (kind, refusal) {
        (FailureKind::OutOfMemory, Some(Refusal { what, wanted })) => format!(
            "{error:#} (after a {what} was not let grow: {wanted} bytes in all, and `memory` allows {})",
            state.limits.memory.bytes()
        ),
        (FailureKind::DoesNotFit(too_many), _) => format!("it {too_many}"),
        _ => format!("{error:#}"),
    };
    if detail.len() > DETAIL_LIMIT {
        detail.truncate(detail.floor_char_boundary(DETAIL_LIMIT));
        detail.push('…');
    }
    Failure { kind, detail }
}
