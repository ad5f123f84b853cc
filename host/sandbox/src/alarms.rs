//! Moments at which a waiting task wants to be woken, for an event loop to look at.
//!
//! A queue instead of an async runtime's timers: the loop that waits for the browser asks for the next moment and
//! passes it to `poll(2)`, so a timer costs no thread and no wake-up of its own, and an idle port has none at all.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// A queue of moments. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Alarms {
    queue: Arc<Mutex<Queue>>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: BTreeMap<(Instant, u64), Waker>,
    next_number: u64,
}

impl Alarms {
    /// The next moment that somebody waits for.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        self.lock().waiting.keys().next().map(|(at, _)| *at)
    }

    /// Wakes whoever waits for `now` or an earlier moment.
    pub fn ring(&self, now: Instant) {
        let due = {
            let mut queue = self.lock();
            let later = queue.waiting.split_off(&(now, u64::MAX));
            std::mem::replace(&mut queue.waiting, later)
        };
        // The lock is released first: a waker may be the caller of `set`.
        for waker in due.into_values() {
            waker.wake();
        }
    }

    /// Has `waker` woken at `at`, unless the alarm is dropped before.
    #[must_use = "an alarm that is dropped does not ring"]
    pub fn set(&self, at: Instant, waker: Waker) -> Alarm {
        let mut queue = self.lock();
        let key = (at, queue.next_number);
        queue.next_number += 1;
        queue.waiting.insert(key, waker);
        Alarm {
            key,
            alarms: self.clone(),
        }
    }

    /// Completes at `at`.
    #[must_use]
    pub fn sleep_until(&self, at: Instant) -> Sleep {
        Sleep {
            at,
            alarms: self.clone(),
            alarm: None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // No code runs under the lock that could leave the queue half-changed.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One alarm that is set. Dropping it takes it back.
#[derive(Debug)]
pub struct Alarm {
    key: (Instant, u64),
    alarms: Alarms,
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.alarms.lock().waiting.remove(&self.key);
    }
}

/// See [`Alarms::sleep_until`].
#[derive(Debug)]
pub struct Sleep {
    at: Instant,
    alarms: Alarms,
    alarm: Option<Alarm>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if Instant::now() >= self.at {
            self.alarm = None;
            return Poll::Ready(());
        }
        let alarm = self.alarms.set(self.at, context.waker().clone());
        self.alarm = Some(alarm);
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Wake;
    use std::time::Duration;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicU32);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn alarms_ring_once_in_their_order_and_not_when_dropped() {
        let alarms = Alarms::default();
        let count = Arc::new(Count::default());
        let now = Instant::now();
        let at = |seconds| now + Duration::from_secs(seconds);
        let _late = alarms.set(at(3), count.clone().into());
        let _soon = alarms.set(at(1), count.clone().into());
        let _same = alarms.set(at(1), count.clone().into());
        drop(alarms.set(at(0), count.clone().into()));
        assert_eq!(alarms.next(), Some(at(1)));
        alarms.ring(at(0));
        assert_eq!(count.0.load(Ordering::Relaxed), 0);
        alarms.ring(at(1));
        assert_eq!(count.0.load(Ordering::Relaxed), 2);
        assert_eq!(alarms.next(), Some(at(3)));
    }

    #[test]
    fn a_sleep_in_the_past_is_over() {
        let alarms = Alarms::default();
        let mut sleep = std::pin::pin!(alarms.sleep_until(Instant::now()));
        let waker = Waker::noop();
        assert_eq!(
            sleep.as_mut().poll(&mut Context::from_waker(waker)),
            Poll::Ready(())
        );
        let mut later = std::pin::pin!(alarms.sleep_until(Instant::now() + Duration::from_secs(9)));
        assert_eq!(
            later.as_mut().poll(&mut Context::from_waker(waker)),
            Poll::Pending
        );
        assert!(alarms.next().is_some());
    }
}
