//! `portcullis:plugin/port`: what a session sends of its own accord.
//!
//! The door through which the runtime is reached is [`Port`], so this crate knows neither frames nor browsers. A text
//! that is too long is refused before it is copied out of the guest; whether it is JSON is the runtime's to judge.

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use portcullis_core::protocol::OUTBOUND_LIMIT;
use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use crate::contract::{CodedError, Text};
use crate::instance::State;

/// What the runtime lends to one instance: its side of the port.
pub trait Port: Send {
    /// Takes one text for the extension; pending while the browser does not read.
    ///
    /// # Errors
    ///
    /// [`PostFault`], which the guest is told.
    fn poll_post(&mut self, text: &str, context: &mut Context<'_>) -> Poll<Result<(), PostFault>>;

    /// Ends the port once everything posted has been written.
    fn close(&mut self);

    /// Has the instance's `timer` called with `token` after `delay`.
    ///
    /// # Errors
    ///
    /// [`TimerFault`], which the guest is told.
    fn set_timer(&mut self, delay: Duration, token: u64) -> Result<(), TimerFault>;

    /// Forgets a timer.
    fn cancel_timer(&mut self, token: u64);
}

/// Why a text was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostFault {
    /// The port is closing.
    #[error("the port is closed")]
    Closed,
    /// Longer than a browser takes.
    #[error("a message of {length} bytes is longer than the {OUTBOUND_LIMIT} that a browser takes")]
    TooLarge {
        /// Its length in bytes.
        length: usize,
    },
    /// Not one JSON value, or one that only the host may send.
    #[error("the message was refused: {0}")]
    InvalidJson(String),
}

/// Why a timer was not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimerFault {
    /// The instance has as many as it may.
    #[error("too many timers are waiting")]
    TooMany,
    /// Longer than a port is expected to live.
    #[error("the delay is longer than 30 days")]
    TooLong,
}

/// The port of an instance that has none: a handler, which answers and does nothing else.
#[derive(Debug, Clone, Copy, Default)]
pub struct SilentPort;

impl Port for SilentPort {
    fn poll_post(
        &mut self,
        _text: &str,
        _context: &mut Context<'_>,
    ) -> Poll<Result<(), PostFault>> {
        Poll::Ready(Err(PostFault::Closed))
    }

    fn close(&mut self) {}

    fn set_timer(&mut self, _delay: Duration, _token: u64) -> Result<(), TimerFault> {
        Err(TimerFault::TooMany)
    }

    fn cancel_timer(&mut self, _token: u64) {}
}

type Posted = Text<OUTBOUND_LIMIT>;

/// Defines the interface.
pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut interface = linker.instance("portcullis:plugin/port@0.1.0")?;
    interface.func_wrap_async(
        "post",
        |mut store: StoreContextMut<'_, State>, (text,): (Posted,)| {
            Box::new(async move {
                let posted = match text {
                    Text::TooLong(length) => Err(PostFault::TooLarge { length }),
                    Text::Within(text) => post(store.data_mut(), &text).await,
                };
                Ok((posted.map_err(coded),))
            })
        },
    )?;
    interface.func_wrap("close", |mut store: StoreContextMut<'_, State>, ()| {
        store.data_mut().port.close();
        Ok(())
    })
}

/// Hands a text to the port, with the clocks standing still while the browser does not read.
async fn post(state: &mut State, text: &str) -> Result<(), PostFault> {
    let State { port, clocks, .. } = state;
    let mut standing = None;
    poll_fn(|context| {
        let polled = port.poll_post(text, context);
        if polled.is_pending() {
            standing.get_or_insert_with(|| clocks.stand_still());
        }
        polled
    })
    .await
}

fn coded(fault: PostFault) -> CodedError {
    let code = match fault {
        PostFault::Closed => "closed",
        PostFault::TooLarge { .. } => "too-large",
        PostFault::InvalidJson(_) => "invalid-json",
    };
    CodedError {
        code: code.to_owned(),
        message: fault.to_string(),
    }
}
