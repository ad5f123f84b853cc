//! The most that a case has used of each limit: from what the host has logged about it, and from what it left behind.

use portcullis_core::policy::{Limits, TABLE};
use portcullis_core::protocol::OUTBOUND_LIMIT;
use serde_json::{Map, Value, json};

use super::play::Played;
use super::stage::Stage;
use crate::output::size;
use crate::verbs::logs::line::Line;

/// What an amount counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Microseconds,
    Bytes,
    Pieces,
}

/// How much was used of one limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Amount {
    /// The limit's key in a policy, where it is one of these.
    pub(super) key: &'static str,
    pub(super) used: u64,
    limit: Option<u64>,
    unit: Unit,
}

/// What one case has used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Used {
    /// In the order in which they are shown.
    pub(super) amounts: Vec<Amount>,
    /// Lines of the plugin's that the log did not take.
    pub(super) lines_dropped: u64,
}

impl Used {
    /// Reads the log of a case that has been played.
    pub(super) fn of(stage: &Stage, played: &Played, log: &str) -> Self {
        let limits = stage.limits();
        let told: Vec<Line<'_>> = log.lines().map(Line::read).filter(is_about_usage).collect();
        let most = |field: &str| {
            let amounts = told
                .iter()
                .filter_map(|line| line.field(field)?.parse().ok());
            amounts.max().unwrap_or(0)
        };
        let stored = stage.stored().unwrap_or_default();
        let (sent, came) = played.longest;
        let Limits {
            init,
            cpu_per_call,
            wall_per_call,
            memory,
            storage,
            storage_keys,
            log_rate,
            message_in,
            ..
        } = limits;
        let time = |key, used, limit: std::time::Duration| {
            let limit = u64::try_from(limit.as_micros()).unwrap_or(u64::MAX);
            Amount {
                key,
                used,
                limit: Some(limit),
                unit: Unit::Microseconds,
            }
        };
        let bytes = |key, used, limit| Amount {
            key,
            used,
            limit: Some(limit),
            unit: Unit::Bytes,
        };
        let pieces = |key, used, limit| Amount {
            key,
            used,
            limit,
            unit: Unit::Pieces,
        };
        let table = TABLE;
        Self {
            amounts: vec![
                time(table.init.key, most("init_microseconds"), init.duration()),
                time(
                    table.cpu_per_call.key,
                    most("cpu_microseconds"),
                    cpu_per_call.duration(),
                ),
                time(
                    table.wall_per_call.key,
                    most("wall_microseconds"),
                    wall_per_call.duration(),
                ),
                bytes(table.memory.key, most("memory"), memory.bytes()),
                bytes(table.storage.key, stored.bytes, storage.bytes()),
                pieces(
                    table.storage_keys.key,
                    stored.keys,
                    Some((*storage_keys).into()),
                ),
                bytes(
                    table.log_rate.key,
                    most("log_bytes"),
                    log_rate.bytes_each_second(),
                ),
                bytes(table.message_in.key, sent as u64, message_in.bytes()),
                bytes("message-out", came as u64, OUTBOUND_LIMIT as u64),
                pieces("timers", most("timers"), None),
            ],
            lines_dropped: most("lines_dropped"),
        }
    }

    /// As JSON: for each limit what was used of it and how much there is.
    pub(super) fn as_json(&self) -> Value {
        let mut all = Map::new();
        for amount in &self.amounts {
            let unit = match amount.unit {
                Unit::Microseconds => "microseconds",
                Unit::Bytes => "bytes",
                Unit::Pieces => "pieces",
            };
            let entry = json!({ "used": amount.used, "limit": amount.limit, "unit": unit });
            all.insert(amount.key.to_owned(), entry);
        }
        all.insert("log-lines-dropped".to_owned(), self.lines_dropped.into());
        Value::Object(all)
    }
}

impl Amount {
    /// What was used, with its part of the limit where that is worth a look.
    pub(super) fn shown(&self) -> String {
        let used = self.unit.shown(self.used);
        let part = match self.limit {
            Some(limit) if limit > 0 => u128::from(self.used) * 100 / u128::from(limit),
            _ => 0,
        };
        if part == 0 {
            return used;
        }
        format!("{used} ({part} %)")
    }

    /// The limit itself.
    pub(super) fn limit_shown(&self) -> String {
        self.limit
            .map_or_else(String::new, |limit| self.unit.shown(limit))
    }
}

impl Unit {
    fn shown(self, amount: u64) -> String {
        match self {
            Self::Bytes => size(amount),
            Self::Pieces => amount.to_string(),
            Self::Microseconds => time(amount),
        }
    }
}

/// A time for a person, in the unit in which it has one to three digits before its point.
pub(in crate::verbs) fn time(microseconds: u64) -> String {
    match microseconds {
        0..1_000 => format!("{microseconds} µs"),
        1_000..1_000_000 => tenths(microseconds, 1_000, "ms"),
        _ => tenths(microseconds, 1_000_000, "s"),
    }
}

fn tenths(amount: u64, unit: u64, name: &str) -> String {
    format!("{}.{} {name}", amount / unit, amount % unit * 10 / unit)
}

/// Whether a line is the host's own about what a plugin has used: a plugin's words have a source.
fn is_about_usage(line: &Line<'_>) -> bool {
    line.text == "used" && line.level == "DEBUG" && line.field("source").is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shown_with_their_part_of_the_limit() {
        let amount = |used, limit, unit| Amount {
            key: "k",
            used,
            limit,
            unit,
        };
        for (amount, shown) in [
            (amount(0, Some(100), Unit::Bytes), "0 B"),
            (amount(1 << 20, Some(128 << 20), Unit::Bytes), "1.0 MiB"),
            (
                amount(64 << 20, Some(128 << 20), Unit::Bytes),
                "64.0 MiB (50 %)",
            ),
            (amount(1_500, Some(5_000_000), Unit::Microseconds), "1.5 ms"),
            (
                amount(5_100_000, Some(5_000_000), Unit::Microseconds),
                "5.1 s (102 %)",
            ),
            (amount(999, Some(5_000_000), Unit::Microseconds), "999 µs"),
            (amount(3, None, Unit::Pieces), "3"),
            (
                amount(u64::MAX, Some(u64::MAX), Unit::Pieces),
                "18446744073709551615 (100 %)",
            ),
        ] {
            assert_eq!(amount.shown(), shown);
        }
    }

    #[test]
    fn a_plugin_cannot_tell_what_it_has_used() {
        let host = "2026-11-20T15:49:34.05Z DEBUG port{process=7 origin=a@b}: used plugin=x memory=1114112 timers=0";
        let line = Line::read(host);
        assert!(is_about_usage(&line), "{line:?}");
        assert_eq!(line.field("memory"), Some("1114112"));
        let plugin = r#"2026-11-20T15:49:34.05Z DEBUG port{process=7 origin=a@b}: used memory=1 plugin="x" source="log""#;
        assert!(!is_about_usage(&Line::read(plugin)));
    }
}
