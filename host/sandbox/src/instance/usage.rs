//! The most that a plugin has used of its limits, for whoever tests it.
//!
//! Only kept where a caller hands a [`Usage`] in; otherwise nothing of this is measured. Where it is, the system's clock
//! of the thread is read at the beginning and the end of each call, so that calls of less than a tick are measured, too,
//! and a call is billed from its first instruction on instead of its first tick.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::clocks::Phase;

/// What all instances of one plugin in a port have used. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    most: Arc<Mutex<Used>>,
}

/// The most of each, over all instances and calls so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Used {
    /// Memories and tables of one instance together, in bytes.
    pub memory: u64,
    /// Processor time of one call.
    pub cpu: Duration,
    /// Time of one call, without what nobody is billed for.
    pub wall: Duration,
    /// Time to start one instance.
    pub init: Duration,
}

impl Usage {
    /// What has been used so far.
    #[must_use]
    pub fn so_far(&self) -> Used {
        *self.lock()
    }

    /// An instance has so many bytes.
    pub(super) fn memory(&self, bytes: u64) {
        let mut most = self.lock();
        most.memory = most.memory.max(bytes);
    }

    /// A call has taken so much.
    pub(super) fn call(&self, phase: Phase, cpu: Duration, wall: Duration) {
        let mut most = self.lock();
        match phase {
            Phase::Start => most.init = most.init.max(wall),
            Phase::Call => {
                most.cpu = most.cpu.max(cpu);
                most.wall = most.wall.max(wall);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Used> {
        // No code runs under the lock that could leave it half-changed.
        self.most.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::thread::sleep;
    use std::time::Instant;

    use portcullis_core::policy::Limits;

    use super::*;
    use crate::instance::clocks::{Allowance, Clocks};

    const SOME: Duration = Duration::from_millis(20);

    #[test]
    fn the_most_of_each_is_kept() {
        let usage = Usage::default();
        let milliseconds = Duration::from_millis;
        for bytes in [5, 7, 3] {
            usage.memory(bytes);
        }
        usage.call(Phase::Start, milliseconds(90), milliseconds(100));
        usage.call(Phase::Call, milliseconds(2), milliseconds(8));
        usage.call(Phase::Call, milliseconds(4), milliseconds(6));
        let expected = Used {
            memory: 7,
            cpu: milliseconds(4),
            wall: milliseconds(8),
            init: milliseconds(100),
        };
        assert_eq!(usage.clone().so_far(), expected);
    }

    #[test]
    fn a_call_tells_what_it_is_billed_for() {
        let usage = Usage::default();
        let clocks = Clocks::new().telling(Some(usage.clone()));
        let allowance = Allowance::for_call(&Limits::default());
        let begun = Instant::now();
        clocks.begin(allowance);
        let told = clocks.told_at_end();
        sleep(SOME);
        let still = clocks.stand_still();
        sleep(SOME);
        drop(still);
        sleep(SOME);
        drop(told);
        let Used {
            wall, cpu, init, ..
        } = usage.so_far();
        assert!(
            wall >= 2 * SOME && wall + SOME <= begun.elapsed(),
            "{wall:?}"
        );
        assert!(cpu <= wall && init.is_zero(), "{cpu:?} {init:?}");
    }

    #[test]
    fn a_rest_is_no_part_of_a_call() {
        let usage = Usage::default();
        let clocks = Clocks::new().telling(Some(usage.clone()));
        let allowance = Allowance::for_call(&Limits::default());
        let begun = Instant::now();
        clocks.begin(allowance);
        let told = clocks.told_at_end();
        sleep(SOME);
        let rest = clocks.rest(allowance);
        let before = usage.so_far().wall;
        assert!(before >= SOME && before <= begun.elapsed(), "{before:?}");
        sleep(SOME);
        // The port ends while it waits for input.
        drop(told);
        assert_eq!(usage.so_far().wall, before);
        drop(rest);
    }
}
