//! How the loop waits: in one read while nothing is under way, for everything at once otherwise.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::time::{Duration, Instant};

use super::Port;
use super::lane::Lane;

impl Port {
    /// Waits until there is something to do, and takes in what the browser has sent.
    pub(super) fn wait(&mut self) {
        let wants_input = self.wants_input();
        let until = self.next_moment();
        let awake = self.more || self.lanes.iter().flatten().any(Lane::is_awake);
        let written = self.shared.output().is_empty();
        if wants_input && written && until.is_none() && !awake {
            return self.receive();
        }
        let timeout = if awake {
            Some(Duration::ZERO)
        } else {
            until.map(remaining)
        };
        self.wait_for_any(wants_input, !written, timeout);
        self.shared.alarms.ring(Instant::now());
        if self
            .no_reply_deadline()
            .is_some_and(|at| Instant::now() >= at)
        {
            self.send_no_reply();
        }
    }

    /// Whether a frame that arrives now could be handed on.
    fn wants_input(&self) -> bool {
        self.held.is_none()
            && !self.more
            && !self.input.has_ended()
            && !self.ending.discards_input()
    }

    /// The next moment at which something is due.
    fn next_moment(&self) -> Option<Instant> {
        let alarm = self.shared.alarms.next();
        let no_reply = self.no_reply_deadline();
        alarm.into_iter().chain(no_reply).min()
    }
}

fn remaining(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now())
}
