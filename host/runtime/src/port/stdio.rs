//! The lane of a plugin in stdio mode: a program that reads frames from its standard input and writes frames to its
//! standard output, as it would for a browser.
//!
//! The decision that shaped it: a message is handed to a run when the run asks for input, and not before. So the inbox
//! is the only queue, a run that ends has lost no message that it did not ask for, and what the limits of a call apply
//! to is plain: from the hand-over until the run asks for the next message (`portcullis_sandbox::Run` has the rule).
//!
//! A run that ends by itself is no failure. A host for `sendNativeMessage` often serves one message and ends, and the
//! next message then meets a fresh run, as it would meet a fresh process. Only where the message that it was at work on
//! has got no frame by then is the extension told `plugin-exited`, since nobody else will answer it. A run is started
//! with its port if its route fits every message, and speaks first if it likes; with `lifetime = "message"` each message
//! has a run of its own, whose input ends after it.
//!
//! What this does not do: it does not look for an answer to a message. A program may stay silent, as a session may.

mod wire;

use std::task::{Context, Poll};
use std::time::Instant;

use portcullis_core::policy::Lifetime;
use portcullis_core::protocol::report::Report;
use portcullis_sandbox::alarms::Alarms;
use portcullis_sandbox::{Failure, FailureKind, Run};

use super::lane::{Message, Worker};
use super::lent::{Desk, Event};
use wire::Wire;

/// Serves the messages of one plugin until its port closes.
pub(super) async fn work(mut worker: Worker) {
    loop {
        let event = worker.desk.next(&worker.shared.alarms).await;
        match event {
            Event::Connect if worker.route.lifetime == Lifetime::Port => worker.run(None).await,
            Event::Message(message) => worker.run(Some(message)).await,
            Event::Close => return,
            // Another lifetime begins with a message, and a run has no timers that the lane knows of.
            Event::Connect | Event::Timer(_) => {}
        }
    }
}

impl Worker {
    /// Starts a run, for a message if there is one, and sees it to its end.
    async fn run(&mut self, first: Option<Message>) {
        if let Err(report) = self.may_start().await {
            if let Some(message) = first {
                self.report(*report, Some(message.ordinal)).await;
            }
            return;
        }
        let wire = Wire::new(&self.shared, &self.route.plugin);
        let run = Run::new(&self.plugin, self.terms.clone(), Box::new(wire.clone()));
        let mut live = Live {
            run,
            wire,
            lifetime: self.route.lifetime,
            waiting: first,
            at_work_on: None,
            last: None,
            frames_before: 0,
            has_served: false,
            input_has_ended: false,
        };
        let (desk, alarms) = (self.desk.clone(), self.shared.alarms.clone());
        let ended = std::future::poll_fn(|context| live.poll(&desk, &alarms, context)).await;
        // What was written in full is sent, whatever came after it.
        std::future::poll_fn(|context| live.wire.poll_finish(context)).await;
        self.desk.papers().busy = false;
        self.ended(live, ended).await;
    }

    /// Says what the extension has to know of a run that is over, if anything.
    async fn ended(&mut self, mut live: Live, ended: Result<(), Failure>) {
        if live.has_served || ended.is_ok() {
            self.in_a_row = 0;
        }
        let unread = live.waiting.as_ref().map(|message| message.ordinal);
        let mut request = live.at_work_on.map(|at_work| at_work.ordinal).or(unread);
        let refused = match &ended {
            Ok(()) => live.wire.refused_at_end(),
            Err(_) => live.wire.refused(),
        };
        if ended.is_ok() && refused.is_none() && (request.is_none() || live.has_answered()) {
            tracing::debug!(plugin = %self.route.plugin, "the plugin has ended by itself");
            return;
        }
        if request.is_none() && live.input_has_ended && !live.has_answered() {
            // It read to the end before it went about answering.
            request = live.last;
        }
        let failure = match (ended, &refused) {
            (_, Some((fault, _))) => Failure {
                kind: FailureKind::OutputRefused,
                detail: fault.to_string(),
            },
            (Err(failure), None) => failure,
            (Ok(()), None) => Failure {
                kind: FailureKind::Exited(0),
                detail: "it ended before it had answered".to_owned(),
            },
        };
        let report: Report = *self.failed(&failure, request);
        let report = refused.map_or(report, |(_, report)| report);
        // A frame before any message could be taken for the answer of a one-shot one, and the last one has been
        // answered by whoever ends after it.
        if request.is_some() || (live.last.is_some() && !live.input_has_ended) {
            self.report(report, request).await;
        }
    }
}

/// A run and what it is at.
struct Live {
    run: Run,
    wire: Wire,
    lifetime: Lifetime,
    /// The message that the run was started for, until it asks for input.
    waiting: Option<Message>,
    /// The message that it was given, until it waits for the next one or is given that.
    at_work_on: Option<AtWork>,
    /// The last message that it was given.
    last: Option<u64>,
    /// Frames that it had written by then.
    frames_before: u64,
    /// Whether it has come back from a message for the next one.
    has_served: bool,
    input_has_ended: bool,
}

#[derive(Clone, Copy)]
struct AtWork {
    ordinal: u64,
    since: Instant,
    length: usize,
}

impl Live {
    /// Lets the run go on, and gives it what it asks for, until it ends.
    fn poll(
        &mut self,
        desk: &Desk,
        alarms: &Alarms,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Failure>> {
        loop {
            desk.papers().busy = true;
            if let Poll::Ready(ended) = self.run.poll(context) {
                return Poll::Ready(ended);
            }
            if !self.run.wants_input() {
                return Poll::Pending;
            }
            let is_resting = self.run.is_resting();
            desk.papers().busy = !is_resting;
            if is_resting {
                self.note_served();
            }
            if let Some(message) = self.waiting.take() {
                self.give(message);
                continue;
            }
            if self.lifetime == Lifetime::Message && self.last.is_some() {
                self.end_input();
                continue;
            }
            let next = desk.papers().poll_next(alarms, context);
            match next {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Event::Message(message)) => self.give(message),
                Poll::Ready(Event::Close) => self.end_input(),
                Poll::Ready(Event::Connect | Event::Timer(_)) => {}
            }
        }
    }

    fn give(&mut self, message: Message) {
        self.note_served();
        let Message { ordinal, body } = message;
        let length = body.len();
        self.at_work_on = Some(AtWork {
            ordinal,
            since: Instant::now(),
            length,
        });
        self.last = Some(ordinal);
        self.frames_before = self.wire.frames();
        let header = u32::try_from(length).expect("no message is longer than 64 MiB");
        // WebAssembly is little-endian, wherever it runs.
        self.run.give([header.to_le_bytes().to_vec(), body]);
    }

    fn end_input(&mut self) {
        self.note_served();
        self.input_has_ended = true;
        self.run.end_input();
    }

    /// The run has come back for the next message, so the one before it has been served.
    fn note_served(&mut self) {
        let Some(AtWork {
            ordinal,
            since,
            length,
        }) = self.at_work_on.take()
        else {
            return;
        };
        self.has_served = true;
        tracing::debug!(
            request = ordinal,
            plugin = %self.wire.plugin(),
            microseconds = since.elapsed().as_micros(),
            received = length,
            sent = self.wire.frames() - self.frames_before,
            "served"
        );
    }

    /// Whether it has written a frame since it was given its last message.
    fn has_answered(&self) -> bool {
        self.wire.frames() > self.frames_before
    }
}
