//! The two clocks of a call.
//!
//! *Guest processor time* is what the thread has really used while the guest ran, read from the system at each tick
//! and at each turn, so neither waiting in the host nor being preempted is billed. *Wall time* runs around the whole
//! call, because ticks do not fire inside host calls. Both stand still while `post` waits for a browser that does not
//! read: that is not the plugin's time. The two are independent on purpose; each catches what the other cannot see.
//!
//! The one call of a plugin in stdio mode lasts as long as its port, so its clocks are wound again: with each message
//! that it is given, and whenever it goes on after it has rested. It rests while it waits for input with none left to
//! read; no clock runs then, and no alarm is set.
//!
//! A call that ends within its first turn and before the first tick makes no system call for either.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use portcullis_core::policy::Limits;

use super::Usage;
use crate::alarms::{Alarm, Alarms};
use crate::engine;
#[cfg(unix)]
use unix::thread_cpu_time;
#[cfg(windows)]
use windows::thread_cpu_time;

/// What one call may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    pub(super) cpu: Duration,
    pub(super) wall: Duration,
    pub(super) phase: Phase,
}

/// What the call is for: a failure to start has names of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Start,
    Call,
}

impl Allowance {
    pub(super) fn for_start(limits: &Limits) -> Self {
        let init = limits.init.duration();
        Self {
            cpu: init,
            wall: init,
            phase: Phase::Start,
        }
    }

    pub(crate) fn for_call(limits: &Limits) -> Self {
        Self {
            cpu: limits.cpu_per_call.duration(),
            wall: limits.wall_per_call.duration(),
            phase: Phase::Call,
        }
    }
}

/// Why a call was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Stopped {
    #[error("the guest used more processor time than it may")]
    Cpu,
    #[error("the call took more time than it may")]
    Wall,
}

/// The clocks of one store. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Clocks {
    now: Arc<Mutex<Reading>>,
    usage: Option<Usage>,
}

#[derive(Debug)]
struct Reading {
    allowance: Allowance,
    began: Instant,
    cpu_used: Duration,
    /// The thread's processor time when this turn of the guest began; not known in the first turn until its first
    /// tick, which spares the system call where there is none. A call may so use one tick more than its limit.
    turn: Option<Duration>,
    wall_deadline: Instant,
    /// Since when the guest waits for the browser, and in how many ways at once.
    standing: Option<(Instant, u32)>,
    /// In how many ways at once the guest waits for input.
    resting: u32,
    /// Whether a turn has ended while it did: only then has it waited, and not merely asked.
    has_rested: bool,
}

impl Clocks {
    pub(crate) fn new() -> Self {
        Self {
            now: Arc::new(Mutex::new(Reading {
                allowance: Allowance {
                    cpu: Duration::ZERO,
                    wall: Duration::ZERO,
                    phase: Phase::Start,
                },
                began: Instant::now(),
                cpu_used: Duration::ZERO,
                turn: None,
                wall_deadline: Instant::now(),
                standing: None,
                resting: 0,
                has_rested: false,
            })),
            usage: None,
        }
    }

    /// The same, telling what each call has taken.
    pub(super) fn telling(self, usage: Option<Usage>) -> Self {
        Self { usage, ..self }
    }

    /// A call begins.
    pub(super) fn begin(&self, allowance: Allowance) {
        let now = Instant::now();
        *self.lock() = Reading {
            allowance,
            began: now,
            cpu_used: Duration::ZERO,
            turn: self.usage.as_ref().map(|_| thread_cpu_time()),
            wall_deadline: now + allowance.wall,
            standing: None,
            resting: 0,
            has_rested: false,
        };
    }

    /// What counts as a new call begins within the call that is under way.
    pub(crate) fn wind(&self, allowance: Allowance) {
        let mut reading = self.lock();
        self.tell(&reading);
        reading.wind(allowance);
    }

