//! One run of a plugin in stdio mode: `main` from its beginning to its end.
//!
//! The decision that shaped it: unlike the calls of [`Instance`](super::Instance), a run goes on while messages come and
//! go, so it is a task that is polled beside whatever brings its input. It is entered by the same one way as any guest
//! and so has the same budget, clocks and caps; only what counts as a call is told by its input:
//!
//! * from the start until it first waits for input, `init` applies, and a failure is one of starting;
//! * from the moment that it is given input, or goes on after it has waited for some, until it next waits for input with
//!   none left to read, `cpu-per-call` and `wall-per-call` apply;
//! * while it so waits, no clock runs and nothing wakes up. Asking without waiting is no waiting;
//! * while it waits for a browser that does not read, both clocks stand still.
//!
//! So a plugin that does not come back for its next message in time has timed out, whether it computes, sleeps or has
//! forgotten its input.

use std::pin::Pin;
use std::task::{Context, Poll};

use wasmtime::{AsContextMut, Store};

use super::clocks::{Allowance, Clocks};
use super::{Failure, FailureKind, Guarded, State, Terms};
use crate::capabilities::port::SilentPort;
use crate::capabilities::stdio::{Input, Outlet, Stdio};
use crate::plugin::{Exports, Plugin};

/// A run that has not been seen to end.
pub struct Run {
    task: Pin<Box<dyn Future<Output = Result<(), Failure>>>>,
    input: Input,
    clocks: Clocks,
}

impl Run {
    /// Prepares a run of a plugin that is in stdio mode. Nothing happens before it is polled.
    #[must_use]
    pub fn new(plugin: &Plugin, terms: Terms, outlet: Box<dyn Outlet>) -> Self {
        let limits = terms.limits;
        let mut store = Guarded::new(plugin, terms, Box::new(SilentPort));
        let clocks = store.clocks.clone();
        let stdio = Stdio::new(&clocks, Allowance::for_call(&limits), outlet);
        let input = stdio.input.clone();
        store.store.data_mut().use_stdio(stdio);
        let prepared = plugin.prepared.clone();
        let exports = match &plugin.exports {
            Exports::Stdio(exports) => Some(exports.clone()),
            Exports::Handler(_) | Exports::Session(_) => None,
        };
        let task = async move {
            let allowance = Allowance::for_start(&limits);
            let ended = store.enter(allowance, async |store: &mut Store<State>| {
                let exports = exports.ok_or_else(|| wasmtime::format_err!("it has no `run`"))?;
                let instance = prepared.instantiate_async(&mut *store).await?;
                let exports = exports.bind(store.as_context_mut(), &instance)?;
                exports.run(store.as_context_mut()).await
            });
            match ended.await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(())) => Err(Failure {
                    kind: FailureKind::Exited(1),
                    detail: "`run` returned an error".to_owned(),
                }),
                Err(failure) if failure.kind == FailureKind::Exited(0) => Ok(()),
                Err(failure) => Err(failure),
            }
        };
        Self {
            task: Box::pin(task),
            input,
            clocks,
        }
    }

    /// Lets the plugin run until it ends, waits or has used a tick.
    ///
    /// # Errors
    ///
    /// [`Failure`] where it did not end by itself with code 0. Nothing of it is left then, nor after a normal end, and
    /// it must not be polled again.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.task.as_mut().poll(context)
    }

    /// Whether the plugin has read all that it was given, and asks for more.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        self.input.is_wanted()
    }

    /// Whether the plugin waits for input and does nothing else.
    #[must_use]
    pub fn is_resting(&self) -> bool {
        self.clocks.is_resting()
    }

    /// Gives the plugin more to read. It is polled next by whoever gives it.
    pub fn give(&mut self, pieces: impl IntoIterator<Item = Vec<u8>>) {
        self.input.give(pieces);
    }

    /// Ends the plugin's input. It is polled next by whoever ends it.
    pub fn end_input(&mut self) {
        self.input.end();
    }
}
