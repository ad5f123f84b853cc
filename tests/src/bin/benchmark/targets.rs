//! What the host is to reach, as ratios within one run, and whether it does.
//!
//! `must` is what a release has to hold on a quiet machine, `aim` what careful work should get to. A prototype without
//! policy, confinement and logs has shown what is possible.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::components::Component;
use crate::modes::{Mode, growth, idle, inbound, memory, protections, start, trip};
use crate::row::Row;
use crate::setup::OURS;

/// One line of the table.
pub(crate) struct Target {
    /// A short name for files, and the long one for people.
    pub(crate) key: &'static str,
    pub(crate) work: &'static str,
    must: f64,
    aim: f64,
    /// What was measured, where it was.
    measured: fn(&[Row]) -> Option<f64>,
    unit: TargetUnit,
}

enum TargetUnit {
    Ratio,
    Kibibytes,
    WakeUps,
}

/// All of them.
pub(crate) const TARGETS: &[Target] = &[
    Target {
        key: "start",
        work: "start → first reply, `echo` plugin, one route",
        must: 1.3,
        aim: 0.95,
        measured: |rows| ratio(rows, Mode::Start, start::CASE, OURS),
        unit: TargetUnit::Ratio,
    },
    Target {
        key: "start-100-routes",
        work: "the same with 100 routes and plugins in the home, against one",
        must: 1.1,
        aim: 1.02,
        measured: |rows| {
            ratio(
                rows,
                Mode::Routes,
                start::CASE,
                &growth::routes_of_home(100),
            )
        },
        unit: TargetUnit::Ratio,
    },
    Target {
        key: "start-python",
        work: "start → first reply, Python component, against a Python host",
        must: 0.7,
        aim: 0.45,
        measured: |rows| between(rows, Component::Python, "python-echo"),
        unit: TargetUnit::Ratio,
    },
    Target {
        key: "start-quickjs",
        work: "start → first reply, QuickJS component, against a Node.js host",
        must: 0.05,
        aim: 0.03,
        measured: |rows| between(rows, Component::QuickJs, "node-echo"),
        unit: TargetUnit::Ratio,
    },
    Target {
        key: "trip-64-pinned",
        work: "warm round trip of 64 B, browser and host on one processor",
        must: 1.3,
        aim: 1.15,
        measured: |rows| ratio(rows, Mode::Trip, &trip::pinned("64 B"), OURS),
        unit: TargetUnit::Ratio,
    },
    Target {
        key: "trip-64-unpinned",
        work: "the same on any processor",
        must: 1.2,
        aim: 1.05,
        measured: |rows| ratio(rows, Mode::Trip, &trip::unpinned("64 B"), OURS),
        unit: TargetUnit::Ratio,
    },
    Target {
        key: "trip-1-mib",
        work: "round trip of 1 MiB − 1 of small objects, checked outbound",
        must: 2.9,
        aim: 1.9,
        measured: |rows| ratio(rows, Mode::Trip, &trip::pinned("1 MiB − 1"), OURS),
        unit: TargetUnit::Ratio,
    },
    Target {
        key: "inbound-64-mib",
        work: "64 MiB in, short reply",
        must: 1.8,
        aim: 1.3,
        measured: |rows| {
            ratio(
                rows,
                Mode::Inbound,
                inbound::LONGEST,
                Component::BoundedEcho.subject(),
            )
        },
        unit: TargetUnit::Ratio,
    },
    Target {
        key: "inbound-64-mib-peak",
        work: "its peak resident size, against the message (aim: 4 MiB more)",
        must: 2.1,
        aim: 1.0 + 4.0 / 64.0,
        measured: |rows| {
            let row = find(
                rows,
                Mode::Inbound,
                inbound::LONGEST,
                Component::BoundedEcho.subject(),
            )?;
            Some(row.peak? / inbound::LONGEST_KIB)
        },
        unit: TargetUnit::Ratio,
    },
    Target {
        key: "memory-100-ports",
        work: "proportional resident size of each of 100 idle ports",
        must: 600.0,
        aim: 300.0,
        measured: |rows| value(rows, Mode::Memory, &memory::ports(100), OURS),
        unit: TargetUnit::Kibibytes,
    },
    Target {
        key: "idle-wake-ups",
        work: "wake-ups of an idle port in 10 s",
        must: 0.0,
        aim: 0.0,
        measured: |rows| value(rows, Mode::Idle, idle::CASE, OURS),
        unit: TargetUnit::WakeUps,
    },
    Target {
        key: "protections",
        work: "all protections on against off, warm 64 B",
        must: 1.15,
        aim: 1.05,
        measured: |rows| ratio(rows, Mode::Protections, protections::TRIP, protections::ON),
        unit: TargetUnit::Ratio,
    },
];

impl Target {
    /// What these rows say of it; `None` where it was not measured.
    pub(crate) fn measured(&self, rows: &[Row]) -> Option<f64> {
        (self.measured)(rows)
    }

    /// A value of this target for people.
    pub(crate) fn show(&self, value: f64) -> String {
        match self.unit {
            TargetUnit::Ratio if value < 0.1 => format!("{value:.3}"),
            TargetUnit::Ratio => format!("{value:.2}"),
            TargetUnit::Kibibytes => format!("{value:.0} KiB"),
            TargetUnit::WakeUps => format!("{value:.0}"),
        }
    }

    /// In one word, of the value as it is shown: what reads as the bound holds it.
    fn verdict(&self, value: f64) -> &'static str {
        let steps = if value < 0.1 { 1000.0 } else { 100.0 };
        let value = (value * steps).round() / steps;
        if value <= self.aim {
            "aim reached"
        } else if value <= self.must {
            "must held"
        } else {
            "**missed**"
        }
    }
}

/// The table of targets, of those that these rows tell of; empty where that is none.
pub(crate) fn table(rows: &[Row]) -> String {
    let measured: BTreeMap<_, _> = TARGETS
        .iter()
        .filter_map(|target| Some((target.key, target.measured(rows)?)))
        .collect();
    table_of(|key| measured.get(key).copied())
}

/// The same of values by their key.
pub(crate) fn table_of(measured: impl Fn(&str) -> Option<f64>) -> String {
    let mut text = String::new();
    for target in TARGETS {
        let Some(value) = measured(target.key) else {
            continue;
        };
        if text.is_empty() {
            text.push_str("\n| Work | must be ≤ | aim | measured | |\n|---|---:|---:|---:|---|\n");
        }
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            target.work,
            target.show(target.must),
            target.show(target.aim),
            target.show(value),
            target.verdict(value)
        );
    }
    text
}

fn find<'a>(rows: &'a [Row], mode: Mode, case: &str, subject: &str) -> Option<&'a Row> {
    rows.iter()
        .find(|row| row.mode == mode && row.case == case && row.subject == subject)
}

fn ratio(rows: &[Row], mode: Mode, case: &str, subject: &str) -> Option<f64> {
    find(rows, mode, case, subject)?.ratio
}

fn value(rows: &[Row], mode: Mode, case: &str, subject: &str) -> Option<f64> {
    Some(find(rows, mode, case, subject)?.summary.p50)
}

/// The start with a component against the start of a peer.
fn between(rows: &[Row], component: Component, peer: &str) -> Option<f64> {
    let ours = value(rows, Mode::Start, start::CASE, component.subject())?;
    Some(ours / value(rows, Mode::Start, start::CASE, peer)?)
}
