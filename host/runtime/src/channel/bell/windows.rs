//! Windows: a number of rings, since a pipe cannot be waited for together with anything else.
//!
//! The threads that read and write, and the handler of console events, ring; the loop listens. Whoever is about to wait
//! asks for the number of rings first and looks at everything then, so no ring is missed.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

static RINGS: Mutex<u64> = Mutex::new(0);
static HEARD: Condvar = Condvar::new();

/// It hangs always.
#[expect(clippy::unnecessary_wraps, reason = "it can fail on the other systems")]
pub(crate) fn hang() -> std::io::Result<()> {
    Ok(())
}

/// How often it has rung.
pub(crate) fn rings() -> u64 {
    *lock()
}

/// Ends every wait.
pub(crate) fn ring() {
    *lock() += 1;
    HEARD.notify_all();
}

/// Waits until it has rung more often than `seen` times, or until the time is over. Returns whether it has rung.
pub(crate) fn wait_past(seen: u64, until: Option<Instant>) -> bool {
    let mut rings = lock();
    while *rings <= seen {
        rings = match until.map(|until| until.saturating_duration_since(Instant::now())) {
            None => HEARD.wait(rings).unwrap_or_else(PoisonError::into_inner),
            Some(Duration::ZERO) => return false,
            Some(left) => {
                HEARD
                    .wait_timeout(rings, left)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
        };
    }
    true
}

fn lock() -> MutexGuard<'static, u64> {
    // No code runs under the lock that could leave the number half-changed.
    RINGS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_before_the_wait_is_heard() {
        let seen = rings();
        ring();
        assert!(wait_past(seen, None));
        let ringing = std::thread::spawn(ring);
        assert!(wait_past(
            seen + 1,
            Some(Instant::now() + Duration::from_secs(20))
        ));
        ringing.join().expect("it rings");
    }

    #[test]
    fn a_wait_has_an_end() {
        assert!(!wait_past(u64::MAX, Some(Instant::now())));
    }
}
