//! A message and its reply in a port that is open and warm.
//!
//! With browser and host on one processor the host's own work is most of what is measured; left to the system, most of
//! it is one processor waking the other. Both are told.
//!
//! Each row of round trips has a process of its own: where a process happens to lie in memory is worth some percent,
//! and a median over rows is free of it.

use anyhow::Result;

use crate::components::Component;
use crate::machine::Pinned;
use crate::message::Message;
use crate::modes::{Mode, start};
use crate::port::Port;
use crate::row::{self, Measured, Row, Unit};
use crate::setup::{REFERENCE, Setup};
use crate::statistics::Order;
use crate::subject::Subject;

/// Rows of each subject.
const ROWS: usize = 10;

/// Lengths of messages, and how many make a row: as many as take about a tenth of a second in the reference, but for
/// the short ones, of which a thousand tell as much.
const SIZES: &[(&str, usize, usize)] = &[
    ("64 B", 64, 2000),
    ("1 KiB", 1024, 1000),
    ("64 KiB", 64 * 1024, 150),
    ("1 MiB − 1", 1024 * 1024 - 1, 10),
];

pub(crate) fn measure(setup: &Setup) -> Result<Vec<Row>> {
    let mut subjects = vec![setup.portcullis(Component::Echo)?];
    subjects.extend(setup.peers().cloned());
    let mut rows = Vec::new();
    for &(size, length, trips) in SIZES {
        let message = Message::of_objects(length);
        let trips = setup.rounds(trips);
        {
            let _pinned = Pinned::new()?;
            let measured = trip_rows(&subjects, &message, ROWS, trips)?;
            let named = start::names(&subjects).zip(&measured);
            rows.extend(row::rows(
                Mode::Trip,
                &pinned(size),
                Unit::Microseconds,
                REFERENCE,
                named,
            ));
        }
        let measured = trip_rows(&subjects, &message, ROWS, trips)?;
        let named = start::names(&subjects).zip(&measured);
        rows.extend(row::rows(
            Mode::Trip,
            &unpinned(size),
            Unit::Microseconds,
            REFERENCE,
            named,
        ));
    }
    Ok(rows)
}

/// The name of the case on one processor.
pub(crate) fn pinned(size: &str) -> String {
    format!("{size}, on one processor")
}

/// The name of the case on all processors.
pub(crate) fn unpinned(size: &str) -> String {
    format!("{size}, on any processor")
}

/// Rows of so many round trips, of everybody in a new order each time.
pub(crate) fn trip_rows(
    subjects: &[Subject],
    message: &Message,
    rows: usize,
    trips: usize,
) -> Result<Vec<Measured>> {
    let mut order = Order::new();
    let mut measured = vec![Measured::default(); subjects.len()];
    for _ in 0..rows {
        for place in order.shuffled(subjects.len()) {
            let mut port = Port::start(&subjects[place])?;
            for _ in 0..trips.div_ceil(10).max(2) {
                port.exchange(message)?;
            }
            let measured = &mut measured[place];
            let before = port.process().processor_time()?;
            for _ in 0..trips {
                measured.values.push_time(port.exchange(message)?);
            }
            let spent = port.process().processor_time()?.saturating_sub(before);
            measured.processor.push_time(spent / u32::try_from(trips)?);
            port.end()?;
        }
    }
    Ok(measured)
}
