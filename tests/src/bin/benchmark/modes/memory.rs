//! The memory of ports that are open at the same time, after one message each.
//!
//! What counts is the proportional size: a page that ten processes share is a tenth of a page in each. Native code that
//! is mapped from a file is shared, so the hundredth port of an extension costs much less than the first.

use anyhow::Result;

use crate::components::Component;
use crate::message::Message;
use crate::modes::inbound::kibibytes;
use crate::modes::{Mode, start};
use crate::peers::Company;
use crate::port::Port;
use crate::row::{self, Measured, Row, Unit};
use crate::setup::{REFERENCE, Setup};

/// Ports at the same time.
const PORTS: &[usize] = &[1, 10, 100];

pub(crate) fn measure(setup: &Setup) -> Result<Vec<Row>> {
    let mut subjects = vec![setup.portcullis(Component::Echo)?];
    if setup.company() >= Company::All {
        subjects.push(setup.portcullis(Component::QuickJs)?);
        subjects.push(setup.portcullis(Component::Python)?);
    }
    subjects.extend(setup.peers().cloned());
    let message = Message::ping();
    let mut rows = Vec::new();
    for &count in PORTS {
        let mut measured = vec![Measured::default(); subjects.len()];
        for (subject, measured) in subjects.iter().zip(&mut measured) {
            let mut open = Vec::with_capacity(count);
            for _ in 0..count {
                let mut port = Port::start(subject)?;
                port.exchange(&message)?;
                open.push(port);
            }
            for port in &open {
                measured
                    .values
                    .push(kibibytes(port.process().proportional()?));
                measured
                    .peak
                    .push(kibibytes(port.process().peak_resident()?));
            }
            open.into_iter().try_for_each(Port::end)?;
        }
        let named = start::names(&subjects).zip(&measured);
        rows.extend(row::rows(
            Mode::Memory,
            &ports(count),
            Unit::Kibibytes,
            REFERENCE,
            named,
        ));
    }
    Ok(rows)
}

/// The name of the case with so many ports.
pub(crate) fn ports(count: usize) -> String {
    match count {
        1 => "each of 1 port".to_owned(),
        _ => format!("each of {count} ports"),
    }
}
