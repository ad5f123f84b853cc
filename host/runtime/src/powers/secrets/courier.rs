//! The thread between the port and the broker: the only place where a pipe of the broker's is read or written while a
//! plugin runs.
//!
//! A thread and not a descriptor that the loop watches: reads and writes may then simply wait, on every system, and all
//! that the loop has to know is a bell. It exists from a plugin's first question on.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

use portcullis_core::names::escape;
use portcullis_core::protocol::broker::{Announced, Change, Found, receive_changed};
use portcullis_sandbox::Unavailable;

use super::broker::Broker;
use super::{Shared, Stage, Value, is_writable, platform};
use crate::log;

/// Changes that wait for the keyring. A plugin has one call at a time, so more than the port has plugins are calls that
/// were given up, and a keyring that does not answer gets no more work.
const MOST_WAITING: usize = 16;

/// A courier who has not set off yet.
pub(super) struct Courier {
    broker: Broker,
    secrets: Vec<Announced>,
    shared: Arc<Shared>,
    errands: Receiver<(Change, Receipt)>,
    door: Door,
}

/// Where changes are handed in.
#[derive(Clone)]
pub(super) struct Door(SyncSender<(Change, Receipt)>);

impl Door {
    /// Has the courier make a change. What it becomes is on the receipt.
    pub(super) fn hand_in(&self, change: Change) -> Result<Receipt, Unavailable> {
        let receipt = Receipt::default();
        match self.0.try_send((change, receipt.clone())) {
            Ok(()) => Ok(receipt),
            Err(_) => Err(Unavailable),
        }
    }
}

/// What became of a change, once it is known.
#[derive(Clone, Default)]
pub(super) struct Receipt(Arc<Mutex<Slip>>);

#[derive(Default)]
struct Slip {
    answer: Option<Result<(), Unavailable>>,
    waiting: Option<Waker>,
}

impl Receipt {
    pub(super) fn poll(&self, context: &Context<'_>) -> Poll<Result<(), Unavailable>> {
        let mut slip = self.lock();
        match slip.answer {
            Some(answer) => Poll::Ready(answer),
            None => {
                slip.waiting = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    fn fill_in(&self, answer: Result<(), Unavailable>) {
        let waiting = {
            let mut slip = self.lock();
            slip.answer = Some(answer);
            slip.waiting.take()
        };
        if let Some(waker) = waiting {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Slip> {
        // No code runs under the lock that could leave the slip half-filled.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Courier {
    pub(super) fn new(broker: Broker, secrets: Vec<Announced>, shared: Arc<Shared>) -> Self {
        let (sender, errands) = sync_channel(MOST_WAITING);
        Self {
            broker,
            secrets,
            shared,
            errands,
            door: Door(sender),
        }
    }

    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// Where the system has no room for one. The broker then meets the end of its input.
    pub(super) fn set_off(self) -> io::Result<Door> {
        let Self {
            broker,
            secrets,
            shared,
            errands,
            door,
        } = self;
        let port = tracing::Span::current();
        let work = move || {
            // Its lines say whose they are, as the port's do.
            let _entered = port.entered();
            let way = Way {
                broker,
                secrets,
                shared,
            };
            way.run(&errands);
        };
        let started = platform::without_signals(|| {
            thread::Builder::new()
                .name("secrets".to_owned())
                .spawn(work)
        });
        started.map(|_| door)
    }
}

/// A courier on the way.
struct Way {
    broker: Broker,
    secrets: Vec<Announced>,
    shared: Arc<Shared>,
}

impl Way {
    fn run(mut self, errands: &Receiver<(Change, Receipt)>) {
        if let Err(error) = self.fetch() {
            tracing::error!("the secrets are unavailable: their broker has failed: {error}");
            self.shared.lock().stage = Stage::Lost;
            self.shared.wake();
        } else {
            self.arrive();
            self.serve(errands);
        }
        // It has met the end of its input, or has ended before. Nobody waits for this thread.
        drop(self.broker.requests.take());
        let _ = self.broker.child.wait();
    }

    /// Takes over what the broker hands over.
    fn fetch(&mut self) -> io::Result<()> {
        let mut values = Vec::with_capacity(self.secrets.len());
        for (place, secret) in self.secrets.iter().enumerate() {
            let Announced {
                plugin,
                name,
                access,
                ..
            } = secret;
            values.push(match Found::receive(&mut self.broker.answers)? {
                Found::Absent => Value::Absent,
                Found::Value(value) => {
                    log::conceal(place, &value, *access);
                    Value::Is(value.as_str().into())
                }
                Found::Unavailable(reason) => {
                    if self.shared.may_complain() {
                        let reason = escape(&reason);
                        tracing::warn!(%plugin, "secret `{name}` is unavailable: {reason}");
                    }
                    Value::Unavailable
                }
            });
        }
        self.shared.lock().values = values;
        Ok(())
    }

    /// Lets calls go on that wait for the secrets.
    fn arrive(&self) {
        let mut papers = self.shared.lock();
        if let Stage::Asked(door) = std::mem::take(&mut papers.stage) {
            papers.stage = Stage::Here(door);
        }
        drop(papers);
        self.shared.wake();
    }

    /// Makes changes, one after the other, until the port ends.
    fn serve(&mut self, errands: &Receiver<(Change, Receipt)>) {
        while let Ok((change, receipt)) = errands.recv() {
            let answer = self.change(&change);
            if answer.is_ok() {
                self.note(change);
            }
            receipt.fill_in(answer);
        }
    }

    fn change(&mut self, change: &Change) -> Result<(), Unavailable> {
        let (Change::Set { place, .. } | Change::Delete { place }) = change;
        let Some(requests) = &mut self.broker.requests else {
            return Err(Unavailable);
        };
        if !is_writable(&self.secrets, *place) {
            return Err(Unavailable);
        }
        let answers = &mut self.broker.answers;
        let answer = change
            .send(requests)
            .and_then(|()| receive_changed(answers));
        match answer {
            Ok(Ok(())) => Ok(()),
            Ok(Err(reason)) => {
                if self.shared.may_complain() {
                    tracing::warn!("a secret was not changed: {}", escape(&reason));
                }
                Err(Unavailable)
            }
            Err(error) => {
                tracing::error!(
                    "secrets cannot be changed any more: their broker has failed: {error}"
                );
                // What it might still say would be taken for the answer to something else.
                self.broker.requests = None;
                Err(Unavailable)
            }
        }
    }

    /// Keeps what the keyring keeps.
    fn note(&self, change: Change) {
        let (place, value) = match change {
            Change::Set { place, value } => (place, Value::Is(value.as_str().into())),
            Change::Delete { place } => (place, Value::Absent),
        };
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        if let Some(known) = self.shared.lock().values.get_mut(place) {
            *known = value;
        }
    }
}
