//! Unix: one `poll(2)` for both ends of the channel and the bell.

use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::channel::bell;
use crate::port::Port;

impl Port {
    pub(super) fn wait_for_any(
        &mut self,
        wants_input: bool,
        wants_output: bool,
        timeout: Option<Duration>,
    ) {
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
        let bell = bell::descriptor();
        let mut watched = Vec::with_capacity(3);
        if watches_input {
            watched.push(PollFd::new(&stdin, input_events));
        }
        if watches_output {
            watched.push(PollFd::new(&channel, output_events));
        }
        if let Some(bell) = &bell {
            watched.push(PollFd::new(bell, PollFlags::IN));
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
        let bell_rang = bell.is_some() && seen.next().unwrap_or(none).contains(PollFlags::IN);
        drop(watched);
        drop(output);
        if bell_rang {
            // Every lane is looked at after this wait.
            bell::silence();
        }
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

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(duration.subsec_nanos()),
    }
}
