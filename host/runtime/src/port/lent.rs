//! What a port lends to a session: its way to post, its timers, its way to close. And the inbox that they share a lock
//! with.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use portcullis_sandbox::alarms::{Alarm, Alarms};
use portcullis_sandbox::{Port, PostFault, TimerFault};

use super::Shared;
use super::lane::Message;
use crate::channel::{self, Sent};

/// Timers that wait at once, for one plugin.
const TIMER_LIMIT: usize = 64;

/// The longest delay of a timer: no port is expected to live longer.
const DELAY_LIMIT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Messages that wait for one plugin, and their bytes. A plugin that is busy for a moment does not stop the reading
/// for the others; one that is stuck does not fill the memory. One message is always taken, whatever its length.
const INBOX_MESSAGES: usize = 256;
const INBOX_BYTES: usize = 1024 * 1024;

/// What one lane's task and the loop share.
#[derive(Clone)]
pub(super) struct Desk {
    papers: Arc<Mutex<Papers>>,
}

#[derive(Default)]
pub(super) struct Papers {
    messages: VecDeque<Message>,
    bytes: usize,
    timers: BTreeMap<u64, Instant>,
    /// The most of them that have waited at once.
    pub(super) most_timers: usize,
    alarm: Option<(Instant, Alarm)>,
    pub(super) connecting: bool,
    pub(super) closing: bool,
    pub(super) close_requested: bool,
    /// Whether a call is under way.
    pub(super) busy: bool,
    /// Whether this turn of the lane has had its event.
    pub(super) turn_is_used: bool,
    /// Whether the last event was a timer: then a message that waits goes first.
    timer_was_last: bool,
    /// The buffer of the message that was served last.
    pub(super) buffer: Option<Vec<u8>>,
    /// Whether the lane waits for what comes next here.
    is_looked_for: bool,
}

/// What a lane does next.
pub(super) enum Event {
    Connect,
    Message(Message),
    Timer(u64),
    Close,
}

impl Desk {
    pub(super) fn new() -> Self {
        Self {
            papers: Arc::default(),
        }
    }

    pub(super) fn papers(&self) -> MutexGuard<'_, Papers> {
        // No code runs under the lock that could leave the papers half-changed.
        self.papers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Completes with what is to be done next, once in each turn of the lane, so that a plugin whose calls never end
    /// (a timer that sets itself again) leaves the loop its turn. Due timers and messages take turns, so that neither
    /// starves the other, and both go before the close.
    pub(super) async fn next(&self, alarms: &Alarms) -> Event {
        std::future::poll_fn(|context| self.papers().poll_next(alarms, context)).await
    }
}

impl Papers {
    /// Takes a message, or gives it back where too many wait.
    pub(super) fn push(&mut self, message: Message) -> Result<(), Message> {
        let full = self.messages.len() >= INBOX_MESSAGES
            || self.bytes.saturating_add(message.body.len()) > INBOX_BYTES;
        if full && !self.messages.is_empty() {
            return Err(message);
        }
        self.bytes += message.body.len();
        self.messages.push_back(message);
        Ok(())
    }

    /// Whether the lane waits for what comes next here. Whoever asks has the lane look, so it waits no longer.
    pub(super) fn is_looked_for(&mut self) -> bool {
        std::mem::take(&mut self.is_looked_for)
    }

    /// Forgets every timer: the instance that set them is gone.
    pub(super) fn forget_timers(&mut self) {
        self.timers.clear();
        self.alarm = None;
    }

    /// The same as [`Desk::next`], for a lane that waits for something else beside it.
    pub(super) fn poll_next(&mut self, alarms: &Alarms, context: &Context<'_>) -> Poll<Event> {
        if self.turn_is_used {
            // Asked again within one turn: in the next one, if there is anything by then.
            self.is_looked_for = true;
            self.set_alarm(alarms, context.waker());
            if self.connecting || self.closing || !self.messages.is_empty() || self.timer_is_due() {
                context.waker().wake_by_ref();
            }
            return Poll::Pending;
        }
        if let Some(event) = self.take_event() {
            self.turn_is_used = true;
            return Poll::Ready(event);
        }
        self.is_looked_for = true;
        self.set_alarm(alarms, context.waker());
        Poll::Pending
    }

    fn take_event(&mut self) -> Option<Event> {
        if std::mem::take(&mut self.connecting) {
            return Some(Event::Connect);
        }
        let message_first = self.timer_was_last && !self.messages.is_empty();
        if !self.closing
            && !message_first
            && let Some(token) = self.take_due_timer()
        {
            self.timer_was_last = true;
            return Some(Event::Timer(token));
        }
        self.timer_was_last = false;
        if let Some(message) = self.messages.pop_front() {
            self.bytes -= message.body.len();
            return Some(Event::Message(message));
        }
        self.closing.then_some(Event::Close)
    }

    fn timer_is_due(&self) -> bool {
        let now = Instant::now();
        self.timers.values().any(|at| *at <= now)
    }

    /// Takes the timer that is due the longest.
    fn take_due_timer(&mut self) -> Option<u64> {
        let (token, at) = self.timers.iter().min_by_key(|(_, at)| **at)?;
        let (token, at) = (*token, *at);
        (Instant::now() >= at).then(|| {
            self.timers.remove(&token);
            token
        })
    }

    fn set_alarm(&mut self, alarms: &Alarms, waker: &Waker) {
        let next = self.timers.values().min().copied();
        if self.alarm.as_ref().map(|(at, _)| *at) != next {
            self.alarm = next.map(|at| (at, alarms.set(at, waker.clone())));
        }
        // An alarm that has rung is not set any more, and is never asked for again: its timer was taken.
    }
}

/// The port as a session sees it.
pub(super) struct LentPort {
    pub(super) shared: Shared,
    pub(super) desk: Desk,
}

impl Port for LentPort {
    fn poll_post(&mut self, text: &str, context: &mut Context<'_>) -> Poll<Result<(), PostFault>> {
        if let Err(refused) = channel::check(text) {
            return Poll::Ready(Err(PostFault::InvalidJson(refused.to_string())));
        }
        let mut output = self.shared.output();
        match output.send_unchecked(text) {
            Sent::Taken => Poll::Ready(Ok(())),
            Sent::Closed => Poll::Ready(Err(PostFault::Closed)),
            Sent::Full => {
                output.wake_when_ready(context.waker());
                Poll::Pending
            }
        }
    }

    fn close(&mut self) {
        self.desk.papers().close_requested = true;
    }

    fn set_timer(&mut self, delay: Duration, token: u64) -> Result<(), TimerFault> {
        if delay > DELAY_LIMIT {
            return Err(TimerFault::TooLong);
        }
        let mut papers = self.desk.papers();
        if papers.timers.len() >= TIMER_LIMIT && !papers.timers.contains_key(&token) {
            return Err(TimerFault::TooMany);
        }
        papers.timers.insert(token, Instant::now() + delay);
        papers.most_timers = papers.most_timers.max(papers.timers.len());
        Ok(())
    }

    fn cancel_timer(&mut self, token: u64) {
        self.desk.papers().timers.remove(&token);
    }
}
