//! How the loop waits: in one read while nothing is under way, for everything at once otherwise.

use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::Port;
use super::lane::Lane;

impl Port {
    /// Waits until there is something to do, and takes in what the browser has sent.
    pub(super) fn wait(&mut self) {
        let wants_input = self.wants_input();
        let until = self.next_moment();
        let awake = self.lanes.iter().flatten().any(Lane::is_awake);
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
        self.held.is_none() && !self.input.has_ended() && !self.ending.discards_input()
    }

    /// The next moment at which something is due.
    fn next_moment(&self) -> Option<Instant> {
        let alarm = self.shared.alarms.next();
        let no_reply = self.no_reply_deadline();
        alarm.into_iter().chain(no_reply).min()
    }

    fn wait_for_any(&mut self, wants_input: bool, wants_output: bool, timeout: Option<Duration>) {
        // Without an event asked for, the system still tells of a closed end: so the end of input is noticed while a
        // plugin is too busy to be given what came before it, and a closed output while nothing is being sent. What has
        // been noticed once is not watched any more, since it would end every wait at once.
        let stdin = rustix::stdio::stdin();
        let input_events = if wants_input {
            PollFlags::IN
        } else {
            PollFlags::empty()
        };
        let output_events = if wants_output {
            PollFlags::OUT
        } else {
            PollFlags::empty()
        };
        let output = self.shared.output();
        let channel = output.as_fd();
        let watches_input = wants_input || !self.ending.has_begun();
        let watches_output = !output.is_closed();
        let mut watched = Vec::with_capacity(2);
        if watches_input {
            watched.push(PollFd::new(&stdin, input_events));
        }
        if watches_output {
            watched.push(PollFd::new(&channel, output_events));
        }
        let timeout = timeout.map(timespec);
        // An interrupted wait is a wait that is over: whoever calls looks at everything again.
        let ready = poll(&mut watched, timeout.as_ref()).unwrap_or(0) > 0;
        let mut seen = watched.iter().map(PollFd::revents);
        let none = PollFlags::empty();
        let of_input = if watches_input {
            seen.next().unwrap_or(none)
        } else {
            none
        };
        let of_output = if watches_output {
            seen.next().unwrap_or(none)
        } else {
            none
        };
        drop(watched);
        drop(output);
        if !ready {
            return;
        }
        if of_output.intersects(PollFlags::ERR | PollFlags::HUP) {
            self.shared.output().close();
        }
        if wants_input && !of_input.is_empty() {
            self.receive();
        } else if of_input.intersects(PollFlags::HUP | PollFlags::ERR) {
            self.ending.begin(&self.shared.alarms);
        }
    }
}

fn remaining(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now())
}

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(duration.subsec_nanos()),
    }
}
