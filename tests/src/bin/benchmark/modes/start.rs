//! From starting the process to its first reply, as an extension with a single `sendNativeMessage` waits for it.
//!
//! Not pinned to one processor: a browser is not, and a host that compiles on several has a right to them.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::components::Component;
use crate::message::Message;
use crate::modes::Mode;
use crate::peers::Company;
use crate::port::Port;
use crate::row::{self, Measured, Row, Unit};
use crate::setup::{REFERENCE, Setup};
use crate::statistics::Order;
use crate::subject::Subject;

/// The median of two hundred starts moves by about one part in a hundred between runs.
const ROUNDS: usize = 200;

/// Rounds that do not count: files come into memory, and what a host makes at its first start is made.
const WARM_UP: usize = 3;

pub(crate) const CASE: &str = "first reply to `\"ping\"`";

pub(crate) fn measure(setup: &Setup) -> Result<Vec<Row>> {
    let mut subjects = vec![setup.portcullis(Component::Echo)?];
    if setup.company() >= Company::Targets {
        subjects.push(setup.portcullis(Component::QuickJs)?);
        subjects.push(setup.portcullis(Component::Python)?);
    }
    subjects.extend(setup.peers().cloned());
    let measured = starts(&subjects, setup.rounds(ROUNDS))?;
    let named = names(&subjects).zip(&measured);
    Ok(row::rows(
        Mode::Start,
        CASE,
        Unit::Microseconds,
        REFERENCE,
        named,
    ))
}

/// A little longer than the host waits before it keeps anything of a policy that has changed; a person's homes are older.
const SETTLED: Duration = Duration::from_millis(2500);

/// Starts everybody so many times, in a new order each time.
pub(crate) fn starts(subjects: &[Subject], rounds: usize) -> Result<Vec<Measured>> {
    thread::sleep(SETTLED);
    let message = Message::ping();
    let mut order = Order::new();
    let mut measured = vec![Measured::default(); subjects.len()];
    for round in 0..WARM_UP + rounds {
        for place in order.shuffled(subjects.len()) {
            let began = Instant::now();
            let mut port = Port::start(&subjects[place])?;
            port.raw_exchange(&message)?;
            let took = began.elapsed();
            port.check(&message)?;
            if round >= WARM_UP {
                let measured = &mut measured[place];
                measured.values.push_time(took);
                measured
                    .processor
                    .push_time(port.process().processor_time()?);
            }
            port.end()?;
        }
    }
    Ok(measured)
}

pub(crate) fn names(subjects: &[Subject]) -> impl Iterator<Item = &str> {
    subjects.iter().map(|subject| subject.name.as_str())
}
