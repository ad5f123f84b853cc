//! How a port ends: what came before the end is served, `disconnect` runs, replies are flushed, all within a second.

use std::task::Waker;
use std::time::{Duration, Instant};

use portcullis_sandbox::alarms::{Alarm, Alarms};

use super::{Port, Service};
use crate::channel::Sent;
use crate::{answer, watchdog};

/// From the end of input to the end of the process. Chromium kills a host after two seconds (`base/process/kill.cc`),
/// Firefox after three.
const GRACE: Duration = Duration::from_secs(1);

/// Whether and since when a port is ending.
#[derive(Default)]
pub(super) struct Ending {
    deadline: Option<(Instant, Alarm)>,
    discards_input: bool,
}

impl Ending {
    /// The port is to end. What has been read is still served. Only the first call counts.
    pub(super) fn begin(&mut self, alarms: &Alarms) {
        if self.deadline.is_none() {
            watchdog::port_has_ended();
            let deadline = Instant::now() + GRACE;
            self.deadline = Some((deadline, alarms.set(deadline, Waker::noop().clone())));
        }
    }

    /// The port is to end, and nothing more is to be served: there is nobody to answer.
    pub(super) fn begin_without_input(&mut self, alarms: &Alarms) {
        self.begin(alarms);
        self.discards_input = true;
    }

    pub(super) fn has_begun(&self) -> bool {
        self.deadline.is_some()
    }

    pub(super) fn discards_input(&self) -> bool {
        self.discards_input
    }

    fn is_overdue(&self) -> bool {
        self.deadline
            .as_ref()
            .is_some_and(|(deadline, _)| Instant::now() >= *deadline)
    }
}

impl Port {
    /// The browser has closed its end, so there is nobody to answer.
    pub(super) fn end_without_output(&mut self) {
        if !self.ending.discards_input() {
            self.held = None;
            self.ending.begin_without_input(&self.shared.alarms);
        }
    }

    /// Whether no frame will be handed to a lane any more.
    pub(super) fn input_is_used_up(&mut self) -> bool {
        if self
            .lanes
            .iter()
            .flatten()
            .any(super::lane::Lane::wants_close)
        {
            self.ending.begin_without_input(&self.shared.alarms);
        }
        self.ending.has_begun()
            && self.held.is_none()
            && ((self.input.has_ended() && !self.more) || self.ending.discards_input())
    }

    pub(super) fn close_lanes(&mut self) {
        for lane in self.lanes.iter_mut().flatten() {
            lane.close();
            lane.run();
        }
    }

    /// Whether everything is done, or the time for it over.
    pub(super) fn has_ended(&mut self) -> bool {
        if !self.ending.has_begun() {
            return false;
        }
        if self.ending.is_overdue() {
            let unfinished = self
                .lanes
                .iter()
                .flatten()
                .filter(|lane| !lane.has_ended())
                .count();
            tracing::warn!(
                unfinished,
                "the port has ended and its second is over: dropped the rest"
            );
            self.lanes
                .iter_mut()
                .flatten()
                .for_each(super::lane::Lane::abandon);
            return true;
        }
        let lanes_ended = self
            .lanes
            .iter()
            .flatten()
            .all(super::lane::Lane::has_ended);
        let input_is_used_up = self.held.is_none()
            && ((self.input.has_ended() && !self.more) || self.ending.discards_input());
        if !(lanes_ended && input_is_used_up) {
            return false;
        }
        self.send_no_reply();
        let mut output = self.shared.output();
        output.flush();
        output.is_empty() || output.is_closed()
    }

    /// Tells an extension that waits for an answer that none will come, once and only where nothing was ever sent.
    pub(super) fn send_no_reply(&mut self) {
        let mut output = self.shared.output();
        let silent = self.first_message.is_some() && output.frames() == 0 && !output.is_closed();
        if silent && !self.no_reply_sent {
            let sent = output.send_report(&answer::no_reply());
            self.no_reply_sent = sent == Sent::Taken;
        }
    }

    /// When a port that has sent nothing must say so; `None` where it has, or where a call is still under way that
    /// will.
    pub(super) fn no_reply_deadline(&self) -> Option<Instant> {
        let first = self.first_message.filter(|_| !self.no_reply_sent)?;
        if self.shared.output().frames() > 0
            || self.lanes.iter().flatten().any(super::lane::Lane::is_busy)
        {
            return None;
        }
        let Service::Routes { routes, .. } = &self.service else {
            return None;
        };
        let patience = routes
            .as_slice()
            .iter()
            .map(|route| route.limits.wall_per_call)
            .max()?;
        first.checked_add(patience.duration())
    }
}
