//! All protections on, against the one that a policy can put off: the confinement by the operating system. Limits,
//! clocks and the sandbox itself have no switch.

use anyhow::Result;

use crate::components::Component;
use crate::machine::Pinned;
use crate::message::Message;
use crate::modes::{Mode, start, trip};
use crate::row::{self, Row, Unit};
use crate::setup::{Confinement, Setup};
use crate::subject::Subject;

/// As it is unless a policy says otherwise.
pub(crate) const ON: &str = "portcullis, os = \"best-effort\"";

/// The reference of this mode.
pub(crate) const OFF: &str = "portcullis, os = \"off\"";

/// The case that a target is about.
pub(crate) const TRIP: &str = "64 B, on one processor";

const STARTS: usize = 150;
const ROWS: usize = 20;
const TRIPS: usize = 2000;

pub(crate) fn measure(setup: &Setup) -> Result<Vec<Row>> {
    let subjects = [
        Subject::portcullis(OFF, setup.home(Component::Echo, Confinement::Off)?),
        Subject::portcullis(ON, setup.home(Component::Echo, Confinement::On)?),
    ];
    let measured = start::starts(&subjects, setup.rounds(STARTS))?;
    let named = start::names(&subjects).zip(&measured);
    let mut rows = row::rows(
        Mode::Protections,
        start::CASE,
        Unit::Microseconds,
        OFF,
        named,
    );

    let _pinned = Pinned::new()?;
    let measured = trip::trip_rows(
        &subjects,
        &Message::of_objects(64),
        ROWS,
        setup.rounds(TRIPS),
    )?;
    let named = start::names(&subjects).zip(&measured);
    rows.extend(row::rows(
        Mode::Protections,
        TRIP,
        Unit::Microseconds,
        OFF,
        named,
    ));
    Ok(rows)
}
