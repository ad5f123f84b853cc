//! Long messages from the browser, with a short reply: what a message costs until the plugin has it, and the most
//! memory that the host has for it.
//!
//! A process of its own for each, since what was once taken of the system stays taken.

use anyhow::Result;

use crate::components::Component;
use crate::machine::Pinned;
use crate::message::Message;
use crate::modes::{Mode, start};
use crate::port::Port;
use crate::row::{self, Measured, Row, Unit};
use crate::setup::{REFERENCE, Setup};
use crate::statistics::Order;

const MIB: usize = 1024 * 1024;

/// Lengths, and rounds. The middle is one byte over a power of two, as is the first, since a message that just fits
/// comes back.
const SIZES: &[(&str, usize, usize)] = &[
    ("1 MiB", MIB + 1, 20),
    ("16 MiB", 16 * MIB, 10),
    ("64 MiB", 64 * MIB, 9),
];

/// The case that targets are about.
pub(crate) const LONGEST: &str = "64 MiB";

/// How long that message is, in KiB.
pub(crate) const LONGEST_KIB: f64 = 65536.0;

pub(crate) fn measure(setup: &Setup) -> Result<Vec<Row>> {
    let mut subjects = vec![setup.portcullis(Component::BoundedEcho)?];
    subjects.extend(setup.peers().cloned());
    let _pinned = Pinned::new()?;
    let mut rows = Vec::new();
    for &(case, length, rounds) in SIZES {
        let message = Message::of_objects(length);
        let mut order = Order::new();
        let mut measured = vec![Measured::default(); subjects.len()];
        for _ in 0..setup.rounds(rounds) {
            for place in order.shuffled(subjects.len()) {
                let mut port = Port::start(&subjects[place])?;
                // The start is another mode's.
                port.exchange(&Message::of_objects(64))?;
                let measured = &mut measured[place];
                let before = port.process().processor_time()?;
                measured.values.push_time(port.exchange(&message)?);
                let spent = port.process().processor_time()?.saturating_sub(before);
                measured.processor.push_time(spent);
                measured
                    .peak
                    .push(kibibytes(port.process().peak_resident()?));
                port.end()?;
            }
        }
        let named = start::names(&subjects).zip(&measured);
        rows.extend(row::rows(
            Mode::Inbound,
            case,
            Unit::Microseconds,
            REFERENCE,
            named,
        ));
    }
    Ok(rows)
}

/// A size of a process as a value; all of them are far below where a float loses a unit.
#[expect(clippy::cast_precision_loss, reason = "no process has 2^53 KiB")]
pub(crate) fn kibibytes(size: u64) -> f64 {
    size as f64
}