    /// Tells what the call has taken when the value is dropped.
    pub(super) fn told_at_end(&self) -> ToldAtEnd<'_> {
        ToldAtEnd { clocks: self }
    }

    /// Tells what the call has taken so far, if anybody wants to know. What comes after it rests was told before.
    fn tell(&self, reading: &Reading) {
        let Some(usage) = self.usage.as_ref().filter(|_| reading.resting == 0) else {
            return;
        };
        let (now, cpu_now) = (Instant::now(), thread_cpu_time());
        let in_turn = reading.turn.map(|began| cpu_now.saturating_sub(began));
        let standing = reading.standing.map(|(since, _)| now.duration_since(since));
        // The deadline has moved on by what the clocks have stood still before.
        let left = reading.wall_deadline.saturating_duration_since(now);
        let over = now.saturating_duration_since(reading.wall_deadline);
        let wall = (reading.allowance.wall + over).saturating_sub(left);
        usage.call(
            reading.allowance.phase,
            reading.cpu_used + in_turn.unwrap_or_default(),
            wall.saturating_sub(standing.unwrap_or_default()),
        );
    }

    /// What the call that is under way is for.
    pub(super) fn phase(&self) -> Phase {
        self.lock().allowance.phase
    }

    /// When the call began that is under way.
    pub(super) fn call_began(&self) -> Instant {
        self.lock().began
    }

    /// A tick has met the guest running. Fails where its processor time is over.
    pub(super) fn tick(&self) -> Result<(), Stopped> {
        let now = thread_cpu_time();
        let mut reading = self.lock();
        let in_turn = now.saturating_sub(reading.turn.unwrap_or(now));
        reading.turn.get_or_insert(now);
        if reading.cpu_used + in_turn >= reading.allowance.cpu {
            Err(Stopped::Cpu)
        } else {
            Ok(())
        }
    }

    /// The guest waits for the browser, which is nobody's time, until the value is dropped.
    pub(crate) fn stand_still(&self) -> StandStill {
        let mut reading = self.lock();
        let (_, ways) = reading.standing.get_or_insert_with(|| (Instant::now(), 0));
        *ways += 1;
        drop(reading);
        StandStill {
            clocks: self.clone(),
        }
    }

    /// The guest waits for input with none left to read, until the value is dropped. If it has really waited by then,
    /// what it does next counts as a new call with this allowance.
    pub(crate) fn rest(&self, allowance: Allowance) -> Rest {
        let mut reading = self.lock();
        self.tell(&reading);
        reading.resting += 1;
        drop(reading);
        Rest {
            clocks: self.clone(),
            allowance,
        }
    }

    /// Whether the guest waits for input with none left to read.
    pub(crate) fn is_resting(&self) -> bool {
        self.lock().resting > 0
    }

    /// When the call's wall time is over, as far as is known now.
    pub(crate) fn wall_ends(&self) -> Instant {
        self.lock().wall_deadline
    }

    /// A turn of the guest after the first begins.
    fn turn_begins(&self) {
        self.lock().turn = Some(thread_cpu_time());
    }

    /// A turn of the guest is over and the call is not. Returns when its wall time is, if that runs now.
    fn turn_ends(&self) -> Option<Instant> {
        let mut reading = self.lock();
        if let Some(began) = reading.turn.take() {
            reading.cpu_used += thread_cpu_time().saturating_sub(began);
        }
        reading.has_rested |= reading.resting > 0;
        let runs = reading.standing.is_none() && reading.resting == 0;
        runs.then_some(reading.wall_deadline)
    }

    fn lock(&self) -> MutexGuard<'_, Reading> {
        // No code runs under the lock that could leave the reading half-changed.
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reading {
    fn wind(&mut self, allowance: Allowance) {
        self.began = Instant::now();
        self.allowance = allowance;
        self.cpu_used = Duration::ZERO;
        // A turn that is under way is billed from here.
        self.turn = self.turn.map(|_| thread_cpu_time());
        self.wall_deadline = self.began + allowance.wall;
        self.has_rested = false;
    }
}

/// See [`Clocks::told_at_end`].
pub(super) struct ToldAtEnd<'a> {
    clocks: &'a Clocks,
}

impl Drop for ToldAtEnd<'_> {
    fn drop(&mut self) {
        if self.clocks.usage.is_some() {
            self.clocks.tell(&self.clocks.lock());
        }
    }
}

/// See [`Clocks::stand_still`].
pub(crate) struct StandStill {
    clocks: Clocks,
}

impl Drop for StandStill {
    fn drop(&mut self) {
        let mut reading = self.clocks.lock();
        if let Some((since, ways)) = &mut reading.standing {
            *ways -= 1;
            if *ways == 0 {
                let waited = since.elapsed();
                reading.wall_deadline += waited;
                reading.standing = None;
            }
        }
    }
}

/// See [`Clocks::rest`].
pub(crate) struct Rest {
    clocks: Clocks,
    allowance: Allowance,
}

impl Drop for Rest {
    fn drop(&mut self) {
        let mut reading = self.clocks.lock();
        reading.resting -= 1;
        if reading.resting == 0 && reading.has_rested {
            reading.wind(self.allowance);
        }
    }
}

/// Completes when `call` does, or fails when one of the clocks has run out.
pub(super) async fn under_both<R>(
    clocks: &Clocks,
    alarms: &Alarms,
    mut call: Pin<&mut impl Future<Output = wasmtime::Result<R>>>,
) -> wasmtime::Result<R> {
    let mut alarm = None;
    let mut first = true;
    std::future::poll_fn(move |context| {
        let polled = turn(clocks, call.as_mut(), context, &mut first);
        match polled {
            Poll::Ready(result) => Poll::Ready(result),
            Poll::Pending => wait(clocks, alarms, &mut alarm, context),
        }
    })
    .await
}

/// Lets the guest run until it ends or yields.
fn turn<R, F>(
    clocks: &Clocks,
    call: Pin<&mut F>,
    context: &mut Context<'_>,
    first: &mut bool,
) -> Poll<wasmtime::Result<R>>
where
    F: Future<Output = wasmtime::Result<R>>,
{
    if !std::mem::take(first) {
        clocks.turn_begins();
    }
    let _running = engine::running();
    call.poll(context)
}

/// The guest has yielded: sees to it that this task is woken when its wall time is over.
fn wait<R>(
    clocks: &Clocks,
    alarms: &Alarms,
    alarm: &mut Option<(Instant, Alarm)>,
    context: &Context<'_>,
) -> Poll<wasmtime::Result<R>> {
    let Some(deadline) = clocks.turn_ends() else {
        *alarm = None;
        return Poll::Pending;
    };
    if Instant::now() >= deadline {
        return Poll::Ready(Err(Stopped::Wall.into()));
    }
    if alarm.as_ref().is_none_or(|(at, _)| *at != deadline) {
        *alarm = Some((deadline, alarms.set(deadline, context.waker().clone())));
    }
    Poll::Pending
}

#[cfg(test)]
mod tests;
