//! How often a port is woken when there is nothing to do: each time costs a laptop a little of its battery.

use std::thread;
use std::time::Duration;

use anyhow::Result;

use crate::components::Component;
use crate::message::Message;
use crate::modes::inbound::kibibytes;
use crate::modes::{Mode, start};
use crate::peers::Company;
use crate::port::Port;
use crate::row::{self, Measured, Row, Unit};
use crate::setup::{REFERENCE, Setup};

/// How long nothing is to be done, in every run, since a wake-up each five seconds is one, too.
const IDLE: Duration = Duration::from_secs(10);

/// What a host may still have to do after a reply.
const SETTLING: Duration = Duration::from_secs(1);

pub(crate) const CASE: &str = "after one message";

pub(crate) fn measure(setup: &Setup) -> Result<Vec<Row>> {
    let mut subjects = vec![
        setup.portcullis(Component::Echo)?,
        setup.portcullis(Component::Rust)?,
    ];
    if setup.company() >= Company::Targets {
        subjects.push(setup.portcullis(Component::QuickJs)?);
        subjects.push(setup.portcullis(Component::Python)?);
    }
    subjects.extend(setup.peers().cloned());
    let message = Message::ping();
    // All at the same time: they do not meet.
    let mut open = Vec::new();
    for subject in &subjects {
        let mut port = Port::start(subject)?;
        port.exchange(&message)?;
        open.push(port);
    }
    thread::sleep(SETTLING);
    let counts =
        || -> Result<Vec<u64>> { open.iter().map(|port| port.process().switches()).collect() };
    let before = counts()?;
    thread::sleep(IDLE);
    let after = counts()?;
    let woken = before.iter().zip(&after).map(|(before, after)| {
        let mut measured = Measured::default();
        measured
            .values
            .push(kibibytes(after.saturating_sub(*before)));
        measured
    });
    let measured: Vec<_> = woken.collect();
    open.into_iter().try_for_each(Port::end)?;
    let named = start::names(&subjects).zip(&measured);
    Ok(row::rows(Mode::Idle, CASE, Unit::WakeUps, REFERENCE, named))
}
