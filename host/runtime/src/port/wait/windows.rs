//! Windows: everything that happens rings a bell.

use std::time::{Duration, Instant};

use crate::channel::{bell, input_is_closed};
use crate::port::Port;
use crate::signals;

impl Port {
    pub(super) fn wait_for_any(
        &mut self,
        wants_input: bool,
        wants_output: bool,
        timeout: Option<Duration>,
    ) {
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            let rings = bell::rings();
            if self.look(wants_input, wants_output) || !bell::wait_past(rings, until) {
                return;
            }
        }
    }

    /// Deals with what has happened, and says whether there was anything to deal with.
    fn look(&mut self, wants_input: bool, wants_output: bool) -> bool {
        let mut output = self.shared.output();
        if output.is_broken() && !output.is_closed() {
            output.close();
            return true;
        }
        let can_write = wants_output && output.can_go_on();
        drop(output);
        if wants_input && self.input.is_ready() {
            self.receive();
            return true;
        }
        // The end is noticed, too, while a plugin is too busy to be given what came before it.
        if !self.ending.has_begun() && (input_is_closed() || signals::ended()) {
            self.ending.begin(&self.shared.alarms);
            return true;
        }
        can_write
    }
}
